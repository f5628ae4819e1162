// What a source refuses: the bytes as they came, bounded, with the reason, so that a person can look and a later version replay.
#include "source/reject.h"

namespace cryptostream {

void AddReject(RawBatch& batch, std::int64_t offset, std::string reason, std::string_view bytes, Timestamp received,
               std::size_t limit_bytes) {
  Reject reject;
  reject.source = batch.source;
  reject.topic = batch.topic;
  reject.partition = batch.partition;
  reject.offset = offset;
  reject.stage = "source";
  reject.reason = std::move(reason);
  reject.value = bytes.substr(0, limit_bytes);
  reject.received = received;
  reject.position = offset + 1;
  batch.rejects.push_back(std::move(reject));
}

}  // namespace cryptostream
