// Which files to merge. In: the live files. Out: jobs. Size-tiered, by rows and not by bytes: rows add up exactly, while sixteen
// small Parquet files shrink to a third of their bytes when they become one, which would put the result into the tier of its
// inputs. With 14 files a merge, a day of commits every second (86,400) is rewritten 3.9 times, the end of the day included, and a partition
// holds 51 files after an hour, 70 at most (16: 58, 76, 3.8 times; 10: 39, 50, 4.6 times). Rejected: merging everything small each time (quadratic), fixed levels by
// number of merges (needs state beside the log), one rewrite when the day is over (a live day of 86,400 files).
#include "maintain/compact_plan.h"

#include <algorithm>
#include <map>

#include "delta/partition.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMaxInputs = 256;
constexpr std::int64_t kClosedFactor = 2;

// Of files sorted by rows: how many of the smallest make a worthwhile merge; 0: none.
std::size_t WorthMerging(const std::vector<DataFile>& files, std::int64_t factor, std::int64_t limit_bytes) {
  std::int64_t rows = 0, bytes = 0;
  std::size_t best = 0;
  for (std::size_t i = 0; i < std::min(files.size(), kMaxInputs); ++i) {
    rows += files[i].rows;
    bytes += files[i].size_bytes;
    if (i > 0 && bytes > 4 * limit_bytes) break;  // bounds the time of a job; what is left comes next
    if (i > 0 && rows >= factor * files[i].rows) best = i + 1;
  }
  return best;
}

}  // namespace

bool IsSmallFile(const DataFile& file, const MaintenanceOptions& options) {
  return file.rows > 0 && file.size_bytes < options.target_bytes;
}

std::vector<CompactionJob> PlanCompaction(const std::vector<DataFile>& files, const MaintenanceOptions& options, Timestamp now) {
  std::map<std::string, CompactionJob> partitions;
  for (const DataFile& file : files) {
    if (!IsSmallFile(file, options)) continue;
    CompactionJob& job = partitions[PartitionFolder(file.partition)];
    job.partition = file.partition;
    job.files.push_back(file);
  }
  std::vector<CompactionJob> jobs;
  for (auto& [folder, job] : partitions) {
    std::sort(job.files.begin(), job.files.end(),
              [](const DataFile& a, const DataFile& b) { return std::tie(a.rows, a.path) < std::tie(b.rows, b.path); });
    Timestamp newest = std::max_element(job.files.begin(), job.files.end(), [](const DataFile& a, const DataFile& b) {
                         return a.modified < b.modified;
                       })->modified;
    bool closed = now - newest >= options.closed_after;
    job.files.resize(WorthMerging(job.files, closed ? kClosedFactor : options.compact_files, options.target_bytes));
    if (!job.files.empty()) jobs.push_back(std::move(job));
  }
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const CompactionJob& a, const CompactionJob& b) { return a.files.size() > b.files.size(); });
  return jobs;
}

}  // namespace cryptostream
