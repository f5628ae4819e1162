#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/crash_point.h"
#include "base/stop.h"
#include "lake/commit_once.h"
#include "lake/lake.h"
#include "market/raw_batch.h"

namespace cryptostream {

// One batch of a stage, worked out but not yet durable.
struct StageWork {
  std::vector<Reject> rejects;  // written to quarantine first, with reject_positions
  Positions reject_positions;
  std::vector<DeadLetter> dead_letters;  // told to whoever wants them after quarantine has its rows, before the commit
  std::vector<Gap> gaps;                 // written to the gaps table first, with gap_positions
  Positions gap_positions;
  CommitPlan commit;
};

// A rejection as the dead letters tell it.
inline DeadLetter LetterOf(const Reject& reject) {
  return {reject.source, reject.topic, reject.partition, reject.offset, reject.stage, reject.reason, reject.key, reject.value};
}

// Takes rejected messages of a topic and returns when they are safe there. Called again, also for the same ones, when it failed. Errors:
// Unavailable; Cancelled, when `stop` was requested.
using DeadLetterBox = std::function<Status(const std::vector<DeadLetter>&, StopToken stop)>;

// Where a test can end the process on one stage's way.
struct StagePoints {
  CrashPoint after_load, before_commit, after_commit;
};

// What a stage does with its input; the loop around it is Stage. All calls come from the stage's own thread.
class StageLogic {
 public:
  virtual ~StageLogic() = default;
  virtual std::string name() const = 0;
  virtual const StagePoints& points() const = 0;
  virtual Table& table() = 0;
  virtual const TableLayout& layout() const = 0;
  // Reads its positions from its own table and rebuilds its state from the tables. Called at the start and after every
  // error: whatever was in memory is forgotten.
  virtual Status Load() = 0;
  // Waits a moment for input and works it out. nullopt: nothing to commit now.
  virtual Result<std::optional<StageWork>> Next(StopToken stop) = 0;
  // The work returned last is durable in `version`.
  virtual void Committed(Version version) = 0;
  // The stage is in trouble (true) or well again (false): whoever hands batches to it must not wait for it meanwhile.
  virtual void SetTrouble(bool trouble) = 0;
  // Whether what it rejects was input of this run (Tally); false where others rejected it before.
  virtual bool RejectsInput() const { return true; }
};

// The one exactly-once loop, the same for all stages: load the positions, take the next input, write what it
// rejects, commit its rows with the new positions, hand on. Life: Start() makes the thread, the destructor ends it; work in
// hand is finished before it stops. An error that may pass (disk full, store away) is said once and retried with growing
// pauses from a fresh load, a panic in a library three times in a row; one that does not (fenced, corrupt) ends the stage and calls `fatal`.
class Stage {
 public:
  // `committed` is called after each commit, `fatal` once, `dead_letters` (may be empty) before a commit that leaves some out.
  Stage(Lake& lake, StageLogic& logic, std::function<void()> committed, std::function<void(const Error&)> fatal,
        DeadLetterBox dead_letters = {});
  ~Stage();
  void Start();
  // Asks the stage to end and waits for it.
  void Stop();
  // Empty while the stage works, else what is wrong, in words.
  std::string trouble() const;

 private:
  void Run(StopToken stop);
  Status Session(StopToken stop);
  Status MakeDurable(StageWork& work, Version* version, StopToken stop);
  void SetTrouble(std::string what);

  Lake& lake_;
  StageLogic& logic_;
  const std::function<void()> committed_;
  const std::function<void(const Error&)> fatal_;
  const DeadLetterBox dead_letters_;
  mutable std::mutex mutex_;
  std::string trouble_;           // guarded by mutex_
  bool progressed_ = false;       // since the last error; of the stage's own thread
  bool commit_failed_ = false;    // the last commit that was tried; of the stage's own thread
  Version checked_ = kNoVersion;  // of its table: who else wrote is known up to here; likewise
  std::jthread thread_;           // last: ends before what it uses
};

// Waits until `done` says so, looking now and then. Errors: Cancelled, when `stop` was requested; what `fatal` gives.
Status AwaitWorkedIn(const std::function<bool()>& done, const std::function<std::optional<Error>()>& fatal, StopToken stop);

}  // namespace cryptostream
