// The stages behind gold's windows: hours and days of every source, the chosen rows, and their hours and days. In: upstream's commits. Out:
// appends of periods that were closed, and replacements of those that a change touched; rows are always made whole from upstream at one
// version, never patched, and compared bit by bit with what the table has, so doing it twice changes nothing.
//
// Which rows a commit touches: a period ends before its row is written, so rows of the open one need no mark; `closed` passing
// a period's end marks what upstream has in it, some days at a time, each with its own commit. Rows that lie before (corrections, late
// windows) are found in the commit's files. A file that was vacuumed before it was read marks its whole day, a log that was cleaned up marks
// everything.
//
// A commit without a row is written only every kPositionEvery versions of upstream, so that a restart re-reads little and the log of
// upstream can be cleaned up. Which ranges are looked through is in derived_marks.cc.
#include "lake/derived_stage.h"

#include <arrow/api.h>

#include <algorithm>

#include "base/log.h"
#include "delta/retained_from.h"
#include "market/columns.h"

namespace cryptostream {
namespace {

const StagePoints kRollupPoints{CrashPoint("rollup.after_load"), CrashPoint("rollup.before_commit"),
                                CrashPoint("rollup.after_commit")};
const StagePoints kChosenPoints{CrashPoint("chosen.after_load"), CrashPoint("chosen.before_commit"),
                                CrashPoint("chosen.after_commit")};

constexpr std::chrono::milliseconds kPoll{500};
constexpr std::chrono::seconds kChoosesEvery{1};  // when it is behind
constexpr Version kPositionEvery = 64;
constexpr std::size_t kMaxRowsPerCommit = 100'000;

}  // namespace

DerivedStage::DerivedStage(Lake& lake, const DerivedTable& table, const Clock& clock)
    : lake_(lake),
      table_(table),
      clock_(clock),
      position_id_(RollupPositionId(table.position, lake.table(*table.upstream).id())) {}

const StagePoints& DerivedStage::points() const { return ChoosesRows() ? kChosenPoints : kRollupPoints; }

void DerivedStage::Poke() {
  std::lock_guard lock(mutex_);
  poked_ = true;
  woken_.notify_all();
}

void DerivedStage::RequestAll(bool close) {
  std::lock_guard lock(mutex_);
  if (close) close_requested_ = true;
  all_requested_ = true;
  poked_ = true;
  woken_.notify_all();
}

void DerivedStage::RequestRecompute(TimeRange range) {
  std::lock_guard lock(mutex_);
  requests_.push_back(range);
  recompute_requested_ = true;
  poked_ = true;
  woken_.notify_all();
}

void DerivedStage::Wait(StopToken stop, std::chrono::nanoseconds time, bool for_request_only) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, stop, time, [&] { return for_request_only ? all_requested_ || recompute_requested_ : poked_; });
  poked_ = false;
}

Status DerivedStage::Load() {
  CS_ASSIGN(positions_, table().Txns());
  consumed_ = PositionOr(positions_, position_id_, kNoVersion);
  closed_ = ClosedTimes(positions_);
  snapshot_ = nullptr;
  dirty_.clear();
  replacing_.clear();
  ranges_.clear();
  requests_marked_ = 0;
  resync_ = false;
  done_ = consumed_;
  heard_ = clock_.Steady();
  upstream_closed_.clear();
  if (ChoosesRows()) CS_TRY(NoteOrders());
  return consumed_ == kNoVersion ? Status() : LoadUpstreamClosed();
}

// A changed order holds from where the table ends on.
Status DerivedStage::NoteOrders() {
  orders_ = OrdersOf(positions_);
  new_orders_.clear();
  Timestamp from = FromMicros(PositionOr(positions_, ClosedId(kChosen), 0));
  for (SourceOrders::Record& record : orders_.ChangesTo(lake_.options().order, from)) {
    new_orders_[OrderId(record)] = ToMicros(record.from);
    orders_.Add(std::move(record));
  }
  return {};
}

// Whether there is anything to wait for: a replay hands over much in a second, and each commit costs what many would.
bool DerivedStage::MayReadOn(const StopToken& stop) {
  if (!ChoosesRows() || all_requested_ || recompute_requested_) return true;
  auto left = committed_ + kChoosesEvery - std::chrono::steady_clock::now();
  if (left <= left.zero()) return true;
  Wait(stop, left, true);
  return false;
}

bool DerivedStage::CaughtUp() {
  return consumed_ == upstream().version() && dirty_.empty() && ranges_.empty() && ReachedTarget();
}

// Marks what is to be made next. Out: whether it is worth another look at once.
Result<bool> DerivedStage::Advance(StopToken stop) {
  if (recompute_requested_ && consumed_ != kNoVersion && ranges_.empty()) CS_TRY(TakeRequests());
  while (dirty_.size() < kMaxRowsPerCommit / 2 && !ranges_.empty()) CS_TRY(MarkNextRange());
  if (!dirty_.empty() || !ranges_.empty()) return true;
  CS_ASSIGN(bool closes, CloseMore());
  if (closes) return true;
  if (!MayReadOn(stop)) return false;
  CS_ASSIGN(bool more, ReadUpstream());
  if (more) return true;
  if (all_requested_ && CaughtUp()) all_requested_ = close_requested_ = false;
  if (!recompute_requested_) Wait(stop, kPoll);
  return false;
}

Result<std::optional<StageWork>> DerivedStage::Next(StopToken stop) {
  if (stop.stop_requested()) return std::nullopt;
  if (dirty_.empty()) {
    CS_ASSIGN(bool more, Advance(stop));
    if (!more && dirty_.empty()) return std::nullopt;
  }
  if (!dirty_.empty()) {
    CS_ASSIGN(auto work, Replace());
    if (work || !dirty_.empty()) return work;
  }
  replacing_.clear();
  if (!ranges_.empty() || !ReachedTarget()) return std::nullopt;
  if (!resync_ && !EndsADay() && consumed_ - PositionOr(positions_, position_id_, kNoVersion) < kPositionEvery) {
    done_ = consumed_;
    return std::nullopt;
  }
  moves_position_ = true;
  return MakeWork(CommitKind::kAppend, name() + " position");
}

// Of a source that ended the last day is closed without a row. Those who fold what was chosen of it, and retention, have to know.
bool DerivedStage::EndsADay() const {
  auto now = closed_.find(Name(kChosen));
  auto said = positions_.find(ClosedId(kChosen));
  return ChoosesRows() && now != closed_.end() && said != positions_.end() &&
         DateOf(now->second) > DateOf(FromMicros(said->second));
}

// Makes marked rows anew: those that are not there yet in an append, the others in a commit of replacements, so that a stream
// which skips those still sees each new row once.
Result<std::optional<StageWork>> DerivedStage::Replace() {
  // What is left of days that retention has dropped is not all there was: their rows stay.
  CS_ASSIGN(Positions before, snapshot_->Txns());
  CS_ASSIGN(Positions own, table().Txns());
  Timestamp from = WholeFrom(before, own);
  std::erase_if(dirty_, [&](const WindowKey& key) { return key.start < from; });
  replacing_.clear();
  for (const WindowKey& key : dirty_) {
    if (replacing_.size() == kMaxRowsPerCommit) break;
    replacing_.insert(key);
  }
  moves_position_ = replacing_.size() == dirty_.size() && ranges_.empty();
  std::set<WindowKey> closed = replacing_;
  std::erase_if(closed, [&](const WindowKey& key) { return key.start >= SettledOf(closed_, key); });
  if (table_.upstream == &GoldLayout()) orders_ = OrdersOf(before);
  CS_ASSIGN(WindowRows rows, MakeRows(upstream_view(), {table_, lake_.quotes(), orders_}, closed));
  CS_ASSIGN(Correction correction, PlanReplacement(table().view(), lake_.quotes(), replacing_, rows, table_.rows));
  if (correction.empty()) {
    for (const WindowKey& key : replacing_) dirty_.erase(key);
    replacing_.clear();
    return std::nullopt;
  }
  bool append = !correction.fresh.empty();
  if (append && !correction.removes.empty()) {
    replacing_.clear();  // the replacement still has to come
    moves_position_ = false;
  }
  StageWork work = MakeWork(append ? CommitKind::kAppend : CommitKind::kReplace, name() + (append ? " append" : " correct"));
  if (append) {
    added_ += static_cast<std::int64_t>(correction.fresh.size());
  } else {
    changed_ += correction.changed;
    removed_ += correction.gone;
  }
  CS_ASSIGN(work.commit.rows, GoldColumns(append ? correction.fresh : correction.rewritten, table_.period));
  if (!append) work.commit.removes = std::move(correction.removes);
  return work;
}

// A commit that leaves marked rows behind carries no position: until the last one the table stands where it stood.
StageWork DerivedStage::MakeWork(CommitKind kind, std::string operation) const {
  StageWork work;
  work.commit.kind = kind;
  work.commit.operation = std::move(operation);
  work.commit.positions = new_orders_;  // no row is chosen by an order that the table does not say
  if (!moves_position_) return work;
  work.commit.positions[position_id_] = consumed_;
  for (const auto& [source, time] : closed_) {
    if (time != Timestamp::min()) work.commit.positions[ClosedId(source.str())] = ToMicros(time);
  }
  work.commit.expected = positions_;
  return work;
}

void DerivedStage::Committed(Version) {
  committed_ = std::chrono::steady_clock::now();
  new_orders_.clear();
  for (const WindowKey& key : replacing_) dirty_.erase(key);
  replacing_.clear();
  if (!moves_position_) return;
  auto now = table().Txns();
  if (now) positions_ = *std::move(now);
  resync_ = false;
  if (ReachedTarget()) done_ = consumed_;
}

}  // namespace cryptostream
