#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/stop.h"
#include "lake/engine.h"
#include "lake/lake.h"
#include "lake/marks.h"
#include "maintain/maintainer.h"
#include "serve/server.h"
#include "source/source.h"

namespace cryptostream {

// Opens a lake as its writer; one of an earlier format is upgraded first, and who waits for it sees how far that is.
// Errors: as of OpenUpgraded.
Result<std::unique_ptr<Lake>> OpenForWriting(const LakeOptions& options, StopToken stop);

// One lake at work: opened for writing, the engine running, sources playing into it, each on a thread of its own. Stops in the order of
// the data: sources, then the stages, then the lock is let go.
class LakeRun {
 public:
  // Who takes the rejected messages of a topic; nobody where `topic` is empty.
  struct DeadLetters {
    std::string topic;
    DeadLetterBox send;
  };
  // In: the server that shows what happens, or nullptr. Errors: as of OpenForWriting.
  static Result<std::unique_ptr<LakeRun>> Start(const LakeOptions& options, const Clock& clock, Server* server, StopToken stop,
                                                DeadLetters dead_letters = {});
  ~LakeRun();

  // kExtra: its failure is said and the rest goes on.
  enum class Role { kEssential, kExtra };
  // Plays a source until it ends or this stops; an essential one's error becomes failure(). In: the name under which the server
  // lists what it reports; empty: its own.
  void Play(std::unique_ptr<Source> source, std::string report_as = {}, Role role = Role::kEssential);
  // Runs any other input the same way: `read` pushes batches into engine() until its token stops.
  void PlayInput(std::string name, Role role, std::function<Status(StopToken)> read);
  // True while a source plays.
  bool playing() const { return playing_ > 0; }
  // The error of a source that failed for good, or of a stage.
  std::optional<Error> failure() const;
  // Bronze's positions whose ids begin with `prefix`, without what all app ids begin with ("bronze/topic/3"). Errors: as of the table.
  Result<std::map<std::string, std::int64_t>> PositionsOf(std::string_view prefix);
  // Shows what a source says of itself.
  void Tell(const SourceReport& report);
  // Tells the server how the lake is. Call now and then.
  void ReportState();
  // Waits until all sources ended and everything is worked in, also what came before a source failed. Errors: Cancelled, a failure.
  Status Finish(bool close_windows, StopToken stop);

  // Ends it. What is in hand is committed first. Errors: Unavailable when that could not be written: how many rows of what, and why. The
  // destructor does the same and can only log it. The failure of a source that ended with it.
  Status Stop();

  Lake& lake() { return *lake_; }
  Engine& engine() { return *engine_; }
  // Where marks go in. Call first before any input plays.
  MarkIntake& marks();

 private:
  explicit LakeRun(Server* server) : server_(server) {}
  void Fail(const Error& error);
  Status End();
  Result<std::optional<Timestamp>> Newest(std::string_view source);

  Server* const server_;
  DeadLetters dead_letters_;
  std::unique_ptr<Lake> lake_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<MarkIntake> marks_;
  std::unique_ptr<Maintainer> maintainer_;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;  // guarded by mutex_
  std::atomic<int> playing_{0};
  bool stopped_ = false;
  std::vector<std::jthread> sources_;
};

}  // namespace cryptostream
