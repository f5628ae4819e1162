#pragma once

#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/stop.h"
#include "lake/lake.h"
#include "maintain/compact.h"
#include "maintain/log_cleanup.h"
#include "maintain/retention.h"
#include "maintain/vacuum.h"

namespace cryptostream {

// What a clean-up of one table did, or would do.
struct CleaningReport {
  Version log_from = kNoVersion;  // oldest version that can still be opened; kNoVersion: the log was left alone
  std::int64_t log_files = 0, data_files = 0, data_bytes = 0;
  std::vector<std::string> names;  // of a dry run: what would be deleted
};

// Keeps a lake small while it is written: compaction, log clean-up, vacuum. Life: Start makes a thread of low priority, Stop (or the
// destructor) ends it within a row group's time. The commands of the same names call the functions without a thread. Only the lake's
// holder may have one, and only one.
class Maintainer {
 public:
  explicit Maintainer(Lake& lake);
  ~Maintainer();

  void Start();
  void Stop();

  // Looks for small files in all tables that changed enough since the last look (`all`: in all). Out: by table.
  // Errors: fenced; the first table's that failed, after the others had their turn.
  Result<std::map<std::string, CompactionReport>> Compact(bool all, StopToken stop);
  // Drops days that are older than the configuration keeps them. Out: what was, or would be, dropped, by table with an age.
  // Errors: likewise.
  Result<std::map<std::string, RetentionPlan>> Retain(bool dry_run, StopToken stop);
  // Cleans logs, then vacuums. Out: by table. Errors: likewise.
  Result<std::map<std::string, CleaningReport>> Clean(bool dry_run, StopToken stop);

 private:
  struct Seen {
    Version files_at = kNoVersion;  // the files that were live when the last look began
    std::set<std::string> files;
    bool left_some = false;          // it left out files that somebody had not read yet
    Version looked_at = kNoVersion;  // the version when it began, and its own commits
    std::chrono::steady_clock::time_point looked{};
  };
  void Run(StopToken stop);
  Result<bool> Due(const LakeTable& table, const Seen& seen) const;
  Result<CompactionReport> CompactOne(const LakeTable& table, Seen& seen, StopToken stop);
  Result<CleaningReport> CleanOne(const LakeTable& table, bool dry_run) const;
  Result<std::set<std::string>> ReadByAll(const LakeTable& table, const Snapshot& newest, Seen& seen);
  bool Report(const char* what, const Status& done);

  Lake& lake_;
  const MaintenanceOptions options_;
  std::map<std::string, Seen> seen_;  // by table
  std::string trouble_;               // of the last round
  std::jthread thread_;               // last: ends before what it uses
};

}  // namespace cryptostream
