#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kafka/read_record.h"
#include "market/raw_batch.h"

namespace cryptostream {

// The venue of messages that name none, in a header or in themselves: the original's.
inline constexpr const char* kDefaultSource = "coingecko";

// One partition's records on their way to bronze: cut into batches, each of one source, with the position that it reaches.
class PartitionBatches {
 public:
  // In: the topic, the partition, the id of its position, and the next offset to take.
  PartitionBatches(std::string topic, std::int32_t partition, std::string position_id, std::int64_t next);

  // Takes a record; one below the next offset was taken before and is left out. What cannot be a bronze row becomes a reject.
  void Add(const ReadRecord& record, Timestamp received);
  // Everything below `next` was read: control records and records that were compacted away bring no row.
  void Skip(std::int64_t next);
  // Sends `gap` on with the first position that there is.
  void AddGap(Gap gap) { gaps_.push_back(std::move(gap)); }

  // True when Take would give something.
  bool HasNews() const;
  // Takes what has gathered, in order; the last one reaches next(). Empty when there is nothing to tell.
  std::vector<std::shared_ptr<RawBatch>> Take();
  // Forgets what has gathered since the last Take and goes back to what it reached.
  void Forget();

  std::int32_t partition() const { return partition_; }
  const std::string& position_id() const { return position_id_; }
  std::int64_t next() const { return next_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t rows() const { return rows_; }

 private:
  RawBatch& Open(std::string_view source);
  void Close();
  void TellGaps();
  void AddReject(RawBatch& batch, const ReadRecord& record, std::string_view reason, Timestamp received) const;
  void AddGapRecord(RawBatch& batch, const ReadRecord& record, Timestamp received) const;

  const std::string topic_;
  const std::int32_t partition_;
  const std::string position_id_;
  std::int64_t next_;  // offset that follows what was taken
  std::int64_t told_;  // up to here batches were handed on
  std::shared_ptr<RawBatch> open_;
  std::vector<std::shared_ptr<RawBatch>> closed_;
  std::vector<Gap> gaps_;
  std::size_t bytes_ = 0, rows_ = 0;
  std::size_t usual_rows_ = 0, usual_bytes_ = 0;  // of the batch before, for which room is made
};

}  // namespace cryptostream
