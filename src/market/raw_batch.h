#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace cryptostream {

// A mark's own name: who set it aside, and its number there, which only grows. Empty where a message was rejected in its place.
struct MarkId {
  std::string sender;
  std::int64_t number = 0;
};

// A message that could not become a row, kept whole (bounded) with the reason.
struct Reject {
  std::string source;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;  // of the message in its partition
  std::string stage;        // "source", "bronze", "silver"
  std::string reason;       // a RejectReason's text, perhaps ": detail"
  std::string value;        // the original bytes, at most kMaxRejectBytes
  Timestamp received;
  std::int64_t position = 0;                      // the stage's position that covers this row
  std::optional<std::string> key = std::nullopt;  // of a topic's record, for the dead letters; quarantine has no column for it
  MarkId mark = {};                               // for the dedup on the way into quarantine, like the key without a column

  static constexpr std::size_t kMaxRejectBytes = 1 << 20;
};

// A rejected message of a topic on its way to the topic of dead letters: the record's own bytes and key.
struct DeadLetter {
  std::string source;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string stage, reason;
  std::optional<std::string> key;
  std::string value;
};

// What is missing: a source that was down, a sequence gap, lost offsets.
struct Gap {
  std::string source;
  std::string topic;
  std::int32_t partition = 0;
  std::optional<std::int64_t> from_offset, to_offset;  // [from, to)
  std::optional<Timestamp> from_time, to_time;
  std::string reason;
  Timestamp detected_at;
  MarkId mark;  // as of a reject
};

// Messages of one partition in order, as received, with the position that they reach. Values lie end to end in one buffer
// with their end offsets beside it: no allocation a row, and Arrow takes the buffers as they are.
class RawBatch {
 public:
  struct Row {
    std::optional<std::string_view> key;
    std::string_view value;
    Timestamp received;
    std::int64_t offset;
  };

  std::string source;  // venue and market, the bronze column
  std::string topic;   // Kafka topic, or the file's name, or empty
  std::int32_t partition = 0;
  std::string position_id;         // appId of the position, without the prefix "cryptostream/": "bronze/direct/coingecko"
  std::int64_t next_position = 0;  // version of that appId once this batch is committed
  std::map<std::string, std::int64_t> begins;  // further positions for the same commit: where reading of other partitions begins
  bool end_of_input = false;                   // nothing follows: commit now
  bool live = true;                            // a fresh price, to be shown before it is durable
  std::vector<Reject> rejects;                 // messages that cannot be bronze rows
  std::vector<Gap> gaps;

  // A batch of a fast source has about so much.
  static constexpr std::size_t kFullRows = 50'000, kFullBytes = 4 << 20;

  void Add(const Row& row);
  // Makes room for so many more rows and bytes of values, where the caller knows: growing piece by piece touches fresh pages.
  void Reserve(std::size_t rows, std::size_t bytes);
  Row row(std::size_t i) const {
    std::optional<std::string_view> key;
    if (has_keys() && has_key_[i]) key = Slice(keys_, key_ends_, i);
    return {key, Slice(values_, value_ends_, i), received_[i], offsets_[i]};
  }
  std::size_t rows() const { return offsets_.size(); }
  std::size_t bytes() const { return values_.size() + keys_.size(); }
  // What it takes of a queue's room, in rows; a full batch takes kFullRows, the smallest one a hundredth of that.
  std::size_t weight() const { return std::max({rows(), bytes() / (kFullBytes / kFullRows), kFullRows / 100}); }
  bool empty() const { return rows() == 0 && rejects.empty() && gaps.empty(); }
  bool has_keys() const { return keyed_rows_ > 0; }
  // Whether every value is UTF-8 of at most `max_bytes`: a quick look at all of them at once.
  bool AllText(std::size_t max_bytes) const;
  // An empty batch of the same source, topic, partition and position id.
  RawBatch Like() const;

  // The columns as Arrow lays them out: rows()+1 ends of values, the first one 0.
  const std::string& values() const { return values_; }
  const std::vector<std::int32_t>& value_ends() const { return value_ends_; }
  const std::vector<Timestamp>& received() const { return received_; }
  const std::vector<std::int64_t>& offsets() const { return offsets_; }

 private:
  static std::string_view Slice(const std::string& bytes, const std::vector<std::int32_t>& ends, std::size_t i) {
    return {bytes.data() + ends[i], static_cast<std::size_t>(ends[i + 1] - ends[i])};
  }

  std::string values_, keys_;
  std::vector<std::int32_t> value_ends_{0}, key_ends_{0};
  std::vector<bool> has_key_;
  std::size_t keyed_rows_ = 0;
  std::vector<Timestamp> received_;
  std::vector<std::int64_t> offsets_;
};

// A batch that is on its way: shared by the stages, changed by none.
using RawBatchPtr = std::shared_ptr<const RawBatch>;

// Of what points to a batch, for a BoundedQueue of those: many small batches (of many partitions) may wait as well as a few full ones.
struct BatchWeight {
  template <class Item>
  std::size_t operator()(const Item& item) const {
    return item->weight();
  }
};

// Bronze rows as the table has them: by the date of receiving, then as they came.
using DatedBatches = std::map<Date, std::vector<RawBatchPtr>>;

// Adds the batch's rows to their dates; a batch received within one day is shared as it is.
void AddByDate(RawBatchPtr batch, DatedBatches& out);

}  // namespace cryptostream
