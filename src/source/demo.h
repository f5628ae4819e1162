#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "source/replay.h"

namespace cryptostream {

struct DemoOptions {
  std::filesystem::path data_dir;                              // where the bundled recordings lie
  std::chrono::microseconds at_once{std::chrono::minutes(4)};  // of the trades, so that there is a chart to begin with
  double speed = 1;                                            // of the rest, about seven minutes at 1
};

// The bundled recording as a source: daily snapshots of eight coins at once, then eleven minutes of trades of bitcoin and ethereum, the first part
// at once and the rest as it was recorded. Event times stay as they were: it is a replay and never looks like today. It ends, it does not loop.
// Errors: NotFound when the recordings are not there.
Result<std::unique_ptr<ReplaySource>> OpenDemo(const DemoOptions& options, const Clock& clock, WaitFunction wait = SleepFor);

// Where the bundled recordings are, seen from the running program: installed (share/cryptostream/data) or in the source tree.
// Errors: NotFound, naming the places.
Result<std::filesystem::path> FindDataDir();

}  // namespace cryptostream
