// Statistics of a data file, computed from the rows in memory while they are at hand. Readers skip files by them (DuckDB,
// Spark, our own catch-up), so a wrong bound loses rows silently: every bound is taken from the data, never assumed.
// Rejected: reading them back from the Parquet footer (its strings may be cut, its timestamps have no rounding rule) and
// Arrow's compute kernels (a second library for five loops).
#include "delta/statistics.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>

#include "base/time.h"

namespace cryptostream {
namespace {

bool HasStatistics(const arrow::Field& field) {
  switch (field.type()->id()) {
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::DATE32:
    case arrow::Type::TIMESTAMP: return true;
    case arrow::Type::STRING: return field.name() == "coin_id";
    default: return false;
  }
}

// The three objects of the statistics while they are put together.
struct Bounds {
  std::string min, max, nulls;
};

void AppendMember(std::string* object, const std::string& name, const std::string& value) {
  if (!object->empty()) object->push_back(',');
  object->append(fmt::format("{}:{}", JsonString(name), value));
}

std::string Instant(std::int64_t us, bool up) {
  Timestamp at = FromMicros(us);
  auto ms = up ? std::chrono::ceil<std::chrono::milliseconds>(at) : std::chrono::floor<std::chrono::milliseconds>(at);
  return JsonString(FormatRfc3339(ms));
}

std::string Text(const arrow::DataType& type, std::int64_t value, bool up) {
  if (type.id() == arrow::Type::TIMESTAMP) return Instant(value, up);
  if (type.id() == arrow::Type::DATE32) return JsonString(FormatDate(Date(std::chrono::days(value))));
  return std::to_string(value);
}

template <class ArrayType>
std::optional<std::pair<std::int64_t, std::int64_t>> IntegerRange(const arrow::ArrayVector& chunks) {
  std::int64_t low = std::numeric_limits<std::int64_t>::max(), high = std::numeric_limits<std::int64_t>::min();
  for (const auto& chunk : chunks) {
    const auto& array = static_cast<const ArrayType&>(*chunk);
    for (std::int64_t i = 0; i < array.length(); ++i) {
      if (array.IsNull(i)) continue;
      low = std::min<std::int64_t>(low, array.Value(i));
      high = std::max<std::int64_t>(high, array.Value(i));
    }
  }
  if (low > high) return std::nullopt;
  return std::pair(low, high);
}

std::optional<std::pair<std::string_view, std::string_view>> StringRange(const arrow::ArrayVector& chunks) {
  std::optional<std::pair<std::string_view, std::string_view>> range;
  for (const auto& chunk : chunks) {
    const auto& array = static_cast<const arrow::StringArray&>(*chunk);
    for (std::int64_t i = 0; i < array.length(); ++i) {
      if (array.IsNull(i)) continue;
      std::string_view value = array.GetView(i);
      if (!range) range.emplace(value, value);
      range->first = std::min(range->first, value);
      range->second = std::max(range->second, value);
    }
  }
  return range;
}

void AddLeaf(const arrow::Field& field, const arrow::ArrayVector& chunks, Bounds* bounds) {
  std::int64_t nulls = 0;
  for (const auto& chunk : chunks) nulls += chunk->null_count();
  AppendMember(&bounds->nulls, field.name(), std::to_string(nulls));
  if (field.type()->id() == arrow::Type::STRING) {
    if (auto range = StringRange(chunks)) {
      AppendMember(&bounds->min, field.name(), JsonString(range->first));
      AppendMember(&bounds->max, field.name(), JsonString(range->second));
    }
    return;
  }
  bool wide = field.type()->id() == arrow::Type::INT64 || field.type()->id() == arrow::Type::TIMESTAMP;
  auto range = field.type()->id() == arrow::Type::TIMESTAMP ? IntegerRange<arrow::TimestampArray>(chunks)
               : wide                                       ? IntegerRange<arrow::Int64Array>(chunks)
               : field.type()->id() == arrow::Type::DATE32  ? IntegerRange<arrow::Date32Array>(chunks)
                                                            : IntegerRange<arrow::Int32Array>(chunks);
  if (!range) return;
  AppendMember(&bounds->min, field.name(), Text(*field.type(), range->first, false));
  AppendMember(&bounds->max, field.name(), Text(*field.type(), range->second, true));
}

arrow::Status AddField(const arrow::Field& field, const arrow::ArrayVector& chunks, Bounds* bounds) {
  if (field.type()->id() != arrow::Type::STRUCT) {
    if (HasStatistics(field)) AddLeaf(field, chunks, bounds);
    return arrow::Status::OK();
  }
  Bounds inner;
  for (int child = 0; child < field.type()->num_fields(); ++child) {
    arrow::ArrayVector parts;
    for (const auto& chunk : chunks) {  // flattened: a null struct makes its fields null
      ARROW_ASSIGN_OR_RAISE(auto part, static_cast<const arrow::StructArray&>(*chunk).GetFlattenedField(child));
      parts.push_back(std::move(part));
    }
    ARROW_RETURN_NOT_OK(AddField(*field.type()->field(child), parts, &inner));
  }
  for (auto member : {&Bounds::min, &Bounds::max, &Bounds::nulls}) {
    if (!(inner.*member).empty()) AppendMember(&(bounds->*member), field.name(), "{" + inner.*member + "}");
  }
  return arrow::Status::OK();
}

void Collect(const arrow::FieldVector& fields, const std::string& prefix, std::vector<std::string>* names) {
  for (const auto& field : fields) {
    if (field->type()->id() == arrow::Type::STRUCT) {
      Collect(field->type()->fields(), prefix + field->name() + ".", names);
    } else if (HasStatistics(*field)) {
      names->push_back(prefix + field->name());
    }
  }
}

}  // namespace

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out.push_back(c);
    }
  }
  return out + '"';
}

std::vector<std::string> StatisticsColumns(const arrow::Schema& schema) {
  std::vector<std::string> names;
  Collect(schema.fields(), "", &names);
  return names;
}

Result<std::string> StatisticsJson(const arrow::Table& rows) {
  Bounds bounds;
  for (int i = 0; i < rows.num_columns(); ++i) {
    arrow::Status added = AddField(*rows.schema()->field(i), rows.column(i)->chunks(), &bounds);
    if (!added.ok()) return Internal("cannot compute statistics: reason=" + added.message());
  }
  return fmt::format(R"({{"numRecords":{},"minValues":{{{}}},"maxValues":{{{}}},"nullCount":{{{}}}}})", rows.num_rows(),
                     bounds.min, bounds.max, bounds.nulls);
}

std::int64_t RowsOf(std::string_view stats_json) {
  constexpr std::string_view kKey = "\"numRecords\":";
  auto at = stats_json.find(kKey);
  if (at == stats_json.npos) return -1;
  std::string_view digits = stats_json.substr(at + kKey.size());
  while (digits.starts_with(' ')) digits.remove_prefix(1);
  std::int64_t rows = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), rows);
  return rows;
}

std::shared_ptr<arrow::Schema> WithoutMetadata(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(field->RemoveMetadata());
  return arrow::schema(std::move(fields));
}

}  // namespace cryptostream
