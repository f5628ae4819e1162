#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/stop.h"
#include "kafka/client.h"

namespace cryptostream {

// A record as bronze holds it.
struct StoredRecord {
  std::int64_t offset = 0;
  std::optional<std::string> key;
  std::string value;
};

// Reads the records at the given offsets again and compares them with what bronze holds. Leaves the client with nothing assigned.
// Out: the partitions where another record lies there, in words. A record that is no longer there (compacted away, deleted) says nothing.
// Errors: Unavailable, Cancelled.
Result<std::map<std::int32_t, std::string>> FindDifferingRecords(const KafkaClient& client, const std::string& topic,
                                                                 const std::map<std::int32_t, StoredRecord>& stored,
                                                                 StopToken stop);

}  // namespace cryptostream
