#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "delta/partition.h"
#include "delta/snapshot.h"

namespace cryptostream {

using TimesBySource = std::map<std::string, Timestamp>;

// Greatest value of a timestamp column in a file, from the log's statistics (rounded up to their resolution); nullopt where there is none.
std::optional<Timestamp> MaxTimeOf(const DataFile& file, const std::string& column);

// Which of gold's files to read into memory at start, and from when on memory is complete then.
struct GoldPlan {
  std::vector<DataFile> files;
  TimesBySource complete_from;  // kNoTime: everything
  Timestamp others_complete_from = Timestamp::min();
};
// In: the live files; the newest event time of each source; how much to keep. Older days come along while they are cheap,
// so that a source with one row a day has a history too.
GoldPlan PlanGold(const std::vector<DataFile>& files, const TimesBySource& newest, std::chrono::hours keep);

// Where the open tail of silver begins: rows with an earlier event time are in closed windows only. nullopt: nothing is open.
std::optional<Timestamp> OpenTailBegin(const TimesBySource& closed, const TimesBySource& newest, std::chrono::hours keep);
// Which of silver's files hold the open tail, and each source's newest rows.
std::vector<DataFile> PlanSilver(const std::vector<DataFile>& files, const TimesBySource& closed, const TimesBySource& newest,
                                 std::chrono::hours keep);

}  // namespace cryptostream
