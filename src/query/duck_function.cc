// Functions of ours inside SQL, through DuckDB's C API. In: a chunk of rows. Out: a struct a row. What SQL cannot say exactly (a JSON number to
// its last digit) is said in C++, and the query stays a query. Rejected: loading such values into a table first, which is a second copy
// of every message.
#include "query/duck_function.h"

#include <array>
#include <cstring>
#include <memory>

namespace cryptostream {
namespace {

struct LogicalType {
  duckdb_logical_type handle;
  explicit LogicalType(duckdb_logical_type type) : handle(type) {}
  LogicalType(LogicalType&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  ~LogicalType() { duckdb_destroy_logical_type(&handle); }
};

struct ScalarFunction {
  duckdb_scalar_function handle = duckdb_create_scalar_function();
  ~ScalarFunction() { duckdb_destroy_scalar_function(&handle); }
};

duckdb_type TypeOf(const SqlColumn& column) {
  if (column.type == "VARCHAR") return DUCKDB_TYPE_VARCHAR;
  if (column.type == "BIGINT") return DUCKDB_TYPE_BIGINT;
  return column.type == "DOUBLE" ? DUCKDB_TYPE_DOUBLE : DUCKDB_TYPE_INVALID;
}

template <class T>
T At(duckdb_vector vector, idx_t row) {
  T value;
  std::memcpy(&value, static_cast<const char*>(duckdb_vector_get_data(vector)) + row * sizeof(T), sizeof(T));
  return value;
}

// Texts are put where the last row's were: most calls then need no memory.
void Read(duckdb_vector vector, duckdb_type type, idx_t row, SqlValue& out) {
  std::uint64_t* valid = duckdb_vector_get_validity(vector);
  if (valid != nullptr && !duckdb_validity_row_is_valid(valid, row)) {
    out = std::monostate();
  } else if (type == DUCKDB_TYPE_BIGINT) {
    out = At<std::int64_t>(vector, row);
  } else if (type == DUCKDB_TYPE_DOUBLE) {
    out = At<double>(vector, row);
  } else {
    auto text = At<duckdb_string_t>(vector, row);
    if (!std::holds_alternative<std::string>(out)) out = std::string();
    std::get<std::string>(out).assign(duckdb_string_t_data(&text), duckdb_string_t_length(text));
  }
}

void Write(duckdb_vector vector, idx_t row, const SqlValue& value) {
  if (IsSqlNull(value)) {
    duckdb_vector_ensure_validity_writable(vector);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
    return;
  }
  auto put = [&](const auto& plain) {
    std::memcpy(static_cast<char*>(duckdb_vector_get_data(vector)) + row * sizeof(plain), &plain, sizeof(plain));
  };
  if (const auto* text = std::get_if<std::string>(&value)) {
    duckdb_vector_assign_string_element_len(vector, row, text->data(), text->size());
  } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    put(*whole);
  } else if (const auto* number = std::get_if<double>(&value)) {
    put(*number);
  }
}

void Call(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto& function = *static_cast<const SqlFunction*>(duckdb_scalar_function_get_extra_info(info));
  std::vector<SqlValue> arguments(function.parameters.size()), out(function.fields.size());
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      Read(duckdb_data_chunk_get_vector(input, i), TypeOf(function.parameters[i]), row, arguments[i]);
    }
    for (SqlValue& value : out) value = std::monostate();
    function.call(arguments, out);
    for (std::size_t i = 0; i < out.size(); ++i) Write(duckdb_struct_vector_get_child(output, i), row, out[i]);
  }
}

}  // namespace

Status AddFunction(duckdb_connection connection, const SqlFunction& function) {
  auto refuse = [&](const char* why) { return Invalid(std::string(why) + ": name=" + function.name); };
  ScalarFunction made;
  duckdb_scalar_function_set_name(made.handle, function.name.c_str());
  for (const SqlColumn& parameter : function.parameters) {
    LogicalType type(duckdb_create_logical_type(TypeOf(parameter)));
    duckdb_scalar_function_add_parameter(made.handle, type.handle);
  }
  std::vector<LogicalType> types;
  std::vector<duckdb_logical_type> handles;
  std::vector<const char*> names;
  for (const SqlColumn& field : function.fields) {
    if (TypeOf(field) == DUCKDB_TYPE_INVALID) return refuse("a function cannot give this type");
    types.emplace_back(duckdb_create_logical_type(TypeOf(field)));
    handles.push_back(types.back().handle);
    names.push_back(field.name.c_str());
  }
  LogicalType result(duckdb_create_struct_type(handles.data(), names.data(), names.size()));
  duckdb_scalar_function_set_return_type(made.handle, result.handle);
  duckdb_scalar_function_set_special_handling(made.handle);  // nulls are ours to see
  duckdb_scalar_function_set_extra_info(made.handle, new SqlFunction(function),
                                        [](void* copy) { delete static_cast<SqlFunction*>(copy); });
  duckdb_scalar_function_set_function(made.handle, Call);
  if (duckdb_register_scalar_function(connection, made.handle) == DuckDBError) return refuse("cannot make a function");
  return {};
}

}  // namespace cryptostream
