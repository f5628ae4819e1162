#pragma once

#include <cstdint>
#include <string>

#include "base/stop.h"
#include "kafka/client.h"
#include "kafka/start_plan.h"

namespace cryptostream {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
};

// Whether a partition's event says that a record batch cannot be read: a wrong checksum, an unknown form.
bool IsDamage(rd_kafka_resp_err_t code);

// The offset at which a partition can be read again. In: `range`, at whose first offset lies a record batch that cannot be. Asks at offsets
// twice as far each time and then between, so of whole batches that lie between damaged ones some may be passed over; all of it is below
// the answer, range.end when nothing behind can be read. The caller assigns anew. Errors: Unavailable, Cancelled.
Result<std::int64_t> FirstReadable(const KafkaClient& client, const TopicPartition& at, OffsetRange range, StopToken stop);

}  // namespace cryptostream
