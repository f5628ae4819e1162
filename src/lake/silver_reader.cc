// Reading silver back by event time: for duplicates beyond memory, for windows that are recomputed, for the state at a start.
// Day partitions and the files' statistics say which files to open; the rest is filtered row by row.
#include "lake/silver_reader.h"

#include <arrow/api.h>

#include <algorithm>

#include "base/log.h"
#include "delta/data_file.h"
#include "delta/time_bounds.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

// The day of a silver file's partition; nullopt when the partition is not one of ours.
std::optional<Date> DayOf(const DataFile& file) {
  int year = 0, month = 0, day = 0;
  for (const PartitionValue& part : file.partition) {
    if (!part.value) return std::nullopt;
    int value = std::atoi(part.value->c_str());
    if (part.name == "year") year = value;
    if (part.name == "month") month = value;
    if (part.name == "day") day = value;
  }
  std::chrono::year_month_day ymd{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                  std::chrono::day(static_cast<unsigned>(day))};
  if (!ymd.ok()) return std::nullopt;
  return Date(ymd);
}

bool MayHold(const DataFile& file, TimeRange range) {
  if (auto day = DayOf(file); day && (Timestamp(*day) >= range.to || Timestamp(*day + std::chrono::days(1)) <= range.from)) {
    return false;
  }
  auto bounds = BoundsOf(file.stats_json, "api_timestamp");
  return !bounds || (bounds->min < range.to && bounds->max >= range.from);
}

}  // namespace

Status ReadSilver(const Snapshot& silver, const std::string& root_path, TimeRange range,
                  const std::function<Status(std::vector<Tick>)>& visit) {
  CS_ASSIGN(std::vector<DataFile> files, silver.Files());
  std::sort(files.begin(), files.end(), [](const DataFile& a, const DataFile& b) { return a.path < b.path; });
  for (const DataFile& file : files) {
    if (!MayHold(file, range)) continue;
    CS_ASSIGN(auto table, ReadDataFile(root_path, file, SilverLayout().schema));
    CS_ASSIGN(std::vector<Tick> ticks, Ticks(*table));
    std::erase_if(ticks, [&](const Tick& tick) { return !range.contains(tick.event_time); });
    if (!ticks.empty()) CS_TRY(visit(std::move(ticks)));
  }
  return {};
}

}  // namespace cryptostream
