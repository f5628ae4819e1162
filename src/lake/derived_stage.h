#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/machine_clock.h"
#include "lake/derived_rows.h"
#include "lake/stage.h"
#include "market/derived_table.h"

namespace cryptostream {

// The stage behind a table of windows, one for each table that is made of it: follows its commits and writes a period's row once the period
// is closed; a change upstream makes the rows it touches anew. At any version of the table:
// rows = f(upstream at its position, periods ending at or before `closed`), bit for bit. docs/decisions/0014 says why only closed ones,
// 0020 what `closed/chosen` is.
class DerivedStage final : public StageLogic {
 public:
  DerivedStage(Lake& lake, const DerivedTable& table, const Clock& clock = MachineClock());

  // Version of upstream up to which the table is right and durable; -1 before the first. Thread-safe.
  Version done() const { return done_.load(); }
  // Upstream has a new version. Thread-safe, never blocks.
  void Poke();
  // Asks to go on at once until upstream's newest version is worked in, and, of the chosen rows, to wait for no source that is behind
  // (`close`). Thread-safe.
  void RequestAll(bool close);
  // True when nothing is left of such a request. Thread-safe.
  bool AllDone() const { return !all_requested_; }
  // Asks to make the periods that begin in `range` again, whatever the table says of them. Thread-safe.
  void RequestRecompute(TimeRange range);
  // True when nothing is left of such requests. Thread-safe.
  bool RecomputeDone() const { return !recompute_requested_; }
  // Rows that this object has added, given other figures, taken out. Thread-safe.
  std::int64_t added() const { return added_; }
  std::int64_t changed() const { return changed_; }
  std::int64_t removed() const { return removed_; }

  std::string name() const override { return table_.layout->name; }
  const StagePoints& points() const override;
  Table& table() override { return lake_.derived(table_); }
  const TableLayout& layout() const override { return *table_.layout; }
  Status Load() override;
  Result<std::optional<StageWork>> Next(StopToken stop) override;
  void Committed(Version version) override;
  void SetTrouble(bool) override {}  // nobody hands batches to it

 private:
  using Times = std::map<Name, Timestamp>;  // by source; of chosen rows one, that of kChosen
  Table& upstream() { return lake_.table(*table_.upstream); }
  TableView upstream_view() { return {snapshot_, upstream().root_path()}; }
  bool IsChosen() const { return table_.rows == RowPer::kCoin; }
  bool ChoosesRows() const { return IsChosen() && table_.upstream == &SourcesLayout(); }
  Result<bool> Advance(StopToken stop);
  bool MayReadOn(const StopToken& stop);
  Result<bool> ReadUpstream();
  Status LoadUpstreamClosed();
  Status NoteOrders();
  Status TakeRequests();
  Status MarkNextRange();
  Status MarkCommits(const std::vector<CommitActions>& commits);
  Status MarkLateRows(const DataFile& file);
  Result<bool> CloseMore();
  Result<Timestamp> EndOfStep(Timestamp from, Timestamp to);
  Status MarkRange(TimeRange range);
  Status QueueRange(TimeRange range);
  Status QueueEverything();
  Result<std::optional<StageWork>> Replace();
  StageWork MakeWork(CommitKind kind, std::string operation) const;
  // Whose time decides whether a row of upstream is closed.
  Name ClosedBy(const WindowKey& key) const;
  Times Target() const;
  bool ReachedTarget() const;
  bool EndsADay() const;
  Timestamp SettledOf(const Times& closed, const WindowKey& key) const;
  bool CaughtUp();
  void Wait(StopToken stop, std::chrono::nanoseconds time, bool for_request_only = false);

  Lake& lake_;
  const DerivedTable& table_;
  const Clock& clock_;
  const std::string position_id_;

  Positions positions_;
  Version consumed_ = kNoVersion;
  std::shared_ptr<const Snapshot> snapshot_;       // of upstream at consumed_
  Times upstream_closed_;                          // at consumed_
  Times closed_;                                   // up to where rows are made
  SourceOrders orders_;                            // with those that are not recorded yet
  Positions new_orders_;                           // of these the positions
  std::set<WindowKey> dirty_;                      // rows to be made anew
  std::set<WindowKey> replacing_;                  // those of the work that was returned last
  std::deque<TimeRange> ranges_;                   // still to be looked through, each at most a day; the position waits for them
  bool moves_position_ = false;                    // of the work that was returned last
  std::size_t requests_marked_ = 0;                // of requests_
  bool resync_ = false;                            // everything was marked: the position moves even if no row changes
  std::chrono::steady_clock::time_point heard_{};  // when upstream had its last news
  std::chrono::steady_clock::time_point committed_{};  // when this table had its last commit

  std::atomic<Version> done_{kNoVersion};
  std::atomic<bool> all_requested_{false}, close_requested_{false}, recompute_requested_{false};
  std::atomic<std::int64_t> added_{0}, changed_{0}, removed_{0};
  std::mutex mutex_;
  std::condition_variable_any woken_;
  bool poked_ = false;               // guarded by mutex_
  std::vector<TimeRange> requests_;  // guarded by mutex_; kept until they are worked in
};

}  // namespace cryptostream
