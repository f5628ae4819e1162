// What to read at start. In: file lists with statistics and the positions in the tables' logs. Out: the few files that hold
// recent windows and open ones. The cost of a start follows what is shown, never the size of the lake: days and statistics
// decide, and no other file is opened.
#include "live/tail_plan.h"

#include <algorithm>
#include <set>

namespace cryptostream {
namespace {

// Days beyond what has to be kept are read as long as the sum stays below this.
constexpr std::int64_t kCheapRows = 20'000;
constexpr std::size_t kCheapFiles = 256;
// Bound on silver files read at start; older ones of the open tail come with gold once their windows close.
constexpr std::size_t kMaxSilverFiles = 512;
constexpr std::size_t kNewestFilesPerSource = 4;

// The text of `"name":"text"` inside the object `"section":{...}` of the log's statistics. A search suffices: the writer is
// Delta's, keys are column names, and a wrong hit could only make us read a file too many.
std::optional<std::string> StatText(const std::string& stats, const std::string& section, const std::string& name) {
  std::size_t begin = stats.find("\"" + section + "\"");
  if (begin == std::string::npos) return std::nullopt;
  begin = stats.find('{', begin);
  int depth = 0;
  std::size_t end = begin;
  for (; end < stats.size(); ++end) {
    if (stats[end] == '{') ++depth;
    if (stats[end] == '}' && --depth == 0) break;
  }
  std::size_t at = stats.find("\"" + name + "\"", begin);
  if (at == std::string::npos || at > end) return std::nullopt;
  std::size_t open = stats.find('"', at + name.size() + 2);
  std::size_t close = open == std::string::npos ? open : stats.find('"', open + 1);
  if (close == std::string::npos || close > end) return std::nullopt;
  return stats.substr(open + 1, close - open - 1);
}

struct Day {
  std::int64_t rows = 0;
  std::vector<const DataFile*> files;
};

// The earliest day to read for a source whose newest row is of `newest`; days are keys in ascending order.
std::map<Date, Day>::const_iterator FirstDay(const std::map<Date, Day>& days, Timestamp newest, std::chrono::hours keep) {
  Date needed = DateOf(newest - keep);
  auto it = days.upper_bound(DateOf(newest));
  std::int64_t rows = 0;
  std::size_t files = 0;
  while (it != days.begin()) {
    auto before = std::prev(it);
    rows += before->second.rows;
    files += before->second.files.size();
    if (before->first < needed && (rows > kCheapRows || files > kCheapFiles)) break;
    it = before;
  }
  return it;
}

}  // namespace

std::optional<Timestamp> MaxTimeOf(const DataFile& file, const std::string& column) {
  auto text = StatText(file.stats_json, "maxValues", column);
  if (!text) return std::nullopt;
  auto time = ParseRfc3339(*text);
  if (!time) return std::nullopt;
  return *time + std::chrono::milliseconds(1);  // statistics are cut to milliseconds
}

GoldPlan PlanGold(const std::vector<DataFile>& files, const TimesBySource& newest, std::chrono::hours keep) {
  GoldPlan plan;
  std::map<Date, Day> days;
  for (const DataFile& file : files) {
    auto date = PartitionDay(file);
    if (!date) continue;
    days[*date].rows += std::max<std::int64_t>(0, file.rows);
    days[*date].files.push_back(&file);
  }
  if (days.empty()) return plan;
  std::set<Date> chosen;
  auto choose = [&](Timestamp newest_row) {
    auto first = FirstDay(days, newest_row, keep);
    for (auto it = first; it != days.end() && it->first <= DateOf(newest_row); ++it) chosen.insert(it->first);
    // With nothing before it memory is complete from ever.
    return first == days.begin() ? Timestamp::min() : Timestamp(first == days.end() ? days.rbegin()->first : first->first);
  };
  Timestamp newest_gold = Timestamp(days.rbegin()->first) + std::chrono::hours(24) - std::chrono::microseconds(1);
  plan.others_complete_from = choose(newest_gold);
  for (const auto& [source, newest_row] : newest) plan.complete_from[source] = choose(newest_row);
  for (Date date : chosen) {
    for (const DataFile* file : days[date].files) plan.files.push_back(*file);
  }
  return plan;
}

std::optional<Timestamp> OpenTailBegin(const TimesBySource& closed, const TimesBySource& newest, std::chrono::hours keep) {
  std::optional<Timestamp> begin;
  for (const auto& [source, newest_row] : newest) {
    auto found = closed.find(source);
    Timestamp closed_to = found == closed.end() ? Timestamp::min() : found->second;
    if (closed_to > newest_row) continue;
    Timestamp from = std::max(closed_to, newest_row - keep);
    begin = begin ? std::min(*begin, from) : from;
  }
  return begin;
}

std::vector<DataFile> PlanSilver(const std::vector<DataFile>& files, const TimesBySource& closed, const TimesBySource& newest,
                                 std::chrono::hours keep) {
  std::vector<std::pair<Timestamp, const DataFile*>> by_time;
  for (const DataFile& file : files) {
    auto day = PartitionDay(file);
    Timestamp end_of_day = day ? Timestamp(*day) + std::chrono::hours(24) : Timestamp::max();
    by_time.emplace_back(MaxTimeOf(file, "api_timestamp").value_or(end_of_day), &file);
  }
  std::stable_sort(by_time.begin(), by_time.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::set<const DataFile*> chosen;
  auto begin = OpenTailBegin(closed, newest, keep);
  for (const auto& [time, file] : by_time) {
    if (!begin || time < *begin || chosen.size() >= kMaxSilverFiles) break;
    chosen.insert(file);
  }
  for (const auto& [source, newest_row] : newest) {
    std::size_t taken = 0;
    for (auto it = by_time.rbegin(); it != by_time.rend() && taken < kNewestFilesPerSource; ++it) {
      if (it->first < newest_row) continue;  // its newest row cannot be in here
      chosen.insert(it->second);
      ++taken;
    }
  }
  std::vector<DataFile> out;
  for (const DataFile* file : chosen) out.push_back(*file);
  return out;
}

}  // namespace cryptostream
