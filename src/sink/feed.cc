// The way of rows from one table of the lake into one of the database. In: the log and the files of the lake,
// nothing else. Out: transactions, each with the position that it reaches.
//
//   copy     into a table without rows of this feed: the snapshot's files, some days a transaction, straight in
//   resync   the position is of no use (the log after it was cleaned up, the lake or the database was set back): the same days, but compared, and
//            what the lake does not have is deleted; readers see each day change at once, never an empty table
//   merge    a resync from another lake: rows of the former one stay
//   follow   appends straight in, several commits a transaction; a replacement by itself, its dropped keys deleted
//
// A copy that was interrupted goes on with the same version, which maintenance keeps for a day
// (delta/outside_reader.h), else begins again. Rows that retention dropped from the lake stay: they are old,
// not wrong.
#include "sink/feed.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/metrics.h"
#include "delta/partition.h"
#include "delta/position.h"
#include "delta/retained_from.h"

namespace cryptostream {
namespace {

const CrashPoint kBeforePosition("sink.before_position");
const CrashPoint kBeforeCommit("sink.before_commit");
const CrashPoint kAfterCommit("sink.after_commit");

constexpr std::int64_t kRowsPerStep = 200'000;
constexpr std::int64_t kBytesPerRow = 50;  // about, where a log does not count rows
constexpr int kCommitsPerRead = 256;

std::int64_t RowsIn(const DataFile& file) { return file.rows >= 0 ? file.rows : file.size_bytes / kBytesPerRow; }

Date DayOf(const DataFile& file) { return PartitionDay(file).value_or(Date()); }

std::set<Date> MonthsOf(const std::vector<DataFile>& files) {
  std::set<Date> months;
  for (const DataFile& file : files) months.insert(MonthOf(DayOf(file)));
  return months;
}

std::string PgTime(Timestamp time) { return time == Timestamp::min() ? "-infinity" : FormatRfc3339(time); }

// The days of one step of a copy.
struct Days {
  std::vector<DataFile> files;
  Date last{};
  bool ends = false;  // nothing follows
};

Days NextDays(std::vector<DataFile> files, const std::optional<Date>& done) {
  std::erase_if(files, [&](const DataFile& file) { return done && DayOf(file) <= *done; });
  std::ranges::sort(files, {}, [](const DataFile& file) { return DayOf(file); });
  Days days;
  std::int64_t rows = 0;
  for (DataFile& file : files) {
    if (rows >= kRowsPerStep && DayOf(file) != days.last) return days;
    days.last = DayOf(file);
    rows += RowsIn(file);
    days.files.push_back(std::move(file));
  }
  days.ends = true;
  return days;
}

}  // namespace

Feed::Feed(const Target& target, const TargetFeed& feed, const std::filesystem::path& root)
    : target_(target), feed_(feed), name_(PositionName(target, feed)), lake_(root, *feed.layout) {
  status_.name = name_;
}

void Feed::Forget() {
  loaded_ = false;
  snapshot_ = nullptr;
}

void Feed::Note() {
  status_.known = position_.has_value() && position_->table_id == lake_.table().id();
  status_.state = snapshot_ ? aim_.state : FeedState::kFollow;
  status_.newest = lake_.table().version();
  // A copy has not reached its version before its end.
  status_.version = status_.known && !snapshot_ ? position_->version : kNoVersion;
}

Result<std::string> Feed::CommitId(Version version) const {
  auto commits = lake_.table().CommitsAfter(version - 1, 1);
  if (!commits && commits.error().kind != ErrorKind::kNotFound) return std::unexpected(commits.error());
  return commits && !commits->empty() ? commits->front().batch_id : std::string();
}

// Whether the lake is not what the position was read from: an older backup of it, perhaps with new commits
// since.
Result<bool> Feed::LakeWasSetBack() const {
  if (position_->version > lake_.table().version()) return true;
  if (position_->commit_id.empty()) return false;
  CS_ASSIGN(std::string id, CommitId(position_->version));
  return !id.empty() && id != position_->commit_id;
}

Result<bool> Feed::HasRows(PgConnection& db) const {
  std::string where = feed_.interval.empty() ? "" : " WHERE \"interval\" = " + PgLiteral(feed_.interval);
  CS_ASSIGN(auto rows, db.Query(fmt::format("SELECT EXISTS (SELECT FROM {}{})", PgIdentifier(target_.name), where)));
  return rows[0][0] == "t";
}

Status Feed::BeginSnapshot(FeedState state) {
  snapshot_ = lake_.table().snapshot();
  CS_ASSIGN(std::string id, CommitId(snapshot_->version()));
  aim_ = {snapshot_->table_id(), snapshot_->version(), std::move(id), state, std::nullopt};
  status_.rows_done = status_.rows_total = 0;
  return {};
}

Status Feed::Restart(const char* why) {
  LogWarn("postgres: {} is compared with the whole lake table, {}: version={} newest={}", name_, why,
          position_ ? position_->version : kNoVersion, lake_.table().version());
  return BeginSnapshot(position_ && position_->state == FeedState::kMerge ? FeedState::kMerge : FeedState::kResync);
}

// Reads the position and decides how to go on.
Status Feed::Load(SinkSession& session) {
  snapshot_ = nullptr;
  CS_ASSIGN(position_, ReadPosition(session.db, name_));
  const bool of_this_lake = position_ && position_->table_id == lake_.table().id();
  bool set_back = false;
  if (of_this_lake) {
    CS_ASSIGN(set_back, LakeWasSetBack());
  }
  if (!position_) {
    CS_ASSIGN(bool has_rows, HasRows(session.db));
    CS_TRY(BeginSnapshot(has_rows ? FeedState::kResync : FeedState::kCopy));
  } else if (!of_this_lake) {
    LogWarn("postgres: {} held another lake's rows; this lake's come in, {}", name_,
            session.own_schema ? "those go" : "those stay where it has none (to empty it: DROP SCHEMA ... CASCADE)");
    CS_TRY(BeginSnapshot(session.own_schema ? FeedState::kResync : FeedState::kMerge));
  } else if (set_back) {
    CS_TRY(Restart("which was set back"));
  } else if (position_->state != FeedState::kFollow) {
    auto same = lake_.table().SnapshotWithRowsOf(position_->version);
    if (same) {
      snapshot_ = *std::move(same);
      aim_ = *position_;
    } else if (same.error().kind == ErrorKind::kNotFound) {
      CS_TRY(Restart("because the version that was being copied is gone"));
    } else {
      return std::unexpected(same.error());
    }
  }
  loaded_ = true;
  return {};
}

Result<bool> Feed::Step(SinkSession& session) {
  CS_ASSIGN(status_.there, lake_.Look());
  if (!status_.there) return false;
  if (opened_ != lake_.opened()) Forget();  // another table lies in its place, or an older state of it
  opened_ = lake_.opened();
  if (!loaded_) CS_TRY(Load(session));
  const bool copies = snapshot_ != nullptr;
  Result<bool> more = copies ? CopyStep(session) : FollowStep(session);
  // A file was vacuumed before it was read; or a rebuild has removed one that nobody can read.
  const bool gone = !more && more.error().kind == ErrorKind::kNotFound;
  const bool broken = !more && !copies && more.error().kind == ErrorKind::kCorrupt;
  if (gone || broken) {
    CS_TRY(session.db.Run("ROLLBACK"));
    CS_TRY(Restart(gone ? "because a file was cleaned up before it was read" : "because a file cannot be read"));
    more = true;
  }
  Note();
  return more;
}

Status Feed::Look(PgConnection* db) {
  CS_ASSIGN(status_.there, lake_.Look());
  if (db) {
    CS_ASSIGN(position_, ReadPosition(*db, name_));
  }
  if (!status_.there) return {};
  Note();
  CS_ASSIGN(auto files, lake_.table().Files());
  for (const DataFile& file : files) status_.rows_total += RowsIn(file);
  return {};
}

Status Feed::Transact(SinkSession& session, const RowsChange& change, const FeedPosition& next) {
  for (std::optional<WriteWay> way = FirstWay(change); way;) {
    RowsWritten written;
    Status done = [&]() -> Status {
      CS_TRY(session.db.Run("BEGIN"));
      if (change.rows || change.gone || change.replace) {
        CS_ASSIGN(written, WriteRows(session.db, change, *way));
      }
      kBeforePosition.Reach();
      CS_TRY(MovePosition(session.db, name_, position_, next));
      kBeforeCommit.Reach();
      return session.db.Run("COMMIT");
    }();
    if (done) {
      kAfterCommit.Reach();
      position_ = next;
      refused_ += written.refused;
      CountMetric("cryptostream_sink_rows_total", "Rows sent to the database.", {{"table", name_}},
                  static_cast<double>(written.copied));
      CountMetric("cryptostream_sink_refused_rows_total", "Rows that the database would not take.", {{"table", name_}},
                  static_cast<double>(written.refused));
      if (written.refused > 0)
        LogWarn("postgres: the database refused rows, they are in refused_rows: table={} rows={}", name_, written.refused);
      return {};
    }
    way = NextWay(change, *way);
    if (done.error().kind != ErrorKind::kInvalid || !way) return done;
    LogDebug("postgres: {}: again with more care: {}", name_, done.error().message);
    CS_TRY(session.db.Run("ROLLBACK"));
  }
  return {};
}

Status Feed::Apply(SinkSession& session, const RowsChange& change, const std::vector<DataFile>& files, FeedPosition next) {
  if (target_.monthly) CS_TRY(session.months.Ensure(session.db, target_.name, MonthsOf(files)));
  return Transact(session, change, next);
}

Result<bool> Feed::CopyStep(SinkSession& session) {
  CS_ASSIGN(std::vector<DataFile> files, snapshot_->Files());
  status_.rows_total = status_.rows_done = 0;
  for (const DataFile& file : files) {
    status_.rows_total += RowsIn(file);
    if (aim_.done_through && DayOf(file) <= *aim_.done_through) status_.rows_done += RowsIn(file);
  }
  Days days;
  if (target_.kind == TargetKind::kNewest) {
    days = {std::move(files), {}, true};
  } else {
    days = NextDays(std::move(files), aim_.done_through);
  }
  RowsChange change{.target = &target_, .interval = feed_.interval, .rows = RowsOf(days.files), .exact = true};
  change.all_new = aim_.state == FeedState::kCopy;
  if (aim_.state == FeedState::kResync) {
    CS_ASSIGN(Positions positions, snapshot_->Txns());
    Timestamp from = RetainedFrom(positions);
    if (aim_.done_through) from = std::max(from, Timestamp(*aim_.done_through) + std::chrono::days(1));
    change.replace = PgRange{PgTime(from), days.ends ? "infinity" : PgTime(Timestamp(days.last) + std::chrono::days(1))};
  } else if (aim_.state == FeedState::kMerge && target_.key.empty() && !days.files.empty()) {
    // Rows without a key cannot be told apart: of the days that this lake has, its own stay.
    change.replace = PgRange{PgTime(Timestamp(DayOf(days.files.front()))), PgTime(Timestamp(days.last) + std::chrono::days(1))};
  }
  FeedPosition next = aim_;
  next.done_through = days.last;
  if (days.ends) {
    next.state = FeedState::kFollow;
    next.done_through = std::nullopt;
  }
  CS_TRY(Apply(session, change, days.files, next));
  for (const DataFile& file : days.files) status_.rows_done += RowsIn(file);
  aim_ = next;
  if (days.ends) {
    LogInfo("postgres: {} has the lake's rows up to version {}", name_, next.version);
    snapshot_ = nullptr;
  }
  return true;
}

Result<bool> Feed::FollowStep(SinkSession& session) {
  if (position_->version >= lake_.table().version()) return false;
  auto commits = lake_.table().CommitsAfter(position_->version, kCommitsPerRead);
  if (!commits) {
    if (commits.error().kind != ErrorKind::kNotFound) return std::unexpected(commits.error());
    CS_TRY(Restart("because the log was cleaned up before it was read"));
    return true;
  }
  RowsChange change{.target = &target_, .interval = feed_.interval, .all_new = true};
  std::vector<DataFile> adds, removes;
  FeedPosition next = *position_;
  std::int64_t rows = 0;
  for (CommitActions& commit : *commits) {
    const bool replaces = commit.data_change_remove && !IsRetention(commit);
    if (replaces && target_.kind != TargetKind::kKeyed) {
      if (!adds.empty()) break;
      CS_TRY(Restart("because rows were taken out of it"));
      return true;
    }
    if (replaces && !adds.empty()) break;  // a transaction of its own
    for (const DataFile& file : commit.adds) rows += RowsIn(file);
    std::ranges::move(commit.adds, std::back_inserter(adds));
    next.version = commit.version;
    next.commit_id = commit.batch_id;
    if (replaces) {
      removes = std::move(commit.removes);
      change.all_new = false;
      break;
    }
    if (rows >= kRowsPerStep) break;
  }
  if (next.version == position_->version) return false;
  change.rows = RowsOf(adds);
  change.gone = KeysOf(std::move(removes));
  if (target_.kind == TargetKind::kNewest) change.all_new = false;
  CS_TRY(Apply(session, change, adds, next));
  return position_->version < lake_.table().version();
}

}  // namespace cryptostream
