#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delta/snapshot.h"

namespace cryptostream {

// The folder of a partition below the table's root, written as Hive and Spark do: "date=2024-08-08",
// "source=a%2Fb", null as __HIVE_DEFAULT_PARTITION__; "" for a table without partition columns.
std::string PartitionFolder(const std::vector<PartitionValue>& partition);

// The day of a file's partition (`date`, or `year`, `month`, `day`); nullopt where the log does not say one.
std::optional<Date> PartitionDay(const DataFile& file);

// A path as a URI's, as the log has it: what Hadoop's Path.toUri() encodes, and every byte beyond ASCII.
std::string EncodeUriPath(std::string_view path);

}  // namespace cryptostream
