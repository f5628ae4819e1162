#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "source/line_decoder.h"

namespace cryptostream {

// One recording, and how it is played.
struct ReplayPart {
  std::filesystem::path file;  // .jsonl, .gz or .zst (told by the content), "-" for stdin
  ReplayFormat format = ReplayFormat::kMessages;
  std::string source;                    // bronze's column; empty: the format's own
  double speed = 0;                      // 1: as it was recorded; 60: a minute a second; 0: as fast as it goes
  std::chrono::microseconds at_once{0};  // of the recording's start that is played at full speed, so that there is a history
  BarForm bars;                          // of kOhlcvCsv
  bool again = false;                    // take it anew, whatever was taken of it before
};

}  // namespace cryptostream
