// Statistics of a data file, computed from the rows in memory while they are at hand. Readers skip files by them (DuckDB,
// Spark, our own catch-up), so a wrong bound loses rows silently: every bound is taken from the data, never assumed.
// Rejected: reading them back from the Parquet footer (its strings may be cut, its timestamps have no rounding rule) and
// Arrow's compute kernels (a second library for five loops).
#include "delta/statistics.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>
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
    case arrow::Type::DICTIONARY:  // of texts
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

// What is known of a column so far; of a struct, only its fields.
struct StatisticsBuilder::Column {
  std::shared_ptr<arrow::Field> field;
  std::vector<Column> children;
  std::int64_t nulls = 0;
  std::int64_t low = std::numeric_limits<std::int64_t>::max(), high = std::numeric_limits<std::int64_t>::min();
  std::optional<std::pair<std::string, std::string>> text;

  explicit Column(std::shared_ptr<arrow::Field> of) : field(std::move(of)) {
    if (field->type()->id() != arrow::Type::STRUCT) return;
    for (const auto& child : field->type()->fields()) children.emplace_back(child);
  }
  arrow::Status Add(const arrow::ArrayVector& chunks);
  template <class ArrayType>
  void AddIntegers(const arrow::Array& chunk);
  void AddTexts(const arrow::Array& chunk);
  void AddEntries(const arrow::Array& chunk);
  void AddText(std::string_view value);
  void Write(Bounds* bounds) const;
};

template <class ArrayType>
void StatisticsBuilder::Column::AddIntegers(const arrow::Array& chunk) {
  const auto& array = static_cast<const ArrayType&>(chunk);
  bool whole = array.null_count() == 0;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (!whole && array.IsNull(i)) continue;
    low = std::min<std::int64_t>(low, array.Value(i));
    high = std::max<std::int64_t>(high, array.Value(i));
  }
}

void StatisticsBuilder::Column::AddTexts(const arrow::Array& chunk) {
  const auto& array = static_cast<const arrow::StringArray&>(chunk);
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) continue;
    AddText(array.GetView(i));
  }
}

void StatisticsBuilder::Column::AddText(std::string_view value) {
  if (!text) text.emplace(value, value);
  if (value < text->first) text->first = value;
  if (value > text->second) text->second = value;
}

// Only texts that a row has: a dictionary may hold more.
void StatisticsBuilder::Column::AddEntries(const arrow::Array& chunk) {
  const auto& array = static_cast<const arrow::DictionaryArray&>(chunk);
  const auto& entries = static_cast<const arrow::StringArray&>(*array.dictionary());
  std::vector<bool> seen(static_cast<std::size_t>(entries.length()));
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) continue;
    auto entry = static_cast<std::size_t>(array.GetValueIndex(i));
    if (seen[entry]) continue;
    seen[entry] = true;
    AddText(entries.GetView(static_cast<std::int64_t>(entry)));
  }
}

arrow::Status StatisticsBuilder::Column::Add(const arrow::ArrayVector& chunks) {
  for (std::size_t child = 0; child < children.size(); ++child) {
    arrow::ArrayVector parts;
    for (const auto& chunk : chunks) {  // flattened: a null struct makes its fields null
      ARROW_ASSIGN_OR_RAISE(auto part, static_cast<const arrow::StructArray&>(*chunk).GetFlattenedField(static_cast<int>(child)));
      parts.push_back(std::move(part));
    }
    ARROW_RETURN_NOT_OK(children[child].Add(parts));
  }
  if (!children.empty() || !HasStatistics(*field)) return arrow::Status::OK();
  for (const auto& chunk : chunks) {
    nulls += chunk->null_count();
    switch (field->type()->id()) {
      case arrow::Type::STRING: AddTexts(*chunk); break;
      case arrow::Type::DICTIONARY: AddEntries(*chunk); break;
      case arrow::Type::TIMESTAMP: AddIntegers<arrow::TimestampArray>(*chunk); break;
      case arrow::Type::INT64: AddIntegers<arrow::Int64Array>(*chunk); break;
      case arrow::Type::DATE32: AddIntegers<arrow::Date32Array>(*chunk); break;
      default: AddIntegers<arrow::Int32Array>(*chunk); break;
    }
  }
  return arrow::Status::OK();
}

void StatisticsBuilder::Column::Write(Bounds* bounds) const {
  if (!children.empty()) {
    Bounds inner;
    for (const Column& child : children) child.Write(&inner);
    for (auto member : {&Bounds::min, &Bounds::max, &Bounds::nulls}) {
      if (!(inner.*member).empty()) AppendMember(&(bounds->*member), field->name(), "{" + inner.*member + "}");
    }
    return;
  }
  if (!HasStatistics(*field)) return;
  AppendMember(&bounds->nulls, field->name(), std::to_string(nulls));
  if (text) {
    AppendMember(&bounds->min, field->name(), JsonString(text->first));
    AppendMember(&bounds->max, field->name(), JsonString(text->second));
  } else if (low <= high) {
    AppendMember(&bounds->min, field->name(), Text(*field->type(), low, false));
    AppendMember(&bounds->max, field->name(), Text(*field->type(), high, true));
  }
}

StatisticsBuilder::StatisticsBuilder(const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) columns_.emplace_back(field);
}

StatisticsBuilder::~StatisticsBuilder() = default;

Status StatisticsBuilder::Add(const arrow::Table& rows) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    arrow::Status added = columns_[i].Add(rows.column(static_cast<int>(i))->chunks());
    if (!added.ok()) return Internal("cannot compute statistics: reason=" + added.message());
  }
  rows_ += rows.num_rows();
  return {};
}

std::string StatisticsBuilder::Json() const {
  Bounds bounds;
  for (const Column& column : columns_) column.Write(&bounds);
  return fmt::format(R"({{"numRecords":{},"minValues":{{{}}},"maxValues":{{{}}},"nullCount":{{{}}}}})", rows_, bounds.min,
                     bounds.max, bounds.nulls);
}

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
  StatisticsBuilder builder(*rows.schema());
  CS_TRY(builder.Add(rows));
  return builder.Json();
}

std::int64_t RowsOf(std::string_view stats_json) {
  constexpr std::string_view kKey = "\"numRecords\":";
  auto at = stats_json.find(kKey);
  if (at == stats_json.npos) return -1;
  std::string_view digits = stats_json.substr(at + kKey.size());
  while (digits.starts_with(' ')) digits.remove_prefix(1);
  std::int64_t rows = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), rows);
  return std::max<std::int64_t>(rows, -1);  // what a broken log says is no count
}

std::shared_ptr<arrow::Schema> WithoutMetadata(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(field->RemoveMetadata());
  return arrow::schema(std::move(fields));
}

}  // namespace cryptostream
