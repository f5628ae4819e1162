// The fourth stage, twice: hours and days. In: gold's commits. Out: appends of periods that were closed, and replacements of those
// that a correction touched; rows are always folded whole from gold at one version, never patched, and compared bit by bit with
// what the table has, so doing it twice changes nothing.
//
// Which periods a commit touches: a period ends before its row is written, so rows of the open one need no mark; `closed` passing
// a period's end marks what gold has in it. Rows that lie before (corrections, late windows) are found in the commit's files. A file that
// was vacuumed before it was read marks its whole day, a log that was cleaned up marks everything.
//
// A commit without a row is written only every kPositionEvery versions of gold, so that a restart re-reads little and the
// log of gold can be cleaned up.
#include "lake/rollup_stage.h"

#include <arrow/api.h>

#include <algorithm>

#include "base/log.h"
#include "delta/bounds.h"
#include "delta/data_file.h"
#include "delta/partition.h"
#include "delta/retained_from.h"
#include "market/columns.h"

namespace cryptostream {
namespace {

const StagePoints kPoints{CrashPoint("rollup.after_load"), CrashPoint("rollup.before_commit"), CrashPoint("rollup.after_commit")};

constexpr std::chrono::milliseconds kPoll{500};
constexpr int kCommitsPerRead = 1'000;
constexpr Version kPositionEvery = 64;
constexpr std::size_t kMaxPeriodsPerCommit = 10'000;
constexpr TimeRange kEver{Timestamp::min(), Timestamp::max()};

}  // namespace

RollupStage::RollupStage(Lake& lake, const RollupTable& rollup)
    : lake_(lake), rollup_(rollup), position_id_(RollupPositionId(rollup.layout->name, lake.gold().id())) {}

const StagePoints& RollupStage::points() const { return kPoints; }

void RollupStage::Poke() {
  std::lock_guard lock(mutex_);
  poked_ = true;
  woken_.notify_all();
}

void RollupStage::RequestRecompute(TimeRange range) {
  std::lock_guard lock(mutex_);
  requests_.push_back(range);
  recompute_requested_ = true;
  poked_ = true;
  woken_.notify_all();
}

void RollupStage::Wait(StopToken stop) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, stop, kPoll, [&] { return poked_; });
  poked_ = false;
}

Status RollupStage::Load() {
  CS_ASSIGN(positions_, table().Txns());
  consumed_ = PositionOr(positions_, position_id_, kNoVersion);
  closed_ = ClosedTimes(positions_);
  gold_ = nullptr;
  dirty_.clear();
  requests_marked_ = 0;
  resync_ = false;
  done_ = consumed_;
  return {};
}

// Per source the end of its last closed period: rows before it are in the table.
RollupStage::Times RollupStage::Settled() const {
  Times settled;
  for (const auto& [source, time] : closed_) settled[source] = PeriodStart(time, rollup_.period);
  return settled;
}

Timestamp RollupStage::SettledOf(const Times& settled, Name source) const {
  auto found = settled.find(source);
  return found == settled.end() ? Timestamp::min() : found->second;
}

// Takes gold's next commits and marks what they touch. Out: whether there were any.
Result<bool> RollupStage::ReadGold() {
  auto newest = lake_.gold().snapshot();
  if (newest->version() <= consumed_) return false;
  if (consumed_ == kNoVersion) {
    gold_ = newest;
    CS_TRY(MarkEverything());
    return true;
  }
  auto commits = lake_.gold().CommitsAfter(consumed_, kCommitsPerRead);
  if (!commits && commits.error().kind == ErrorKind::kNotFound) {
    LogWarn("gold's log was cleaned up before {} read it, all of its periods are checked: consumed={}", name(), consumed_);
    gold_ = newest;
    resync_ = true;
    CS_TRY(MarkEverything());
    return true;
  }
  if (!commits) return std::unexpected(commits.error());
  std::erase_if(*commits, [&](const CommitActions& commit) { return commit.version > newest->version(); });
  if (commits->empty()) return false;
  Version last = commits->back().version;
  gold_ = newest;
  if (last != newest->version()) {
    CS_ASSIGN(gold_, lake_.gold().SnapshotWithRowsOf(last));
  }
  CS_TRY(MarkCommits(*commits));
  consumed_ = last;
  return true;
}

Status RollupStage::MarkCommits(const std::vector<CommitActions>& commits) {
  const Times before = Settled();
  for (const CommitActions& commit : commits) {
    for (const auto& [source, time] : ClosedTimes(commit.txns)) closed_[source] = time;
  }
  for (const CommitActions& commit : commits) {
    for (const DataFile& file : commit.adds) CS_TRY(MarkLateRows(file, before));
    if (IsRetention(commit)) continue;  // rows that are only old: what was made of them stays
    for (const DataFile& file : commit.removes) CS_TRY(MarkLateRows(file, before));
  }
  return MarkClosed(before, Settled());
}

Status RollupStage::MarkLateRows(const DataFile& file, const Times& settled) {
  Timestamp latest = Timestamp::min();
  for (const auto& [source, time] : settled) latest = std::max(latest, time);
  auto bounds = TimeBoundsOf(file.stats_json, "window.start");
  if (bounds && bounds->min >= latest) return {};
  auto columns = ReadDataFile(lake_.gold().root_path(), file, KeySchema(GoldLayout()));
  if (!columns && columns.error().kind == ErrorKind::kNotFound) {
    auto day = PartitionDay(file);
    return day ? MarkRange({Timestamp(*day), Timestamp(*day) + std::chrono::days(1)}) : MarkEverything();
  }
  if (!columns) return std::unexpected(columns.error());
  CS_ASSIGN(std::vector<WindowKey> keys, GoldKeys(**columns, lake_.quotes()));
  for (const WindowKey& key : keys) {
    if (key.start < SettledOf(settled, key.source)) dirty_.insert(PeriodKey(key, rollup_.period));
  }
  return {};
}

// Marks the periods of gold that were closed between two states.
Status RollupStage::MarkClosed(const Times& from, const Times& to) {
  TimeRange all{Timestamp::max(), Timestamp::min()};
  for (const auto& [source, end] : to) {
    Timestamp begin = SettledOf(from, source);
    if (begin < end) all = {std::min(all.from, begin), std::max(all.to, end)};
  }
  if (all.from >= all.to) return {};
  return VisitKeys(TableView{gold_, lake_.gold().root_path()}, lake_.quotes(), all, [&](const WindowKey& key) {
    if (key.start >= SettledOf(from, key.source) && key.start < SettledOf(to, key.source)) {
      dirty_.insert(PeriodKey(key, rollup_.period));
    }
  });
}

// Marks the closed periods that begin in `range`: those that gold has rows of, and those that the table has.
Status RollupStage::MarkRange(TimeRange range) {
  const Times settled = Settled();
  CS_TRY(VisitKeys(TableView{gold_, lake_.gold().root_path()}, lake_.quotes(), range, [&](const WindowKey& key) {
    if (key.start < SettledOf(settled, key.source)) dirty_.insert(PeriodKey(key, rollup_.period));
  }));
  return VisitKeys(table().view(), lake_.quotes(), range, [&](const WindowKey& key) { dirty_.insert(key); });
}

Status RollupStage::MarkEverything() {
  CS_ASSIGN(Positions positions, gold_->Txns());
  closed_ = ClosedTimes(positions);
  consumed_ = gold_->version();
  return MarkRange(kEver);
}

// Marks what was asked for. Requests are forgotten only when what they marked is durable, so an error in between loses none.
Status RollupStage::TakeRequests() {
  std::vector<TimeRange> fresh;
  {
    std::lock_guard lock(mutex_);
    if (requests_marked_ == requests_.size()) {
      requests_.clear();
      requests_marked_ = 0;
      recompute_requested_ = false;
      return {};
    }
    fresh.assign(requests_.begin() + static_cast<std::ptrdiff_t>(requests_marked_), requests_.end());
  }
  if (!gold_) {
    auto read = lake_.gold().SnapshotWithRowsOf(consumed_);
    if (!read && read.error().kind != ErrorKind::kNotFound) return std::unexpected(read.error());
    if (!read) {  // the log was cut: the newest version has to do, and all of its periods are checked
      gold_ = lake_.gold().snapshot();
      resync_ = true;
      requests_marked_ += fresh.size();
      return MarkEverything();
    }
    gold_ = *std::move(read);
  }
  for (const TimeRange& range : fresh) {
    Timestamp last = PeriodStart(range.to - std::chrono::microseconds(1), rollup_.period);
    CS_TRY(MarkRange({PeriodStart(range.from, rollup_.period), last + rollup_.period}));
  }
  requests_marked_ += fresh.size();
  return {};
}

Result<std::optional<StageWork>> RollupStage::Next(StopToken stop) {
  if (stop.stop_requested()) return std::nullopt;
  if (dirty_.empty()) {
    if (recompute_requested_ && consumed_ != kNoVersion) CS_TRY(TakeRequests());
    CS_ASSIGN(bool more, ReadGold());
    if (!more && dirty_.empty()) {
      Wait(stop);
      return std::nullopt;
    }
  }
  if (!dirty_.empty()) {
    CS_ASSIGN(auto work, Replace());
    if (work || !dirty_.empty()) return work;
  }
  replacing_.clear();
  if (!resync_ && consumed_ - PositionOr(positions_, position_id_, kNoVersion) < kPositionEvery) {
    done_ = consumed_;
    return std::nullopt;
  }
  StageWork work = MakeWork(CommitKind::kAppend, name() + " position");
  moves_position_ = true;
  return work;
}

// Makes marked periods anew: those without a row yet in an append, the others in a commit of replacements, so that a stream
// which skips those still sees each new period once.
Result<std::optional<StageWork>> RollupStage::Replace() {
  // What is left of days that retention has dropped is not all there was: their periods stay.
  CS_ASSIGN(Positions gold, gold_->Txns());
  CS_ASSIGN(Positions own, table().Txns());
  Timestamp from = WholeFrom(gold, own);
  std::erase_if(dirty_, [&](const WindowKey& key) { return key.start < from; });
  replacing_.clear();
  for (const WindowKey& key : dirty_) {
    if (replacing_.size() == kMaxPeriodsPerCommit) break;
    replacing_.insert(key);
  }
  moves_position_ = replacing_.size() == dirty_.size();
  std::set<WindowKey> closed = replacing_;
  const Times settled = Settled();
  std::erase_if(closed, [&](const WindowKey& key) { return key.start >= SettledOf(settled, key.source); });
  CS_ASSIGN(WindowRows rows, FoldPeriods(TableView{gold_, lake_.gold().root_path()}, lake_.quotes(), closed, rollup_.period));
  CS_ASSIGN(Correction correction, PlanReplacement(table().view(), lake_.quotes(), replacing_, rows));
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
  CS_ASSIGN(work.commit.rows, GoldColumns(append ? correction.fresh : correction.rewritten, rollup_.period));
  if (!append) work.commit.removes = std::move(correction.removes);
  return work;
}

// A commit that leaves marked periods behind carries no position: until the last one the table stands where it stood.
StageWork RollupStage::MakeWork(CommitKind kind, std::string operation) const {
  StageWork work;
  work.commit.kind = kind;
  work.commit.operation = std::move(operation);
  if (!moves_position_) return work;
  work.commit.positions[position_id_] = consumed_;
  for (const auto& [source, time] : closed_) {
    if (time != Timestamp::min()) work.commit.positions[ClosedId(source.str())] = ToMicros(time);
  }
  work.commit.expected = positions_;
  return work;
}

void RollupStage::Committed(Version) {
  for (const WindowKey& key : replacing_) dirty_.erase(key);
  replacing_.clear();
  if (!moves_position_) return;
  auto now = table().Txns();
  if (now) positions_ = *std::move(now);
  resync_ = false;
  done_ = consumed_;
}

}  // namespace cryptostream
