#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>

#include "source/replay.h"

namespace cryptostream {

// The bundled recordings (data/README.md tells their origin).
enum class Recording {
  kBars,  // eight days of one-minute bars of seven coins: all but the last six hours at once, these 30 times as fast as they were
  kTrades,  // daily snapshots of eight coins at once, then eleven minutes of trades of two: four minutes at once, the rest as recorded
};
// "bars" or "trades". Errors: Invalid, naming both.
Result<Recording> ParseRecording(std::string_view name);

struct DemoOptions {
  std::filesystem::path data_dir;  // where the bundled recordings lie
  Recording recording = Recording::kBars;
  double speed = 0;  // of what is not played at once; 0: the recording's own
};

// A bundled recording as a source. Event times stay as they were: it is a replay and never looks like today. It ends, it does not loop.
// Errors: NotFound when the recordings are not there.
Result<std::unique_ptr<ReplaySource>> OpenDemo(const DemoOptions& options, const Clock& clock, WaitFunction wait = SleepFor);

// Where the bundled recordings are, seen from the running program: installed (share/cryptostream/data) or in the source tree.
// Errors: NotFound, naming the places.
Result<std::filesystem::path> FindDataDir();

}  // namespace cryptostream
