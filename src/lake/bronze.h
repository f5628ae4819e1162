#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/queue.h"
#include "lake/handoff.h"
#include "lake/stage.h"
#include "market/columns.h"

namespace cryptostream {

// A batch on its way in, with the number under which the live view knows it.
struct IncomingBatch {
  std::uint64_t number = 0;
  RawBatchPtr batch;
};

struct IncomingWeight {
  std::size_t operator()(const IncomingBatch& incoming) const { return incoming.batch->weight(); }
};
using IncomingQueue = BoundedQueue<IncomingBatch, IncomingWeight>;

// Bronze rows of one committed version, in the order in which a reader of the table finds them.
using BronzeBatchList = std::vector<RawBatchPtr>;
using BronzeHandoff = Handoff<BronzeBatchList>;

// The first stage: messages as they came, durable at once after a quiet second and at most a second later in a stream. It is the log of the whole system, so it refuses only what
// a string column cannot hold (not UTF-8, too large) and never looks at what a message means.
class BronzeStage final : public StageLogic {
 public:
  BronzeStage(Lake& lake, IncomingQueue& input, BronzeHandoff& output);

  // Called after each commit with the highest batch number in it. Set before the stage starts.
  std::function<void(std::uint64_t through, Version version)> on_committed;
  // The topic whose rejects are told to the dead letters; empty: none. Set before the stage starts.
  std::string dead_letter_topic;

  // What it took, or was given, and could not write. Requires: the stage has ended and its input is closed.
  std::vector<RawBatchPtr> TakeUnwritten();

  std::string name() const override { return "bronze"; }
  const StagePoints& points() const override;
  Table& table() override { return lake_.bronze(); }
  const TableLayout& layout() const override { return BronzeLayout(); }
  Status Load() override;
  Result<std::optional<StageWork>> Next(StopToken stop) override;
  void Committed(Version version) override;
  void SetTrouble(bool) override {}

 private:
  std::chrono::steady_clock::duration UntilDue(StopToken stop) const;
  std::chrono::steady_clock::duration GatherTime() const;
  void Take(IncomingBatch incoming);
  Result<std::optional<StageWork>> Prepare();
  void Settle(Version version);
  std::int64_t Reached(const RawBatch& batch) const;
  RawBatchPtr OnlyNew(const RawBatchPtr& batch, StageWork& work) const;
  void AddSideRows(const RawBatch& batch, StageWork& work) const;

  Lake& lake_;
  IncomingQueue& input_;
  BronzeHandoff& output_;

  Positions positions_;                 // of the bronze table
  Positions side_positions_;            // of quarantine and gaps, for what bronze sent there
  std::vector<IncomingBatch> pending_;  // taken, not yet durable; kept over errors
  std::size_t pending_bytes_ = 0;
  std::chrono::steady_clock::time_point first_pending_;
  std::optional<std::chrono::steady_clock::time_point> last_arrival_;
  std::chrono::steady_clock::duration gather_{};  // from first_pending_ on
  std::chrono::steady_clock::time_point prepared_at_{};
  std::chrono::steady_clock::duration last_commit_took_{};
  std::size_t pending_rows_ = 0;
  DatedBatches committing_;  // what the work returned last holds
  Positions committing_positions_;
};

}  // namespace cryptostream
