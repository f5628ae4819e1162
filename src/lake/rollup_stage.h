#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "lake/rollup_rows.h"
#include "lake/stage.h"
#include "market/rollup.h"

namespace cryptostream {

// The stage behind gold, one for each rollup table: follows gold's commits and writes a period's row once `closed/<source>` has
// reached the period's end; a correction in gold makes the periods it touches anew. At any version of the table:
// rollup = f(gold at its position, periods ending at or before `closed`), bit for bit. docs/decisions/0014 says why only closed ones.
class RollupStage final : public StageLogic {
 public:
  RollupStage(Lake& lake, const RollupTable& rollup);

  // Gold version up to which the table is right and durable; -1 before the first. Thread-safe.
  Version done() const { return done_.load(); }
  // Gold has a new version. Thread-safe, never blocks.
  void Poke();
  // Asks to fold the periods that begin in `range` again, whatever the table says of them. Thread-safe.
  void RequestRecompute(TimeRange range);
  // True when nothing is left of such requests. Thread-safe.
  bool RecomputeDone() const { return !recompute_requested_; }
  // Rows that this object has added, given other figures, taken out. Thread-safe.
  std::int64_t added() const { return added_; }
  std::int64_t changed() const { return changed_; }
  std::int64_t removed() const { return removed_; }

  std::string name() const override { return rollup_.layout->name; }
  const StagePoints& points() const override;
  Table& table() override { return lake_.rollup(rollup_); }
  const TableLayout& layout() const override { return *rollup_.layout; }
  Status Load() override;
  Result<std::optional<StageWork>> Next(StopToken stop) override;
  void Committed(Version version) override;
  void SetTrouble(bool) override {}  // nobody hands batches to it

 private:
  using Times = std::map<Name, Timestamp>;  // by source
  Result<bool> ReadGold();
  Status TakeRequests();
  Status MarkCommits(const std::vector<CommitActions>& commits);
  Status MarkLateRows(const DataFile& file, const Times& settled);
  Status MarkClosed(const Times& from, const Times& to);
  Status MarkRange(TimeRange range);
  Status MarkEverything();
  Result<std::optional<StageWork>> Replace();
  StageWork MakeWork(CommitKind kind, std::string operation) const;
  Timestamp SettledOf(const Times& settled, Name source) const;
  Times Settled() const;
  void Wait(StopToken stop);

  Lake& lake_;
  const RollupTable& rollup_;
  const std::string position_id_;

  Positions positions_;
  Version consumed_ = kNoVersion;
  std::shared_ptr<const Snapshot> gold_;  // at consumed_
  Times closed_;                          // of gold at consumed_
  std::set<WindowKey> dirty_;             // periods to be made anew
  std::set<WindowKey> replacing_;         // those of the work that was returned last
  bool moves_position_ = false;           // of the work that was returned last
  std::size_t requests_marked_ = 0;       // of requests_
  bool resync_ = false;                   // everything was marked: the position moves even if no row changes

  std::atomic<Version> done_{kNoVersion};
  std::atomic<bool> recompute_requested_{false};
  std::atomic<std::int64_t> added_{0}, changed_{0}, removed_{0};
  std::mutex mutex_;
  std::condition_variable_any woken_;
  bool poked_ = false;               // guarded by mutex_
  std::vector<TimeRange> requests_;  // guarded by mutex_; kept until they are worked in
};

}  // namespace cryptostream
