#pragma once

#include <optional>

#include "base/stop.h"
#include "config.h"
#include "source/replay.h"

namespace cryptostream {

// What `run` shall play beside what the configuration says.
struct RunOptions {
  std::optional<ReplayPart> replay;  // source.kind = replay: this recording instead of the bundled one
};

// The whole path: source -> bronze -> silver -> gold -> page, until `stop`. Errors: what ends it for good.
Status RunPipeline(const Config& config, const RunOptions& options, StopToken stop);

struct ReplayRequest {
  ReplayPart part;
  bool exit_when_done = false;  // close all windows, then end; else wait for `stop` when the input has ended
  bool progress = true;
};
// Plays one recording into the lake, without a server.
Status ReplayIntoLake(const Config& config, const ReplayRequest& request, StopToken stop);

// Fetches the last `days` of every coin into the lake.
Status BackfillLake(const Config& config, int days, bool progress, StopToken stop);

// Serves a lake that another process writes.
Status ServeLake(const Config& config, StopToken stop);

}  // namespace cryptostream
