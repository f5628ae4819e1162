// What the shuffle carries: columns of many rows as one value, so that Spark moves bytes and never looks at a row.
#include "cluster/tick_blob.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/api.h>
#include <arrow/util/compression.h>

#include <cstring>

#include "market/columns.h"

namespace cryptostream {
namespace {

constexpr int kIdsTogether = 12;  // bits

// FNV-1a: the same on every machine.
class BucketHash {
 public:
  void Add(std::string_view text) {
    for (char c : text) Byte(static_cast<unsigned char>(c));
    Byte(0);
  }
  void Add(std::int64_t value) {
    for (int i = 0; i < 64; i += 8) Byte(static_cast<unsigned char>(value >> i));
  }
  // Mixed once more (murmur3's end): FNV's low bits depend on the low bits alone, and a bucket is a remainder.
  std::uint64_t value() const {
    std::uint64_t mixed = (hash_ ^ hash_ >> 33) * 0xFF51AFD7ED558CCDu;
    mixed = (mixed ^ mixed >> 33) * 0xC4CEB9FE1A85EC53u;
    return mixed ^ mixed >> 33;
  }

 private:
  void Byte(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001B3u; }
  std::uint64_t hash_ = 0xCBF29CE484222325u;
};

std::unexpected<Error> ArrowFailed(const arrow::Status& status) { return Unavailable("arrow: " + status.ToString()); }

Result<std::shared_ptr<arrow::Table>> WithOrigins(const std::shared_ptr<arrow::Table>& table,
                                                  const std::vector<OriginTick>& ticks) {
  arrow::Int64Builder order;
  arrow::Int32Builder partition;
  for (const OriginTick& each : ticks) {
    if (auto added = order.Append(each.order) & partition.Append(each.partition); !added.ok()) return ArrowFailed(added);
  }
  auto orders = order.Finish(), partitions = partition.Finish();
  if (!orders.ok()) return ArrowFailed(orders.status());
  if (!partitions.ok()) return ArrowFailed(partitions.status());
  auto wider = table->AddColumn(0, arrow::field("order", arrow::int64()), std::make_shared<arrow::ChunkedArray>(*orders));
  if (wider.ok()) {
    wider = (*wider)->AddColumn(0, arrow::field("partition", arrow::int32()), std::make_shared<arrow::ChunkedArray>(*partitions));
  }
  if (!wider.ok()) return ArrowFailed(wider.status());
  return *std::move(wider);
}

Result<std::shared_ptr<arrow::Table>> TableOf(std::string_view bytes) {
  arrow::io::BufferReader input(std::make_shared<arrow::Buffer>(bytes));
  auto reader = arrow::ipc::RecordBatchStreamReader::Open(&input);
  if (!reader.ok()) return ArrowFailed(reader.status());
  auto table = (*reader)->ToTable();
  if (!table.ok()) return ArrowFailed(table.status());
  auto whole = (*table)->CombineChunks();
  if (!whole.ok()) return ArrowFailed(whole.status());
  return *std::move(whole);
}

}  // namespace

std::int32_t BucketOf(const Tick& tick, std::int32_t buckets) {
  BucketHash hash;
  hash.Add(tick.source.str());
  if (tick.is_trade()) {
    hash.Add(tick.symbol.str());
    hash.Add(tick.trade_id >> kIdsTogether);
  } else {
    if (!tick.is_bar() || tick.symbol.empty()) hash.Add(tick.coin.str());
    if (tick.is_bar()) hash.Add(tick.symbol.str());
    hash.Add(ToMicros(WindowStart(tick.is_bar() ? tick.bar_start() : tick.event_time)));
  }
  return static_cast<std::int32_t>(hash.value() % static_cast<std::uint64_t>(buckets));
}

Result<std::string> EncodeTicks(const std::vector<OriginTick>& ticks) {
  std::vector<Tick> alone;
  alone.reserve(ticks.size());
  for (const OriginTick& each : ticks) alone.push_back(each.tick);
  CS_ASSIGN(std::vector<PartitionRows> parts, SilverColumns(alone));
  if (parts.size() != 1) return Internal("ticks of more than one day in a bucket");
  CS_ASSIGN(auto table, WithOrigins(parts.front().rows, ticks));
  auto sink = arrow::io::BufferOutputStream::Create();
  if (!sink.ok()) return ArrowFailed(sink.status());
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  auto codec = arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME);
  if (!codec.ok()) return ArrowFailed(codec.status());
  options.codec = *std::move(codec);
  auto writer = arrow::ipc::MakeStreamWriter(*sink, table->schema(), options);
  if (!writer.ok()) return ArrowFailed(writer.status());
  if (auto wrote = (*writer)->WriteTable(*table); !wrote.ok()) return ArrowFailed(wrote);
  if (auto closed = (*writer)->Close(); !closed.ok()) return ArrowFailed(closed);
  auto bytes = (*sink)->Finish();
  if (!bytes.ok()) return ArrowFailed(bytes.status());
  return (*bytes)->ToString();
}

Status DecodeTicks(std::string_view bytes, const SourceQuotes& quotes, std::vector<OriginTick>& out) {
  CS_ASSIGN(auto table, TableOf(bytes));
  auto orders = table->GetColumnByName("order"), partitions = table->GetColumnByName("partition");
  if (!orders || !partitions) return Invalid("a bucket has no origins");
  CS_ASSIGN(std::vector<Tick> ticks, Ticks(*table, quotes));
  if (ticks.empty()) return {};
  auto order = std::dynamic_pointer_cast<arrow::Int64Array>(orders->chunk(0));
  auto partition = std::dynamic_pointer_cast<arrow::Int32Array>(partitions->chunk(0));
  if (!order || !partition) return Invalid("a bucket's origins are of another type");
  out.reserve(out.size() + ticks.size());
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    auto at = static_cast<std::int64_t>(i);
    out.push_back({std::move(ticks[i]), order->Value(at), partition->Value(at)});
  }
  return {};
}

namespace {

void AppendText(std::string_view text, std::string& out) {
  out.push_back(static_cast<char>(text.size()));  // names have at most 128 bytes
  out += text;
}

Result<Name> TakeName(std::string_view& bytes) {
  auto size = bytes.empty() ? 0 : static_cast<std::size_t>(static_cast<unsigned char>(bytes.front()));
  if (bytes.size() < size + 1) return Corrupt("a window's key is cut off");
  Name name(bytes.substr(1, size));
  bytes.remove_prefix(size + 1);
  return name;
}

}  // namespace

void AppendWindow(const WindowKey& key, const WindowAccumulator& window, std::string& out) {
  for (Name name : {key.coin, key.source, key.quote}) AppendText(name.str(), out);
  const std::int64_t start = ToMicros(key.start);
  out.append(reinterpret_cast<const char*>(&start), sizeof start);
  window.AppendTo(out);
}

Result<std::vector<std::pair<WindowKey, WindowAccumulator>>> WindowsOf(std::string_view bytes) {
  std::vector<std::pair<WindowKey, WindowAccumulator>> windows;
  while (!bytes.empty()) {
    WindowKey key;
    CS_ASSIGN(key.coin, TakeName(bytes));
    CS_ASSIGN(key.source, TakeName(bytes));
    CS_ASSIGN(key.quote, TakeName(bytes));
    std::int64_t start = 0;
    if (bytes.size() < sizeof start) return Corrupt("a window's key is cut off");
    std::memcpy(&start, bytes.data(), sizeof start);
    bytes.remove_prefix(sizeof start);
    key.start = FromMicros(start);
    CS_ASSIGN(WindowAccumulator window, WindowAccumulator::TakeFrom(bytes));
    windows.emplace_back(key, std::move(window));
  }
  return windows;
}

}  // namespace cryptostream
