#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sink/feed_position.h"
#include "sink/month_partitions.h"
#include "sink/rows_change.h"
#include "sink/table_follower.h"
#include "sink/target.h"

namespace cryptostream {

// What all feeds of a connection share.
struct SinkSession {
  PgConnection& db;
  MonthPartitions& months;
  bool own_schema = false;  // nobody's rows but this lake's are in it: of a recording
};

// How far a feed is, for people.
struct FeedStatus {
  std::string name;
  FeedState state = FeedState::kFollow;
  bool there = false;  // the lake's table is
  bool known = false;  // the position was read
  Version version = kNoVersion, newest = kNoVersion;
  std::int64_t rows_done = 0, rows_total = 0;  // of a copy
  std::int64_t behind() const { return known ? newest - version : newest + 1; }
};

// One table of the lake into one table of the database, exactly once: first the snapshot, day by day, then
// commit by commit. After any error it forgets what it believes and reads its position again, so a COMMIT
// whose answer was lost is decided by what the database says.
class Feed {
 public:
  Feed(const Target& target, const TargetFeed& feed, const std::filesystem::path& root);

  // Takes one step: a transaction at most. Out: whether there may be another one at once. Errors: of the
  // database and of the lake; call Forget then.
  Result<bool> Step(SinkSession& session);
  // The position is to be read again.
  void Forget();
  // Looks where it stands without changing anything. In: a database, or nullptr for one without our tables.
  // Errors: as of Step.
  Status Look(PgConnection* db);

  const std::string& name() const { return name_; }
  const FeedStatus& status() const { return status_; }
  const std::optional<FeedPosition>& position() const { return position_; }
  std::int64_t refused() const { return refused_; }

 private:
  Status Load(SinkSession& session);
  Result<bool> HasRows(PgConnection& db) const;
  Result<bool> LakeWasSetBack() const;
  Status BeginSnapshot(FeedState state);
  Result<bool> CopyStep(SinkSession& session);
  Result<bool> FollowStep(SinkSession& session);
  Status Restart(const char* why);
  Status Apply(SinkSession& session, const RowsChange& change, const std::vector<DataFile>& files, FeedPosition next);
  Status Transact(SinkSession& session, const RowsChange& change, const FeedPosition& next);
  PushRows RowsOf(std::vector<DataFile> files) const;
  PushRows KeysOf(std::vector<DataFile> files) const;
  Result<std::string> CommitId(Version version) const;
  void Note();

  const Target& target_;
  const TargetFeed& feed_;
  const std::string name_;
  mutable TableFollower lake_;
  bool loaded_ = false;
  int opened_ = 0;                        // which opening of the lake's table the position was held against
  std::optional<FeedPosition> position_;  // as the database has it
  FeedPosition aim_;                      // of a copy: what it copies
  std::shared_ptr<const Snapshot> snapshot_;
  FeedStatus status_;
  std::int64_t refused_ = 0;
};

}  // namespace cryptostream
