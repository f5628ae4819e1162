// From Arrow to the bytes of COPY ... (FORMAT binary). In: rows as they are in the lake's files. Out: pieces
// of about kPiece bytes. Binary, because text would cost the shortest decimal form of each double here and
// its parsing there, and because bits then stay bits. The form is in PostgreSQL's manual, page COPY: a head,
// for each row the number of fields and each field's length and bytes in network order, -1.
#include "sink/copy_rows.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <bit>

#include "base/text.h"

namespace cryptostream {
namespace {

constexpr std::size_t kPiece = 1 << 18;
constexpr std::string_view kHead("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
constexpr std::int64_t kEpochMicros = 946'684'800'000'000;  // 2000-01-01, where PostgreSQL's time begins
constexpr std::int32_t kEpochDays = 10'957;

template <class Integer>
void PutInteger(std::string& out, Integer value) {
  auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  char bytes[sizeof(bits)];
  for (std::size_t i = sizeof(bits); i-- > 0; bits = static_cast<decltype(bits)>(bits >> 7 >> 1))
    bytes[i] = static_cast<char>(bits & 0xff);
  out.append(bytes, sizeof(bytes));
}

template <class Integer>
void PutField(std::string& out, Integer value) {
  PutInteger(out, static_cast<std::int32_t>(sizeof(value)));
  PutInteger(out, value);
}

void PutField(std::string& out, double value) { PutField(out, std::bit_cast<std::int64_t>(value)); }

void PutNull(std::string& out) { PutInteger(out, std::int32_t{-1}); }

void PutBytesField(std::string& out, std::string_view bytes) {
  PutInteger(out, static_cast<std::int32_t>(bytes.size()));
  out += bytes;
}

bool IsPgText(std::string_view text) { return text.find('\0') == text.npos && IsUtf8(text); }

void PutText(std::string& out, std::string_view text) {
  IsPgText(text) ? PutBytesField(out, text) : PutBytesField(out, PgText(text));
}

// A moment that PostgreSQL can hold: all that the lake can hold is among them.
void PutTime(std::string& out, std::int64_t micros) { PutField(out, micros - kEpochMicros); }

// A column of a batch: its array, found by "name" or "name.member".
Result<std::shared_ptr<arrow::Array>> FindColumn(const arrow::RecordBatch& rows, const std::string& from) {
  auto dot = from.find('.');
  auto column = rows.GetColumnByName(from.substr(0, dot));
  if (column && dot != from.npos) {
    column = column->type_id() == arrow::Type::STRUCT
                 ? static_cast<const arrow::StructArray&>(*column).GetFieldByName(from.substr(dot + 1))
                 : nullptr;
  }
  if (!column) return Corrupt("a column is missing in the lake's file: column=" + from);
  return column;
}

arrow::Type::type TypeOf(PgType type) {
  switch (type) {
    case PgType::kText: return arrow::Type::STRING;
    case PgType::kDouble: return arrow::Type::DOUBLE;
    case PgType::kLong: return arrow::Type::INT64;
    case PgType::kInt: return arrow::Type::INT32;
    case PgType::kTime: return arrow::Type::TIMESTAMP;
    case PgType::kDate: return arrow::Type::DATE32;
    case PgType::kBytes: return arrow::Type::BINARY;
  }
  return arrow::Type::NA;
}

void PutValue(std::string& out, PgType type, const arrow::Array& column, std::int64_t row) {
  switch (type) {
    case PgType::kText: return PutText(out, static_cast<const arrow::StringArray&>(column).GetView(row));
    case PgType::kDouble: return PutField(out, static_cast<const arrow::DoubleArray&>(column).Value(row));
    case PgType::kLong: return PutField(out, static_cast<const arrow::Int64Array&>(column).Value(row));
    case PgType::kInt: return PutField(out, static_cast<const arrow::Int32Array&>(column).Value(row));
    case PgType::kTime: return PutTime(out, static_cast<const arrow::TimestampArray&>(column).Value(row));
    case PgType::kDate: return PutField(out, static_cast<const arrow::Date32Array&>(column).Value(row) - kEpochDays);
    case PgType::kBytes: return PutBytesField(out, static_cast<const arrow::BinaryArray&>(column).GetView(row));
  }
}

void PutOptional(std::string& out, double value) { IsNull(value) ? PutNull(out) : PutField(out, value); }

}  // namespace

std::string PgText(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t good = 1;  // the length of the character that it begins with
    while (good <= std::min<std::size_t>(4, text.size()) && !IsPgText(text.substr(0, good))) ++good;
    if (good <= std::min<std::size_t>(4, text.size())) {
      out += text.substr(0, good);
      text.remove_prefix(good);
    } else {
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
    }
  }
  return out;
}

CopyRows::CopyRows(std::vector<TargetColumn> columns, std::string interval, PutBytes put)
    : columns_(std::move(columns)), interval_(std::move(interval)), put_(std::move(put)), buffer_(kHead) {}

Status CopyRows::Flush() {
  Status taken = put_(buffer_);
  buffer_.clear();
  return taken;
}

Status CopyRows::BeginRow() {
  if (buffer_.size() >= kPiece) CS_TRY(Flush());
  PutInteger(buffer_, static_cast<std::int16_t>(columns_.size()));
  ++rows_;
  return {};
}

Status CopyRows::Add(const arrow::Table& rows) {
  arrow::TableBatchReader batches(rows);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (batches.ReadNext(&batch).ok() && batch) CS_TRY(AddBatch(*batch));
  return {};
}

Status CopyRows::AddBatch(const arrow::RecordBatch& rows) {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const TargetColumn& column : columns_) {
    arrays.push_back(nullptr);
    if (column.from.empty()) continue;
    CS_ASSIGN(arrays.back(), FindColumn(rows, column.from));
    if (arrays.back()->type_id() != TypeOf(column.type)) {
      return Corrupt("a column has another type in the lake's file: column=" + column.from +
                     " type=" + arrays.back()->type()->ToString());
    }
  }
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    CS_TRY(BeginRow());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!arrays[i]) {
        PutBytesField(buffer_, interval_);
      } else if (arrays[i]->IsValid(row)) {
        PutValue(buffer_, columns_[i].type, *arrays[i], row);
      } else if (columns_[i].never_null) {
        PutBytesField(buffer_, "");
      } else {
        PutNull(buffer_);
      }
    }
  }
  return {};
}

Status CopyRows::Add(const Tick& newest) {
  CS_TRY(BeginRow());
  PutText(buffer_, newest.coin.str());
  PutText(buffer_, newest.source.str());
  PutText(buffer_, newest.quote.str());
  PutField(buffer_, newest.price);
  PutTime(buffer_, ToMicros(newest.event_time));
  newest.is_trade() ? PutField(buffer_, newest.trade_id) : PutNull(buffer_);
  newest.ingested == kNoTime ? PutNull(buffer_) : PutTime(buffer_, ToMicros(newest.ingested));
  for (double value : {newest.volume_24h, newest.market_cap, newest.price_change_24h, newest.price_change_percentage_24h}) {
    PutOptional(buffer_, value);
  }
  return {};
}

Status CopyRows::End() {
  PutInteger(buffer_, std::int16_t{-1});
  return Flush();
}

}  // namespace cryptostream
