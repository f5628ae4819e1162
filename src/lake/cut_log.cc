// Logs that another program has cleaned up beyond what we have read. In: a log's folder as it lies. Out: whether waiting can help.
#include "lake/cut_log.h"

#include <algorithm>

#include "delta/log_files.h"

namespace cryptostream {

Status CheckNotCut(const Table& table, Version version, LogNeed need) {
  auto log = ListLogFiles(table.root_path());
  if (!log || log->commits.empty()) return {};
  const Version oldest = log->commits.front();
  bool commits = oldest <= version + 1;
  bool opens = oldest == 0 || std::ranges::any_of(log->checkpoints, [&](Version checkpoint) {
                 return checkpoint <= version && checkpoint + 1 >= oldest;
               });
  if (need == LogNeed::kCommitsAfter ? commits : opens) return {};
  Version first = need == LogNeed::kCommitsAfter ? version + 1 : version;
  return Corrupt("commits were removed from the log before they were read: table=" + table.uri() +
                 " versions=" + std::to_string(first) + ".." + std::to_string(std::max(first, oldest - 1)) +
                 " (another program's clean-up? put their files back into _delta_log from a backup)");
}

}  // namespace cryptostream
