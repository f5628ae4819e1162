// Records of a topic in, batches for bronze out. Values go on byte for byte. What a string column cannot hold at all (a record without
// a value, a key that is no text) is set aside here with its offset; what is too large or not UTF-8 bronze itself refuses. A batch has one
// source because bronze's column is the batch's: a change of source starts another, which costs nothing while sources come in runs.
#include "kafka/topic_batch.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "base/text.h"
#include "kafka/record_headers.h"
#include "market/name.h"

namespace cryptostream {
namespace {

constexpr std::chrono::seconds kLiveAge{30};  // an older record is history, not news for the page

constexpr std::size_t kLongestSender = 64;

std::optional<Timestamp> TimeOf(std::string_view micros) {
  constexpr std::int64_t kEndOf9999 = 253'402'300'799'999'999;
  auto value = IntegerOf<std::int64_t>(micros);
  return value && *value >= 0 && *value <= kEndOf9999 ? std::optional(FromMicros(*value)) : std::nullopt;
}

// The mark's own name, "<sender>/<number>".
MarkId MarkOf(const ReadRecord& record) {
  std::string_view text = record.Header(kMarkHeader);
  auto slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash > kLongestSender || !IsUtf8(text)) return {};
  auto number = IntegerOf<std::int64_t>(text.substr(slash + 1));
  if (!number || *number <= 0 || *number == std::numeric_limits<std::int64_t>::max()) return {};
  return {std::string(text.substr(0, slash)), *number};
}

bool IsLive(const ReadRecord& record, Timestamp received) { return !record.time || received - *record.time < kLiveAge; }

}  // namespace

PartitionBatches::PartitionBatches(std::string topic, std::int32_t partition, std::string position_id, std::int64_t next)
    : topic_(std::move(topic)), partition_(partition), position_id_(std::move(position_id)), next_(next), told_(next) {}

RawBatch& PartitionBatches::Open(std::string_view source) {
  if (open_ && open_->source != source) Close();
  if (!open_) {
    open_ = std::make_shared<RawBatch>();
    open_->source = source;
    open_->topic = topic_;
    open_->partition = partition_;
    open_->position_id = position_id_;
    open_->Reserve(usual_rows_, usual_bytes_);
  }
  return *open_;
}

void PartitionBatches::Close() {
  if (!open_) return;
  usual_rows_ = open_->rows();
  usual_bytes_ = open_->bytes();
  open_->next_position = next_;
  closed_.push_back(std::move(open_));
  open_ = nullptr;
}

void PartitionBatches::Add(const ReadRecord& record, Timestamp received) {
  if (record.offset < next_) return;
  if (next_ > 0) TellGaps();
  std::string_view source = record.Header(kSourceHeader);
  std::string_view kind = record.Header(kKindHeader);
  if (kind == kGapKind) Close();
  bool same = open_ && open_->source == source;
  RawBatch& batch = Open(same || IsValidName(source) ? source : kDefaultSource);
  if (kind == kGapKind) {
    AddGapRecord(batch, record, received);
  } else if (kind == kRejectKind) {
    AddReject(batch, record, record.Header(kReasonHeader), received);
  } else if (!record.value) {
    AddReject(batch, record, "no_value", received);
  } else if (record.key && !IsUtf8(*record.key)) {
    AddReject(batch, record, "not_utf8: key", received);
  } else {
    batch.Add({record.key, *record.value, received, record.offset});
  }
  batch.live = IsLive(record, received);
  next_ = record.offset + 1;
  bytes_ += record.value.value_or("").size() + record.key.value_or("").size();
  ++rows_;
  if (kind == kGapKind) Close();
  if (!gaps_.empty()) TellGaps();
}

// Gaps go in a batch that is cut the same way whenever this is read again: bronze knows by its position that they are written.
void PartitionBatches::TellGaps() {
  if (gaps_.empty()) return;
  RawBatch& batch = Open(open_ ? std::string(open_->source) : kDefaultSource);
  std::move(gaps_.begin(), gaps_.end(), std::back_inserter(batch.gaps));
  gaps_.clear();
  Close();
}

void PartitionBatches::AddReject(RawBatch& batch, const ReadRecord& record, std::string_view reason, Timestamp received) const {
  std::string words = IsUtf8(reason) && !reason.empty() ? std::string(reason) : "rejected";
  std::string_view value = record.value.value_or("").substr(0, Reject::kMaxRejectBytes);
  std::optional<std::string> key;
  if (record.key) key = std::string(*record.key);
  batch.rejects.push_back({batch.source, topic_, partition_, record.offset, "source", std::move(words), std::string(value),
                           TimeOf(record.Header(kReceivedHeader)).value_or(received), record.offset + 1, std::move(key),
                           MarkOf(record)});
}

// A time without input, told by the producer.
void PartitionBatches::AddGapRecord(RawBatch& batch, const ReadRecord& record, Timestamp received) const {
  Gap gap;
  gap.source = batch.source;
  gap.topic = topic_;
  gap.partition = partition_;
  gap.from_time = TimeOf(record.Header(kFromTimeHeader));
  gap.to_time = TimeOf(record.Header(kToTimeHeader));
  gap.reason = Printable(record.Header(kReasonHeader));
  gap.detected_at = TimeOf(record.Header(kReceivedHeader)).value_or(received);
  gap.mark = MarkOf(record);
  batch.gaps.push_back(std::move(gap));
}

void PartitionBatches::Skip(std::int64_t next) { next_ = std::max(next_, next); }

// Position 0 is the same as none: what hangs on it waits for the first record.
bool PartitionBatches::HasNews() const { return next_ != told_ || (!gaps_.empty() && next_ > 0); }

std::vector<std::shared_ptr<RawBatch>> PartitionBatches::Take() {
  if (next_ > 0) TellGaps();
  if (!open_ && closed_.empty() && next_ != told_) Open(kDefaultSource);
  if (!open_ && !closed_.empty() && closed_.back()->next_position < next_) Open(closed_.back()->source);
  Close();
  told_ = next_;
  bytes_ = rows_ = 0;
  return std::exchange(closed_, {});
}

void PartitionBatches::Forget() {
  open_ = nullptr;
  closed_.clear();
  bytes_ = rows_ = 0;
  next_ = told_;
}

}  // namespace cryptostream
