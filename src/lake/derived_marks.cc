// Which rows of a derived table have to be made (anew): the marking half of its stage. In: upstream's commits, its closed times, requests.
// Out: marks, of one step at a time, so that memory holds the keys of some days however long the table before it is.
#include <arrow/api.h>

#include <algorithm>

#include "base/log.h"
#include "delta/bounds.h"
#include "delta/data_file.h"
#include "delta/partition.h"
#include "delta/retained_from.h"
#include "lake/derived_stage.h"
#include "market/columns.h"

namespace cryptostream {
namespace {

constexpr int kCommitsPerRead = 1'000;
constexpr std::int64_t kRowsPerStep = 50'000;  // of upstream, whose rows are chosen or folded by one commit
constexpr TimeRange kEver{Timestamp::min(), Timestamp::max()};

// The days in which a file has rows; nullopt where it does not tell.
std::optional<TimeRange> DaysOf(const DataFile& file) {
  if (auto bounds = TimeBoundsOf(file.stats_json, "window.start")) {
    return TimeRange{Timestamp(DateOf(bounds->min)), Timestamp(DateOf(bounds->max)) + std::chrono::days(1)};
  }
  auto day = PartitionDay(file);
  if (!day) return std::nullopt;
  return TimeRange{Timestamp(*day), Timestamp(*day) + std::chrono::days(1)};
}

}  // namespace

Name DerivedStage::ClosedBy(const WindowKey& key) const {
  static const Name chosen(kChosen);
  return IsChosen() ? chosen : key.source;
}

// Rows before it are in the table: the end of the last closed period.
Timestamp DerivedStage::SettledOf(const Times& closed, const WindowKey& key) const {
  auto found = closed.find(ClosedBy(key));
  return found == closed.end() ? Timestamp::min() : PeriodStart(found->second, table_.period);
}

// Up to where rows are to be made of what was read.
DerivedStage::Times DerivedStage::Target() const {
  if (!ChoosesRows()) return upstream_closed_;
  bool silent = clock_.Steady() - heard_ >= kChosenSlack;
  Timestamp through = ChosenThrough(upstream_closed_, silent || close_requested_);
  auto before = closed_.find(Name(kChosen));
  if (before != closed_.end()) through = std::max(through, before->second);
  return through == Timestamp::min() ? Times() : Times{{Name(kChosen), through}};
}

bool DerivedStage::ReachedTarget() const {
  return std::ranges::all_of(Target(), [&](const auto& target) {
    auto found = closed_.find(target.first);
    return found != closed_.end() && found->second >= target.second;
  });
}

// The closed times of upstream as it was at our position. A later state of it does no harm: rows that are not read yet come as late ones.
Status DerivedStage::LoadUpstreamClosed() {
  auto at = upstream().SnapshotWithRowsOf(consumed_);
  if (!at && at.error().kind != ErrorKind::kNotFound) return std::unexpected(at.error());
  CS_ASSIGN(Positions positions, at ? (*at)->Txns() : upstream().Txns());
  upstream_closed_ = ClosedTimes(positions);
  if (at) snapshot_ = *std::move(at);
  return {};
}

// Takes upstream's next commits and marks what they touch. Out: whether there were any.
Result<bool> DerivedStage::ReadUpstream() {
  auto newest = upstream().snapshot();
  if (newest->version() <= consumed_) return false;
  heard_ = clock_.Steady();
  auto resync = [&]() -> Status {
    snapshot_ = newest;
    consumed_ = newest->version();
    CS_ASSIGN(Positions positions, newest->Txns());
    upstream_closed_ = ClosedTimes(positions);
    return {};
  };
  if (consumed_ == kNoVersion) {
    CS_TRY(resync());
    CS_ASSIGN(std::vector<DataFile> files, table().Files());
    if (!files.empty()) CS_TRY(QueueRange(kEver));  // of a table that lost its position
    return true;
  }
  auto commits = upstream().CommitsAfter(consumed_, kCommitsPerRead);
  if (!commits && commits.error().kind == ErrorKind::kNotFound) {
    LogWarn("the log of {} was cleaned up before {} read it, all of its periods are checked: consumed={}", table_.upstream->name,
            name(), consumed_);
    CS_TRY(resync());
    CS_TRY(QueueEverything());
    return true;
  }
  if (!commits) return std::unexpected(commits.error());
  std::erase_if(*commits, [&](const CommitActions& commit) { return commit.version > newest->version(); });
  if (commits->empty()) return false;
  Version last = commits->back().version;
  snapshot_ = newest;
  if (last != newest->version()) {
    CS_ASSIGN(snapshot_, upstream().SnapshotWithRowsOf(last));
  }
  CS_TRY(MarkCommits(*commits));
  consumed_ = last;
  return true;
}

Status DerivedStage::MarkCommits(const std::vector<CommitActions>& commits) {
  for (const CommitActions& commit : commits) {
    for (const auto& [source, time] : ClosedTimes(commit.txns)) upstream_closed_[source] = time;
    for (const DataFile& file : commit.adds) CS_TRY(MarkLateRows(file));
    // An order that was given a start in the past: the currencies of periods since then may be others.
    for (const auto& [id, from] : PositionsBelow(commit.txns, AppId("order/"))) {
      CS_TRY(QueueRange({PeriodStart(FromMicros(from), table_.period), SettledOf(closed_, WindowKey())}));
    }
    if (IsRetention(commit)) continue;  // rows that are only old: what was made of them stays
    for (const DataFile& file : commit.removes) {
      if (MarkLateRows(file)) continue;
      CS_TRY(QueueRange(DaysOf(file).value_or(kEver)));  // a rebuild removes files that nobody can read
    }
  }
  return {};
}

Status DerivedStage::MarkLateRows(const DataFile& file) {
  Timestamp latest = Timestamp::min();
  for (const auto& [source, time] : closed_) latest = std::max(latest, PeriodStart(time, table_.period));
  auto bounds = TimeBoundsOf(file.stats_json, "window.start");
  if (bounds && bounds->min >= latest) return {};
  auto columns = ReadDataFile(upstream().root_path(), file, KeySchema(*table_.upstream));
  if (!columns && columns.error().kind == ErrorKind::kNotFound) {
    auto days = DaysOf(file);
    return QueueRange(days.value_or(kEver));
  }
  if (!columns) return std::unexpected(columns.error());
  CS_ASSIGN(std::vector<WindowKey> keys, GoldKeys(**columns, lake_.quotes()));
  for (const WindowKey& key : keys) {
    if (key.start < SettledOf(closed_, key)) dirty_.insert(table_.KeyOf(key));
  }
  return {};
}

// Moves `closed` on towards its target, at most a step, and marks the rows of upstream that it has passed. Out: whether it moved.
Result<bool> DerivedStage::CloseMore() {
  const Times before = closed_, target = Target();
  if (!snapshot_ || ReachedTarget()) return false;
  for (const auto& [source, to] : target) {
    auto [at, first] = closed_.try_emplace(source, Timestamp::min());
    if (to <= at->second) continue;
    CS_ASSIGN(at->second, IsChosen() ? EndOfStep(at->second, to) : Result<Timestamp>(to));
  }
  TimeRange all{Timestamp::max(), Timestamp::min()};
  for (const auto& [source, to] : closed_) {
    const WindowKey of_source{{}, {}, source, {}};
    Timestamp begin = SettledOf(before, of_source), end = SettledOf(closed_, of_source);
    if (begin < end) all = {std::min(all.from, begin), std::max(all.to, end)};
  }
  if (all.from >= all.to) return closed_ != before;
  CS_TRY(VisitKeys(upstream_view(), lake_.quotes(), all, [&](const WindowKey& key) {
    if (key.start >= SettledOf(before, key) && key.start < SettledOf(closed_, key)) dirty_.insert(table_.KeyOf(key));
  }));
  return true;
}

// Where the next step on the way from one time to another ends: behind some whole days, so that a long table is made in pieces that fit
// into memory, each right by itself.
Result<Timestamp> DerivedStage::EndOfStep(Timestamp from, Timestamp to) {
  if (from > Timestamp::min() && to - from <= std::chrono::days(1)) return to;
  CS_ASSIGN(std::vector<DataFile> files, snapshot_->Files());
  std::map<Timestamp, std::int64_t> rows;  // by the end of the file's last day
  for (const DataFile& file : files) {
    auto days = DaysOf(file);
    if (!days) return to;
    if (days->to > from) rows[days->to] += std::max<std::int64_t>(file.rows, 1);
  }
  std::int64_t sum = 0;
  for (const auto& [end, count] : rows) {
    sum += count;
    if (sum >= kRowsPerStep) return std::min(end, to);
  }
  return to;
}

// Marks the rows of closed periods that begin in `range`: those that upstream has rows of, and those that the table has.
Status DerivedStage::MarkRange(TimeRange range) {
  CS_TRY(VisitKeys(upstream_view(), lake_.quotes(), range, [&](const WindowKey& key) {
    if (key.start < SettledOf(closed_, key)) dirty_.insert(table_.KeyOf(key));
  }));
  return VisitKeys(table().view(), lake_.quotes(), range, [&](const WindowKey& key) { dirty_.insert(KeyFor(table_.rows, key)); });
}

Status DerivedStage::MarkNextRange() {
  TimeRange range = ranges_.front();
  ranges_.pop_front();
  return MarkRange(range);
}

// Notes a range to be looked through, day by day: of the days in which either table has rows.
Status DerivedStage::QueueRange(TimeRange range) {
  std::set<Timestamp> days;
  for (const TableView& view : {upstream_view(), table().view()}) {
    CS_ASSIGN(std::vector<DataFile> files, view.snapshot->Files());
    for (const DataFile& file : files) {
      auto of_file = DaysOf(file);
      if (!of_file) {
        ranges_.push_back(range);
        return {};
      }
      for (Timestamp day = of_file->from; day < of_file->to; day += std::chrono::days(1)) days.insert(day);
    }
  }
  for (Timestamp day : days) {
    TimeRange part{std::max(range.from, day), std::min(range.to, day + std::chrono::days(1))};
    if (part.from < part.to) ranges_.push_back(part);
  }
  return {};
}

Status DerivedStage::QueueEverything() {
  resync_ = true;
  return QueueRange(kEver);
}

// Marks what was asked for. Requests are forgotten only when what they marked is durable, so an error in between loses none.
Status DerivedStage::TakeRequests() {
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
  if (!snapshot_) {  // the log was cut: the newest version has to do, and all of its periods are checked
    snapshot_ = upstream().snapshot();
    consumed_ = snapshot_->version();
    CS_ASSIGN(Positions positions, snapshot_->Txns());
    upstream_closed_ = ClosedTimes(positions);
    requests_marked_ += fresh.size();
    return QueueEverything();
  }
  for (const TimeRange& range : fresh) {
    Timestamp last = PeriodStart(range.to - std::chrono::microseconds(1), table_.period);
    CS_TRY(QueueRange({PeriodStart(range.from, table_.period), last + table_.period}));
  }
  requests_marked_ += fresh.size();
  return {};
}

}  // namespace cryptostream
