#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/queue.h"
#include "lake/stage.h"

namespace cryptostream {

using MarkQueue = BoundedQueue<RawBatchPtr, BatchWeight>;

// The stage of marks: rejected bodies to quarantine, then gaps with the position into the gaps table. It knows nothing of bronze.
class MarkStage final : public StageLogic {
 public:
  MarkStage(Lake& lake, MarkQueue& input) : lake_(lake), input_(input) {}

  bool tell_dead_letters = false;                         // set before the stage starts
  std::function<void(std::size_t batches)> on_committed;  // so many more are durable; set before the stage starts

  std::string name() const override { return "marks"; }
  const StagePoints& points() const override;
  Table& table() override { return lake_.gaps(); }
  const TableLayout& layout() const override { return GapsLayout(); }
  Status Load() override;
  Result<std::optional<StageWork>> Next(StopToken stop) override;
  void Committed(Version version) override;
  void SetTrouble(bool) override {}
  bool RejectsInput() const override { return false; }  // the producer did, or its source

 private:
  bool Due(StopToken stop) const;
  Result<std::optional<StageWork>> Prepare();
  void Add(const RawBatch& batch, StageWork& work, std::vector<Gap>& gaps);

  Lake& lake_;
  MarkQueue& input_;
  Positions positions_, quarantined_;  // of the gaps table, of quarantine
  Positions next_;                     // what the work returned last reaches
  std::vector<RawBatchPtr> pending_;   // taken, not yet durable; kept over errors
  std::size_t pending_marks_ = 0;
  std::chrono::steady_clock::time_point first_pending_;
};

// Marks on their way into a lake: a queue and its stage, with a life of their own beside the engine. Push from one thread.
class MarkIntake {
 public:
  // In: as of Stage; with `dead_letters`, rejected bodies are told to them as well.
  MarkIntake(Lake& lake, std::function<void()> committed, std::function<void(const Error&)> fatal, DeadLetterBox dead_letters);
  ~MarkIntake();

  // Where reading of each topic of marks goes on: "<topic identity>/<partition>" -> next offset. Errors: as of the table.
  Result<std::map<std::string, std::int64_t>> TopicPositions();
  // Takes a batch whose position id begins with kMarkPosition; waits for room. False when `stop` was requested.
  bool Push(RawBatch batch, StopToken stop);
  // True when everything pushed is durable.
  bool settled() const { return settled_ >= pushed_; }
  // Empty while the stage works, else what is wrong, in words.
  std::string trouble() const { return stage_.trouble(); }

 private:
  Lake& lake_;
  MarkQueue input_{2 * RawBatch::kFullRows};
  MarkStage logic_;
  std::atomic<std::uint64_t> pushed_{0}, settled_{0};
  Stage stage_;  // last: its thread uses everything above
};

// The position ids of marks, without the prefix that all have.
inline constexpr std::string_view kMarkPosition = "marks/";

}  // namespace cryptostream
