#pragma once

#include <chrono>
#include <optional>

#include "base/stop.h"
#include "config/config.h"
#include "source/demo.h"
#include "source/replay.h"

namespace cryptostream {

// The file in a lake's root that says that it holds a recording.
inline constexpr const char* kRecordingMark = "RECORDING";

// What `run` shall play beside what the configuration says.
struct RunOptions {
  bool through_topic = false;              // source -> topic -> tables, both ways in this process
  std::optional<ReplayPart> replay;        // source.kind = replay: this recording instead of a bundled one
  Recording recording = Recording::kBars;  // the bundled one
  double recording_speed = 0;              // of it; 0: its own
};

// The whole path: source -> bronze -> silver -> gold -> page, until `stop`. Errors: what ends it for good.
Status RunPipeline(const Config& config, const RunOptions& options, StopToken stop);

struct ReplayRequest {
  ReplayPart part;
  bool exit_when_done = false;  // close all windows, then end; else wait for `stop` when the input has ended
  bool progress = true;
};
// Plays one recording into the lake, without a server. Errors: Invalid when nothing or little of it was taken; Unavailable when it was stopped
// before the end that it was to reach.
Status ReplayIntoLake(const Config& config, const ReplayRequest& request, StopToken stop);

struct BackfillRequest {
  int days = 1;                                             // how far back, of every coin
  std::chrono::milliseconds wait{std::chrono::minutes(5)};  // how long to keep trying while nothing comes
  bool progress = true;
};
// Fetches past prices into the lake. Errors: Unavailable when it gave up or was stopped before its end.
Status BackfillLake(const Config& config, const BackfillRequest& request, StopToken stop);

// Puts prices on the topic, without a lake: CoinGecko until `stop`, or a recording to its end.
Status ProduceToTopic(const Config& config, const RunOptions& options, StopToken stop);

// source -> topic -> tables -> page in one process, until `stop`.
Status RunThroughTopic(const Config& config, const RunOptions& options, StopToken stop);

struct StreamRequest {
  bool exit_when_done = false;  // read what the topic holds now, close all windows, then end; else until `stop`
};
// Reads the topic into the lake, without a server. Errors: Corrupt, beginning with TOPIC_REPLACED or DATA_LOSS, when the topic does not
// hold what follows bronze's positions.
Status StreamIntoLake(const Config& config, const StreamRequest& request, StopToken stop);

// Serves a lake that another process writes.
Status ServeLake(const Config& config, StopToken stop);

}  // namespace cryptostream
