#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/stop.h"
#include "config/config.h"
#include "run/lake_run.h"
#include "run/progress.h"
#include "serve/server.h"
#include "sink/check.h"
#include "sink/sink.h"

namespace cryptostream {

// The sink beside whatever writes the lake, or alone: the same thread, and what it says goes to the server
// and to a person.
class SinkRun {
 public:
  // Starts it where `postgres.url` is set; nullptr: it is not. In: the lake's root, and who shows how it is,
  // or nullptr.
  static std::unique_ptr<SinkRun> Start(const Config& config, const std::string& root, Server* server, bool progress = false);

  // The last commits reach the database too: waits a few seconds, not for a database that is away.
  void Finish();
  // Waits for all that the lake has. Out: whether it is there; false at the first trouble, or when stopped.
  bool CatchUp(StopToken stop);
  std::string trouble() const { return sink_->trouble(); }

 private:
  explicit SinkRun(bool progress) : progress_("postgres", progress) {}

  Progress progress_;
  std::unique_ptr<Sink> sink_;
};

// Ends a lake's run, and then the sink with what that has committed last. In: the sink, or nullptr.
Status StopBoth(LakeRun& run, SinkRun* sink);
// Waits until a sink has what a job has written, and says what is still to come where the database does not
// take it. In: the sink, or nullptr.
void CatchUpSink(SinkRun* sink, StopToken stop);

struct SinkRequest {
  bool exit_when_done = false;  // what the lake has now, then end; else until `stop`
  bool progress = true;
};
// Follows a lake that another process writes. Errors: Invalid (postgres.url is not set, the storage is no
// lake), Unavailable (exit_when_done, and the database did not take all of it).
Status SinkLake(const Config& config, const SinkRequest& request, StopToken stop);
// What `sink check` finds. Errors: Invalid (postgres.url is not set).
Result<std::vector<SinkCheck>> CheckSinkOf(const Config& config, StopToken stop);

}  // namespace cryptostream
