// The third stage. In: silver's commits in order. Out: appends of windows that the watermark has closed, each with silver's
// version and `closed`, and replacements of windows that late rows touched. Open windows live in memory only; a start folds
// them again from silver, which costs one read of the last minutes and needs no checkpoint of our own.
//
// `closed` in memory may run ahead of the table while no window closes with rows; every commit carries it, so that whatever
// was decided by it (a row called late) is in the table together with it.
#include "lake/gold.h"

#include <arrow/api.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "delta/data_file.h"
#include "delta/partition.h"
#include "delta/retained_from.h"
#include "lake/correction.h"
#include "lake/derived_rows.h"
#include "lake/silver_reader.h"

namespace cryptostream {
namespace {

const StagePoints kPoints{CrashPoint("gold.after_load"), CrashPoint("gold.before_commit"), CrashPoint("gold.after_commit")};

const CrashPoint kBeforeLateAppend("gold.before_late_append");
const CrashPoint kBeforeCorrection("gold.before_correction");
const CrashPoint kAfterCorrection("gold.after_correction");

constexpr int kCommitsPerRead = 64;
constexpr Version kPositionEvery = 20;
constexpr std::size_t kMaxRecentWindows = 20'000;
constexpr std::size_t kMaxWindowsPerCorrection = 20'000;
constexpr std::size_t kManyDirty = 10 * kMaxWindowsPerCorrection;  // then corrections come before new rows

Timestamp FloorMinute(Timestamp t) { return std::chrono::floor<std::chrono::minutes>(t); }

}  // namespace

GoldStage::GoldStage(Lake& lake, SilverHandoff& input, const Clock& clock)
    : lake_(lake),
      input_(input),
      upstream_(lake.silver(), input, [this](const CommitActions& commit) { return ReadCommit(commit); }),
      clock_(clock),
      watermarks_(lake.options().lateness, lake.options().idle_after) {}

const StagePoints& GoldStage::points() const { return kPoints; }

Timestamp GoldStage::ClosedOf(Name source) const {
  auto found = closed_.find(source);
  return found == closed_.end() ? Timestamp::min() : found->second;
}

Status GoldStage::Load() {
  CS_ASSIGN(positions_, lake_.sources().Txns());
  consumed_ = PositionOr(positions_, GoldPositionId(lake_.silver().id()), kNoVersion);
  corrected_ = PositionOr(positions_, CorrectedId(lake_.silver().id()), kNoVersion);
  closed_ = ClosedTimes(positions_);
  watermarks_.Reset();
  open_.clear();
  recent_.clear();
  dirty_.clear();
  correcting_.clear();  // a correction that failed says nothing of the next commit
  upstream_.Restart(consumed_);
  if (consumed_ != kNoVersion) {
    Status loaded = LoadOpenWindows();
    if (loaded) loaded = LoadDirtyWindows();
    if (!loaded && loaded.error().kind == ErrorKind::kNotFound) {
      CS_TRY(CheckNotCut(lake_.silver(), std::min(corrected_, consumed_), LogNeed::kCommitsAfter));
      CS_TRY(CheckNotCut(lake_.silver(), consumed_, LogNeed::kTableAt));
    }
    CS_TRY(loaded);
  }
  published_consumed_ = consumed_;
  return {};
}

// Folds what silver had at our position and no window in gold holds yet.
Status GoldStage::LoadOpenWindows() {
  CS_ASSIGN(auto silver, lake_.silver().SnapshotWithRowsOf(consumed_));
  CS_ASSIGN(Positions marks, silver->Txns());
  std::map<Name, Timestamp> newest;
  for (const auto& [id, position] : marks) {
    auto key = WatermarkKey(id);
    if (!key) continue;
    watermarks_.Advance(key->first, key->second, FromMicros(position), clock_.Steady());
    newest[key->first] = std::max(FromMicros(position), newest.try_emplace(key->first, FromMicros(position)).first->second);
  }
  for (const auto& [source, time] : newest) {
    TimeRange range{ClosedOf(source), time + std::chrono::microseconds(1)};
    if (range.from >= range.to) continue;
    auto fold = [&, source = source](const std::vector<Tick>& ticks) -> Status {
      for (const Tick& tick : ticks) {
        if (tick.source == source) open_[WindowOf(tick)].Add(tick);
      }
      return {};
    };
    CS_TRY(ReadSilver({silver, lake_.silver().root_path()}, lake_.quotes(), range, fold));
  }
  return {};
}

// Every closed window touched by silver in (corrected, consumed] is computed again: whether it was is not known, and doing it twice
// changes nothing.
Status GoldStage::LoadDirtyWindows() {
  Version from = corrected_;
  while (from < consumed_) {
    CS_ASSIGN(auto commits, lake_.silver().CommitsAfter(from, kCommitsPerRead));
    if (commits.empty()) break;
    for (const CommitActions& commit : commits) {
      from = commit.version;
      if (commit.version > consumed_) break;
      CS_ASSIGN(auto batch, ReadCommit(commit));
      dirty_.insert(batch->removed.begin(), batch->removed.end());
      for (const Tick& tick : batch->ticks) {
        WindowKey key = WindowOf(tick);
        if (key.start + kWindow <= ClosedOf(tick.source)) dirty_.insert(key);
      }
    }
  }
  return {};
}

Result<std::shared_ptr<const SilverBatch>> GoldStage::ReadCommit(const CommitActions& commit) const {
  auto batch = std::make_shared<SilverBatch>();
  for (const DataFile& file : commit.adds) {
    CS_ASSIGN(auto table, ReadDataFile(lake_.silver().root_path(), file, SilverLayout().schema));
    CS_ASSIGN(std::vector<Tick> ticks, Ticks(*table, lake_.quotes()));
    std::move(ticks.begin(), ticks.end(), std::back_inserter(batch->ticks));
  }
  if (IsRetention(commit)) return batch;  // rows that are only old: what was made of them stays
  for (const DataFile& file : commit.removes) {
    auto table = ReadDataFile(lake_.silver().root_path(), file, SilverLayout().schema);
    if (!table && table.error().kind == ErrorKind::kNotFound) {
      CS_TRY(AddWindowsOf(file, *batch));
      continue;
    }
    if (!table) return std::unexpected(table.error());
    CS_ASSIGN(std::vector<Tick> ticks, Ticks(**table, lake_.quotes()));
    for (const Tick& tick : ticks) batch->removed.insert(WindowOf(tick));
  }
  for (const auto& [id, position] : commit.txns) {
    if (auto key = WatermarkKey(id)) batch->watermarks[*key] = FromMicros(position);
  }
  return batch;
}

// Rows that another program removed, in a file that it vacuumed before gold read it: nobody can say any more
// which they were, so every window of that day is made anew from what silver still has.
Status GoldStage::AddWindowsOf(const DataFile& vacuumed, SilverBatch& batch) const {
  auto day = PartitionDay(vacuumed);
  TimeRange range{Timestamp::min(), Timestamp::max()};
  if (day) range = {Timestamp(*day), Timestamp(*day) + std::chrono::days(1)};
  LogWarn("rows of silver were removed and their file vacuumed before gold read it, the windows of {} are made anew: file={}",
          day ? FormatDate(*day) : "all days", vacuumed.path);
  for (const auto& [key, sum] : open_) {
    if (range.contains(key.start)) batch.removed.insert(key);
  }
  return VisitKeys(lake_.sources().view(), lake_.quotes(), range, [&](const WindowKey& key) { batch.removed.insert(key); });
}

void GoldStage::Fold(Version version, const SilverBatch& batch) {
  std::int64_t late = 0;
  // In: a tick, or a window that others have made of `rows` of them.
  auto take = [&](const WindowKey& key, const auto& what, std::int64_t rows) {
    if (key.start + kWindow > ClosedOf(key.source)) {
      open_[key].Add(what);
      return;
    }
    late += rows;
    dirty_.insert(key);
    if (auto recent = recent_.find(key); recent != recent_.end()) recent->second.Add(what);
  };
  for (const Tick& tick : batch.ticks) take(WindowOf(tick), tick, 1);
  for (const auto& [key, window] : batch.windows) take(key, window, window.rows());
  for (const WindowKey& key : batch.removed) {
    // No window can forget a row: close it early, the correction computes it from what silver still has.
    open_.erase(key);
    recent_.erase(key);
    closed_[key.source] = std::max(ClosedOf(key.source), key.start + kWindow);
    dirty_.insert(key);
  }
  if (late > 0)
    CountMetric("cryptostream_late_events_total", "Rows that came after their window was closed.", {}, static_cast<double>(late));
  for (const auto& [key, newest] : batch.watermarks) watermarks_.Advance(key.first, key.second, newest, clock_.Steady());
  consumed_ = version;
  published_consumed_ = consumed_;
}

bool GoldStage::CaughtUp() const { return upstream_.CaughtUp(); }

Result<std::optional<StageWork>> GoldStage::Next(StopToken stop) {
  if (!stop.stop_requested()) {
    bool due = clock_.Steady() - last_correction_ >= lake_.options().correct_every || dirty_.size() >= kManyDirty ||
               (close_requested_ && CaughtUp());
    if (!dirty_.empty() && due) return Correct();
  }
  auto wait = close_requested_ ? std::chrono::milliseconds(0) : upstream_.kMoment;
  CS_ASSIGN(auto input, upstream_.Next(stop, wait));
  if (input) Fold(input->version, *input->batch);
  bool everything = close_requested_ && CaughtUp() && !stop.stop_requested();
  CS_ASSIGN(auto work, Close(everything));
  if (!work && CloseEndedDays(everything)) work = MakeWork(CommitKind::kAppend, "gold close ended");
  if (!work && everything && dirty_.empty()) close_requested_ = false;
  if (work) return work;
  return MovePosition();
}

// Between two minutes no window closes. A commit without a row every kPositionEvery versions lets silver's files be merged and its log be
// cleaned up meanwhile, and a restart re-reads little.
std::optional<StageWork> GoldStage::MovePosition() {
  Version committed = PositionOr(positions_, GoldPositionId(lake_.silver().id()), kNoVersion);
  if (consumed_ - committed < kPositionEvery) return std::nullopt;
  return MakeWork(CommitKind::kAppend, "gold position");
}

// A source that ended leaves its last hour and day open, so the rollups would not have them when retention
// drops the day. Out: whether the rest of such a day, in which there are no rows, was closed; what comes
// later all the same is late.
bool GoldStage::CloseEndedDays(bool everything) {
  auto least = std::chrono::milliseconds::max();
  for (const TableLayout* layout : {&SourcesLayout(), &GoldLayout()}) {
    auto age = lake_.options().maintenance.retain.find(layout->name);
    if (age != lake_.options().maintenance.retain.end() && age->second > age->second.zero()) least = std::min(least, age->second);
  }
  if (least == least.max() || !CaughtUp()) return false;
  Timestamp dropped = Timestamp(DateOf(clock_.Now() - least));
  bool moved = false;
  for (auto& [source, closed] : closed_) {
    Timestamp end = std::chrono::ceil<std::chrono::days>(closed);
    if (closed == end || end > dropped || (!everything && watermarks_.Of(source, true, clock_.Steady()))) continue;
    closed = end;
    moved = true;
  }
  return moved;
}

// Appends the windows that may close now. everything: all of them, at the end of a replay.
Result<std::optional<StageWork>> GoldStage::Close(bool everything) {
  bool caught_up = CaughtUp();
  for (Name source : watermarks_.Sources()) {
    auto mark = watermarks_.Of(source, caught_up, clock_.Steady());
    bool all = !mark || everything;
    Timestamp closable = mark ? FloorMinute(*mark) : Timestamp::min();
    if (all) {
      for (const auto& [key, sum] : open_) {
        if (key.source == source) closable = std::max(closable, key.start + kWindow);
      }
    }
    if (closable > ClosedOf(source)) closed_[source] = closable;
  }
  std::vector<GoldRow> rows;
  for (const auto& [key, sum] : open_) {
    if (key.start + kWindow <= ClosedOf(key.source)) rows.push_back(sum.Finish(key));
  }
  if (rows.empty()) return std::nullopt;
  std::sort(rows.begin(), rows.end(), [](const GoldRow& a, const GoldRow& b) { return a.key < b.key; });
  StageWork work = MakeWork(CommitKind::kAppend, "gold append");
  CS_ASSIGN(work.commit.rows, GoldColumns(rows));
  for (const GoldRow& row : rows) {
    auto closed = open_.extract(row.key);
    recent_.insert_or_assign(row.key, std::move(closed.mapped()));
  }
  while (recent_.size() > kMaxRecentWindows) recent_.erase(recent_.begin());
  return work;
}

// Windows of days that retention has dropped in silver or gold stay as they are: what is left of such a day is not all there was.
Status GoldStage::ForgetDroppedWindows() {
  CS_ASSIGN(Positions silver, lake_.silver().Txns());
  CS_ASSIGN(Positions gold, lake_.sources().Txns());
  Timestamp from = WholeFrom(silver, gold);
  auto frozen = std::erase_if(dirty_, [&](const WindowKey& key) { return key.start < from; });
  if (frozen > 0) {
    CountMetric("cryptostream_frozen_windows_total", "Windows of dropped days that late rows could not change.", {},
                static_cast<double>(frozen));
  }
  return {};
}

// Works in late rows: windows without a row yet are appended first, in a commit of their own; the next call finds them
// there and replaces the rest.
Result<std::optional<StageWork>> GoldStage::Correct() {
  CS_TRY(ForgetDroppedWindows());
  correcting_.clear();
  for (const WindowKey& key : dirty_) {
    if (correcting_.size() == kMaxWindowsPerCorrection) break;
    correcting_.insert(key);
  }
  correcting_all_ = correcting_.size() == dirty_.size();
  WindowRows known;
  for (const WindowKey& key : correcting_) {
    if (auto recent = recent_.find(key); recent != recent_.end()) known.emplace(key, recent->second.Finish(key));
  }
  TableView silver = lake_.silver().view();
  if (silver.snapshot->version() != consumed_) {
    CS_ASSIGN(silver.snapshot, lake_.silver().SnapshotWithRowsOf(consumed_));
  }
  CS_ASSIGN(Correction correction, CorrectWindows(silver, lake_.sources().view(), lake_.quotes(), correcting_, std::move(known)));
  if (correction.empty()) {
    for (const WindowKey& key : correcting_) dirty_.erase(key);
    correcting_.clear();
    last_correction_ = clock_.Steady();
    return std::nullopt;
  }
  bool append = !correction.fresh.empty();
  (append ? kBeforeLateAppend : kBeforeCorrection).Reach();
  StageWork work = MakeWork(append ? CommitKind::kAppend : CommitKind::kReplace, append ? "gold append late" : "gold correct");
  CS_ASSIGN(work.commit.rows, GoldColumns(append ? correction.fresh : correction.rewritten));
  if (append && !correction.removes.empty()) {
    correcting_.clear();  // the replacement still has to come
  } else {
    work.commit.removes = std::move(correction.removes);
    if (correcting_all_) work.commit.positions[CorrectedId(lake_.silver().id())] = consumed_;
  }
  return work;
}

StageWork GoldStage::MakeWork(CommitKind kind, std::string operation) const {
  StageWork work;
  work.commit.kind = kind;
  work.commit.operation = std::move(operation);
  work.commit.positions[GoldPositionId(lake_.silver().id())] = consumed_;
  if (dirty_.empty()) work.commit.positions[CorrectedId(lake_.silver().id())] = consumed_;
  for (const auto& [source, time] : closed_) {
    if (time != Timestamp::min()) work.commit.positions[ClosedId(source.str())] = ToMicros(time);
  }
  work.commit.expected = positions_;
  return work;
}

void GoldStage::Committed(Version) {
  auto now = lake_.sources().Txns();
  if (now) positions_ = *std::move(now);
  corrected_ = PositionOr(positions_, CorrectedId(lake_.silver().id()), kNoVersion);
  if (correcting_.empty()) return;
  kAfterCorrection.Reach();
  for (const WindowKey& key : correcting_) dirty_.erase(key);
  correcting_.clear();
  last_correction_ = clock_.Steady();
}

}  // namespace cryptostream
