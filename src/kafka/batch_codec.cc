// A batch in the spool's form. Numbers are 8 bytes, little end first; texts and lists begin with their length; a value that may be absent
// begins with 0 or 1. Nothing is left to the reader's machine, and nothing is compressed: the spool is short-lived.
#include "kafka/batch_codec.h"

namespace cryptostream {
namespace {

class Writer {
 public:
  explicit Writer(std::size_t expected) { out_.reserve(expected); }

  void Number(std::int64_t value) {
    char eight[8];
    for (int i = 0; i < 8; ++i) eight[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
    out_.append(eight, sizeof eight);
  }
  void Text(std::string_view text) {
    Number(static_cast<std::int64_t>(text.size()));
    out_ += text;
  }
  void Flag(bool flag) { out_ += flag ? '\1' : '\0'; }
  template <class T, class Write>
  void Optional(const std::optional<T>& value, Write write) {
    Flag(value.has_value());
    if (value) write(*value);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what Writer wrote; after anything impossible it stays `broken` and gives empty values.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::int64_t Number() {
    std::uint64_t value = 0;
    std::string_view eight = Bytes(8);
    for (std::size_t i = 0; i < eight.size(); ++i) value |= std::uint64_t{static_cast<unsigned char>(eight[i])} << (8 * i);
    return static_cast<std::int64_t>(value);
  }
  std::string_view Text() { return Bytes(static_cast<std::uint64_t>(Number())); }
  bool Flag() {
    std::string_view one = Bytes(1);
    broken_ |= !one.empty() && one[0] != '\0' && one[0] != '\1';
    return !one.empty() && one[0] == '\1';
  }
  // The length of a list whose items take at least `least` bytes each.
  std::size_t Count(std::size_t least) {
    auto count = static_cast<std::uint64_t>(Number());
    broken_ |= count > bytes_.size() / least;
    return broken_ ? 0 : count;
  }
  bool broken() const { return broken_; }
  bool done() const { return !broken_ && bytes_.empty(); }

 private:
  std::string_view Bytes(std::uint64_t size) {
    if (size > bytes_.size()) broken_ = true;
    if (broken_) return {};
    std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
  bool broken_ = false;
};

void WriteReject(Writer& out, const Reject& reject) {
  out.Text(reject.source);
  out.Text(reject.topic);
  out.Number(reject.partition);
  out.Number(reject.offset);
  out.Text(reject.stage);
  out.Text(reject.reason);
  out.Text(reject.value);
  out.Number(ToMicros(reject.received));
  out.Number(reject.position);
}

Reject ReadReject(Reader& in) {
  Reject reject;
  reject.source = in.Text();
  reject.topic = in.Text();
  reject.partition = static_cast<std::int32_t>(in.Number());
  reject.offset = in.Number();
  reject.stage = in.Text();
  reject.reason = in.Text();
  reject.value = in.Text();
  reject.received = FromMicros(in.Number());
  reject.position = in.Number();
  return reject;
}

void WriteGap(Writer& out, const Gap& gap) {
  auto number = [&](std::int64_t value) { out.Number(value); };
  auto time = [&](Timestamp value) { out.Number(ToMicros(value)); };
  out.Text(gap.source);
  out.Text(gap.topic);
  out.Number(gap.partition);
  out.Optional(gap.from_offset, number);
  out.Optional(gap.to_offset, number);
  out.Optional(gap.from_time, time);
  out.Optional(gap.to_time, time);
  out.Text(gap.reason);
  out.Number(ToMicros(gap.detected_at));
}

Gap ReadGap(Reader& in) {
  Gap gap;
  gap.source = in.Text();
  gap.topic = in.Text();
  gap.partition = static_cast<std::int32_t>(in.Number());
  if (in.Flag()) gap.from_offset = in.Number();
  if (in.Flag()) gap.to_offset = in.Number();
  if (in.Flag()) gap.from_time = FromMicros(in.Number());
  if (in.Flag()) gap.to_time = FromMicros(in.Number());
  gap.reason = in.Text();
  gap.detected_at = FromMicros(in.Number());
  return gap;
}

}  // namespace

std::string EncodeBatch(const RawBatch& batch) {
  constexpr std::size_t kBesideTexts = 33, kBesideRows = 1024;
  Writer out(batch.bytes() + batch.rows() * kBesideTexts + kBesideRows);
  out.Text(batch.source);
  out.Text(batch.topic);
  out.Number(batch.partition);
  out.Text(batch.position_id);
  out.Number(batch.next_position);
  out.Flag(batch.end_of_input);
  out.Flag(batch.live);
  out.Number(static_cast<std::int64_t>(batch.rows()));
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    RawBatch::Row row = batch.row(i);
    out.Optional(row.key, [&](std::string_view key) { out.Text(key); });
    out.Text(row.value);
    out.Number(ToMicros(row.received));
    out.Number(row.offset);
  }
  out.Number(static_cast<std::int64_t>(batch.rejects.size()));
  for (const Reject& reject : batch.rejects) WriteReject(out, reject);
  out.Number(static_cast<std::int64_t>(batch.gaps.size()));
  for (const Gap& gap : batch.gaps) WriteGap(out, gap);
  return out.Take();
}

Result<RawBatch> DecodeBatch(std::string_view bytes) {
  constexpr std::size_t kLeastItem = 25;  // a row without key and value
  Reader in(bytes);
  RawBatch batch;
  batch.source = in.Text();
  batch.topic = in.Text();
  batch.partition = static_cast<std::int32_t>(in.Number());
  batch.position_id = in.Text();
  batch.next_position = in.Number();
  batch.end_of_input = in.Flag();
  batch.live = in.Flag();
  for (std::size_t left = in.Count(kLeastItem); left > 0 && !in.broken(); --left) {
    RawBatch::Row row;
    if (in.Flag()) row.key = in.Text();
    row.value = in.Text();
    row.received = FromMicros(in.Number());
    row.offset = in.Number();
    if (!in.broken()) batch.Add(row);
  }
  for (std::size_t left = in.Count(kLeastItem); left > 0 && !in.broken(); --left) batch.rejects.push_back(ReadReject(in));
  for (std::size_t left = in.Count(kLeastItem); left > 0 && !in.broken(); --left) batch.gaps.push_back(ReadGap(in));
  if (!in.done()) return Corrupt("not a batch: bytes=" + std::to_string(bytes.size()));
  return batch;
}

}  // namespace cryptostream
