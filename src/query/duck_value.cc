// DuckDB's vectors as typed values, and parameters the other way. In: a column of a chunk. Out: one SqlValue a row, nested as the
// column is. Numbers keep every digit: what fits neither an int64 nor a double comes as its digits. Rejected: letting DuckDB print
// structs and decimals (its text is neither JSON nor CSV, and a reader cannot tell a number from a word any more).
#include "query/duck_value.h"

#include <algorithm>

#include "base/check.h"
#include "query/duck.h"

namespace cryptostream {
namespace {

__extension__ using Wide128 = __int128;
__extension__ using Digits = unsigned __int128;

struct LogicalType {
  duckdb_logical_type handle;
  explicit LogicalType(duckdb_logical_type type) : handle(type) {}
  LogicalType(const LogicalType&) = delete;
  LogicalType& operator=(const LogicalType&) = delete;
  ~LogicalType() { duckdb_destroy_logical_type(&handle); }
};

// The name of a type that Read knows as it is, or nullptr.
const char* PlainName(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT: return "TINYINT";
    case DUCKDB_TYPE_SMALLINT: return "SMALLINT";
    case DUCKDB_TYPE_INTEGER: return "INTEGER";
    case DUCKDB_TYPE_BIGINT: return "BIGINT";
    case DUCKDB_TYPE_UTINYINT: return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT: return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER: return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT: return "UBIGINT";
    case DUCKDB_TYPE_HUGEINT: return "HUGEINT";
    case DUCKDB_TYPE_UHUGEINT: return "UHUGEINT";
    case DUCKDB_TYPE_FLOAT: return "FLOAT";
    case DUCKDB_TYPE_DOUBLE: return "DOUBLE";
    case DUCKDB_TYPE_DATE: return "DATE";
    case DUCKDB_TYPE_TIMESTAMP: return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_TZ: return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_VARCHAR: return "VARCHAR";
    case DUCKDB_TYPE_BLOB: return "BLOB";
    default: return nullptr;
  }
}

std::string ChildName(duckdb_logical_type type, idx_t index) {
  char* name = duckdb_struct_type_child_name(type, index);
  std::string out = name == nullptr ? "" : name;
  duckdb_free(name);
  return out;
}

std::string DigitsOf(Digits value, bool negative, int scale) {
  std::string digits;
  for (; value != 0; value /= 10) digits += static_cast<char>('0' + static_cast<int>(value % 10));
  if (digits.size() < static_cast<std::size_t>(scale) + 1)
    digits.append(static_cast<std::size_t>(scale) + 1 - digits.size(), '0');
  std::reverse(digits.begin(), digits.end());
  if (scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(scale), ".");
  return (negative ? "-" : "") + digits;
}

ExactNumber Exact(Wide128 value, int scale) {
  bool negative = value < 0;
  return {DigitsOf(negative ? Digits{0} - static_cast<Digits>(value) : static_cast<Digits>(value), negative, scale)};
}

SqlValue Integer(Wide128 value) {
  auto narrow = static_cast<std::int64_t>(value);
  if (narrow == value) return narrow;
  return Exact(value, 0);
}

Wide128 Wide(duckdb_hugeint value) {
  return static_cast<Wide128>((static_cast<Digits>(static_cast<std::uint64_t>(value.upper)) << 64) | value.lower);
}

template <class T>
T At(void* data, idx_t row) {
  return static_cast<T*>(data)[row];
}

std::string ReadText(void* data, idx_t row) {
  auto* text = &static_cast<duckdb_string_t*>(data)[row];
  return std::string(duckdb_string_t_data(text), duckdb_string_t_length(*text));
}

SqlValue ReadDecimal(duckdb_type storage, int scale, void* data, idx_t row) {
  switch (storage) {
    case DUCKDB_TYPE_SMALLINT: return Exact(At<std::int16_t>(data, row), scale);
    case DUCKDB_TYPE_INTEGER: return Exact(At<std::int32_t>(data, row), scale);
    case DUCKDB_TYPE_BIGINT: return Exact(At<std::int64_t>(data, row), scale);
    default: return Exact(Wide(At<duckdb_hugeint>(data, row)), scale);
  }
}

SqlValue ReadTime(std::int64_t micros) {
  if (!duckdb_is_finite_timestamp({micros})) return std::string(micros > 0 ? "infinity" : "-infinity");
  return FromMicros(micros);
}

SqlValue ReadDate(std::int32_t days) {
  if (!duckdb_is_finite_date({days})) return std::string(days > 0 ? "infinity" : "-infinity");
  return Date(std::chrono::days(days));
}

}  // namespace

bool ColumnReader::readable() const {
  if (column.shape == SqlShape::kPlain) return type == DUCKDB_TYPE_DECIMAL || PlainName(type) != nullptr;
  return std::all_of(parts.begin(), parts.end(), [](const ColumnReader& part) { return part.readable(); });
}

SqlValue ColumnReader::Read(duckdb_vector vector, idx_t row) const {
  std::uint64_t* validity = duckdb_vector_get_validity(vector);
  if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) return {};
  void* data = duckdb_vector_get_data(vector);
  SqlNested nested;
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return At<bool>(data, row);
    case DUCKDB_TYPE_TINYINT: return Integer(At<std::int8_t>(data, row));
    case DUCKDB_TYPE_SMALLINT: return Integer(At<std::int16_t>(data, row));
    case DUCKDB_TYPE_INTEGER: return Integer(At<std::int32_t>(data, row));
    case DUCKDB_TYPE_BIGINT: return At<std::int64_t>(data, row);
    case DUCKDB_TYPE_UTINYINT: return Integer(At<std::uint8_t>(data, row));
    case DUCKDB_TYPE_USMALLINT: return Integer(At<std::uint16_t>(data, row));
    case DUCKDB_TYPE_UINTEGER: return Integer(At<std::uint32_t>(data, row));
    case DUCKDB_TYPE_UBIGINT: return Integer(At<std::uint64_t>(data, row));
    case DUCKDB_TYPE_HUGEINT: return Integer(Wide(At<duckdb_hugeint>(data, row)));
    case DUCKDB_TYPE_UHUGEINT: {
      auto value = At<duckdb_uhugeint>(data, row);
      return ExactNumber{DigitsOf((static_cast<Digits>(value.upper) << 64) | value.lower, false, 0)};
    }
    case DUCKDB_TYPE_FLOAT: return static_cast<double>(At<float>(data, row));
    case DUCKDB_TYPE_DOUBLE: return At<double>(data, row);
    case DUCKDB_TYPE_DECIMAL: return ReadDecimal(storage, scale, data, row);
    case DUCKDB_TYPE_DATE: return ReadDate(At<std::int32_t>(data, row));
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ: return ReadTime(At<std::int64_t>(data, row));
    case DUCKDB_TYPE_BLOB: return Blob{ReadText(data, row)};
    case DUCKDB_TYPE_STRUCT:
      for (idx_t i = 0; i < parts.size(); ++i)
        nested.items.push_back({parts[i].Read(duckdb_struct_vector_get_child(vector, i), row)});
      return nested;
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_MAP: {
      auto entry = At<duckdb_list_entry>(data, row);
      duckdb_vector child = duckdb_list_vector_get_child(vector);
      for (idx_t i = 0; i < entry.length; ++i) nested.items.push_back({parts[0].Read(child, entry.offset + i)});
      return nested;
    }
    case DUCKDB_TYPE_ARRAY: {
      duckdb_vector child = duckdb_array_vector_get_child(vector);
      for (idx_t i = 0; i < array_size; ++i) nested.items.push_back({parts[0].Read(child, row * array_size + i)});
      return nested;
    }
    default: return ReadText(data, row);
  }
}

ColumnReader MakeReader(std::string name, duckdb_logical_type type) {
  ColumnReader reader;
  reader.type = duckdb_get_type_id(type);
  reader.column.name = std::move(name);
  reader.column.type = PlanCast(type).type;
  switch (reader.type) {
    case DUCKDB_TYPE_DECIMAL:
      reader.scale = duckdb_decimal_scale(type);
      reader.storage = duckdb_decimal_internal_type(type);
      break;
    case DUCKDB_TYPE_STRUCT:
      reader.column.shape = SqlShape::kStruct;
      for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
        reader.parts.push_back(MakeReader(ChildName(type, i), LogicalType(duckdb_struct_type_child_type(type, i)).handle));
      }
      break;
    case DUCKDB_TYPE_LIST:
      reader.column.shape = SqlShape::kList;
      reader.parts.push_back(MakeReader("element", LogicalType(duckdb_list_type_child_type(type)).handle));
      break;
    case DUCKDB_TYPE_ARRAY:
      reader.column.shape = SqlShape::kList;
      reader.array_size = duckdb_array_type_array_size(type);
      reader.parts.push_back(MakeReader("element", LogicalType(duckdb_array_type_child_type(type)).handle));
      break;
    case DUCKDB_TYPE_MAP: {
      reader.column.shape = SqlShape::kMap;
      ColumnReader entry;
      entry.type = DUCKDB_TYPE_STRUCT;
      entry.column.shape = SqlShape::kStruct;
      entry.parts.push_back(MakeReader("key", LogicalType(duckdb_map_type_key_type(type)).handle));
      entry.parts.push_back(MakeReader("value", LogicalType(duckdb_map_type_value_type(type)).handle));
      for (const ColumnReader& part : entry.parts) entry.column.parts.push_back(part.column);
      reader.column.parts = entry.column.parts;
      reader.parts.push_back(std::move(entry));
      return reader;
    }
    default: break;
  }
  for (const ColumnReader& part : reader.parts) reader.column.parts.push_back(part.column);
  return reader;
}

CastPlan PlanCast(duckdb_logical_type type) {
  auto inside = [](duckdb_logical_type child) { return PlanCast(LogicalType(child).handle); };
  switch (duckdb_type id = duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_DECIMAL:
      return {"DECIMAL(" + std::to_string(duckdb_decimal_width(type)) + "," + std::to_string(duckdb_decimal_scale(type)) + ")",
              false};
    case DUCKDB_TYPE_STRUCT: {
      CastPlan plan{"STRUCT(", false};
      for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
        CastPlan field = inside(duckdb_struct_type_child_type(type, i));
        plan.type += (i > 0 ? ", " : "") + SqlIdentifier(ChildName(type, i)) + " " + field.type;
        plan.needed = plan.needed || field.needed;
      }
      plan.type += ")";
      return plan;
    }
    case DUCKDB_TYPE_LIST: {
      CastPlan element = inside(duckdb_list_type_child_type(type));
      return {element.type + "[]", element.needed};
    }
    case DUCKDB_TYPE_ARRAY: {
      CastPlan element = inside(duckdb_array_type_child_type(type));
      return {element.type + "[" + std::to_string(duckdb_array_type_array_size(type)) + "]", element.needed};
    }
    case DUCKDB_TYPE_MAP: {
      CastPlan key = inside(duckdb_map_type_key_type(type)), value = inside(duckdb_map_type_value_type(type));
      return {"MAP(" + key.type + ", " + value.type + ")", key.needed || value.needed};
    }
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS: return {"TIMESTAMP", true};
    default: {
      const char* plain = PlainName(id);
      return {plain == nullptr ? "VARCHAR" : plain, plain == nullptr};
    }
  }
}

duckdb_value ToDuckValue(const SqlValue& value) {
  struct Visitor {
    duckdb_value operator()(std::monostate) const { return duckdb_create_null_value(); }
    duckdb_value operator()(bool v) const { return duckdb_create_bool(v); }
    duckdb_value operator()(std::int64_t v) const { return duckdb_create_int64(v); }
    duckdb_value operator()(double v) const { return duckdb_create_double(v); }
    duckdb_value operator()(Timestamp v) const { return duckdb_create_timestamp_tz({ToMicros(v)}); }
    duckdb_value operator()(Date v) const {
      return duckdb_create_date({static_cast<std::int32_t>(v.time_since_epoch().count())});
    }
    duckdb_value operator()(const std::string& v) const { return duckdb_create_varchar_length(v.data(), v.size()); }
    duckdb_value operator()(const Blob& v) const {
      return duckdb_create_blob(reinterpret_cast<const std::uint8_t*>(v.bytes.data()), v.bytes.size());
    }
    duckdb_value operator()(const ExactNumber& v) const { return (*this)(v.digits); }
    duckdb_value operator()(const SqlNested&) const { CheckFailed("no parameter is nested", __FILE__, __LINE__); }
    duckdb_value operator()(const std::vector<std::string>& texts) const {
      std::vector<duckdb_value> items;
      for (const std::string& text : texts) items.push_back(duckdb_create_varchar_length(text.data(), text.size()));
      duckdb_logical_type type = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
      duckdb_value list = duckdb_create_list_value(type, items.data(), items.size());
      duckdb_destroy_logical_type(&type);
      for (duckdb_value& item : items) duckdb_destroy_value(&item);
      return list;
    }
  };
  return std::visit(Visitor{}, value);
}

}  // namespace cryptostream
