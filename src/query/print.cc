// Query results for people and programs. In: typed rows, one at a time. Out: text on a stream. Table cells are made safe to print: a
// quarantined message may hold anything, terminal escapes included. A table needs its widths before its first line, so the first rows
// are held; those that follow keep these widths. Rejected: holding all rows (a result can be larger than memory).
#include "query/print.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/text.h"

namespace cryptostream {
namespace {

constexpr std::size_t kCellWidth = 60;
constexpr std::size_t kHeldRows = 1000;
constexpr int kMostDigits = 17, kFewestDigits = 5;  // of a double, when a table has to fit

std::string Number(double value, int digits = 0) {
  char buffer[40];
  auto [end, error] = digits == 0 ? std::to_chars(buffer, buffer + sizeof(buffer), value)
                                  : std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::general, digits);
  return std::string(buffer, end);
}

std::string HexBytes(const std::string& bytes) {
  static const char kDigits[] = "0123456789abcdef";
  std::string out = "\\x";
  for (unsigned char c : bytes) {
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

bool IsNumber(const SqlValue& value) {
  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value) ||
         std::holds_alternative<ExactNumber>(value);
}

bool IsNumeric(const SqlColumn& column) {
  static const std::set<std::string, std::less<>> kNumeric{"TINYINT",  "SMALLINT", "INTEGER", "BIGINT",   "UTINYINT", "USMALLINT",
                                                           "UINTEGER", "UBIGINT",  "HUGEINT", "UHUGEINT", "FLOAT",    "DOUBLE"};
  return kNumeric.contains(column.type) || column.type.starts_with("DECIMAL");
}

std::string JsonText(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char buffer[8];
      std::snprintf(buffer, sizeof(buffer), "\\u%04x", c);
      out += buffer;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string JsonValue(const SqlColumn& column, const SqlValue& value);

std::string JsonMembers(const std::vector<SqlColumn>& columns, const std::vector<std::string>& names, auto value_at) {
  std::string out = "{";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    out += (i > 0 ? "," : "") + JsonText(names[i]) + ":" + JsonValue(columns[i], value_at(i));
  }
  return out + "}";
}

// An entry of a map is {key, value}; keys of JSON are texts.
std::string JsonMap(const SqlColumn& column, const SqlNested& map) {
  std::string out = "{";
  for (const SqlItem& item : map.items) {
    const auto& entry = std::get<SqlNested>(item.value).items;
    out +=
        (out.size() > 1 ? "," : "") + JsonText(SqlValueText(entry[0].value)) + ":" + JsonValue(column.parts[1], entry[1].value);
  }
  return out + "}";
}

std::string JsonValue(const SqlColumn& column, const SqlValue& value) {
  if (const auto* nested = std::get_if<SqlNested>(&value)) {
    if (column.shape == SqlShape::kStruct) {
      return JsonMembers(column.parts, DistinctNames(column.parts),
                         [&](std::size_t i) -> const SqlValue& { return nested->items[i].value; });
    }
    if (column.shape == SqlShape::kMap) return JsonMap(column, *nested);
    std::string out = "[";
    for (const SqlItem& item : nested->items) out += (out.size() > 1 ? "," : "") + JsonValue(column.parts[0], item.value);
    return out + "]";
  }
  if (IsSqlNull(value)) return "null";
  if (const double* number = std::get_if<double>(&value); number != nullptr && !std::isfinite(*number)) return "null";
  if (IsNumber(value) || std::holds_alternative<bool>(value)) return SqlValueText(value);
  return JsonText(SqlValueText(value));
}

std::string CellText(const SqlColumn& column, const SqlValue& value, int digits) {
  if (std::holds_alternative<SqlNested>(value)) return JsonValue(column, value);
  if (const double* number = std::get_if<double>(&value)) return Number(*number, digits);
  return SqlValueText(value);
}

std::string CsvText(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

// Structs as one column a field: "window" with start and end becomes window_start and window_end.
void Flatten(const SqlColumn& column, const std::string& name, std::vector<SqlColumn>& out) {
  if (column.shape != SqlShape::kStruct) {
    out.push_back(column);
    out.back().name = name;
    return;
  }
  for (const SqlColumn& part : column.parts) Flatten(part, name + "_" + part.name, out);
}

void Flatten(const SqlColumn& column, const SqlValue& value, std::vector<SqlValue>& out) {
  if (column.shape != SqlShape::kStruct) {
    out.push_back(value);
    return;
  }
  const auto* nested = std::get_if<SqlNested>(&value);
  for (std::size_t i = 0; i < column.parts.size(); ++i) {
    Flatten(column.parts[i], nested == nullptr ? SqlValue() : nested->items[i].value, out);
  }
}

}  // namespace

std::vector<std::string> DistinctNames(const std::vector<SqlColumn>& columns) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const SqlColumn& column : columns) taken.insert(column.name);
  std::set<std::string> given;
  for (const SqlColumn& column : columns) {
    std::string name = column.name;
    for (int i = 1; !given.insert(name).second; ++i) {
      std::string next = column.name + "_" + std::to_string(i);
      if (!taken.contains(next)) name = next;
    }
    names.push_back(name);
  }
  return names;
}

std::string SqlValueText(const SqlValue& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return Number(v); }
    std::string operator()(Timestamp v) const { return FormatRfc3339(v); }
    std::string operator()(Date v) const { return FormatDate(v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const Blob& v) const { return IsUtf8(v.bytes) ? v.bytes : HexBytes(v.bytes); }
    std::string operator()(const ExactNumber& v) const { return v.digits; }
    std::string operator()(const SqlNested& v) const {
      std::string out = "[";
      for (const SqlItem& item : v.items) out += (out.size() > 1 ? ", " : "") + SqlValueText(item.value);
      return out + "]";
    }
    std::string operator()(const std::vector<std::string>& v) const {
      std::string out = "[";
      for (const std::string& text : v) out += (out.size() > 1 ? ", " : "") + text;
      return out + "]";
    }
  };
  return std::visit(Visitor{}, value);
}

RowPrinter::RowPrinter(const PrintOptions& options, std::ostream& out) : options_(options), out_(out) {}

void RowPrinter::Begin(const std::vector<SqlColumn>& columns) {
  given_ = columns;
  if (options_.format == RowFormat::kJson) {
    columns_ = columns;
    out_ << "[";
  } else {
    for (const SqlColumn& column : columns) Flatten(column, column.name, columns_);
  }
  names_ = DistinctNames(columns_);
  if (options_.format == RowFormat::kCsv) PrintCsv(names_);
}

bool RowPrinter::Row(const std::vector<SqlValue>& row) {
  ++rows_;
  if (options_.format == RowFormat::kJson) {
    out_ << (rows_ > 1 ? ",\n " : "\n ")
         << JsonMembers(columns_, names_, [&](std::size_t i) -> const SqlValue& { return row[i]; });
    return static_cast<bool>(out_);
  }
  std::vector<SqlValue> flat;
  for (std::size_t i = 0; i < row.size(); ++i) Flatten(given_[i], row[i], flat);
  if (options_.format == RowFormat::kCsv) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < flat.size(); ++i) cells.push_back(CellText(columns_[i], flat[i], 0));
    PrintCsv(cells);
  } else if (!holding_) {
    PrintLine(Cells(flat));
  } else {
    held_.push_back(std::move(flat));
    if (held_.size() == kHeldRows) PrintHeld();
  }
  return static_cast<bool>(out_);
}

void RowPrinter::End() {
  if (options_.format == RowFormat::kJson) out_ << "\n]\n";
  if (options_.format != RowFormat::kTable) return;
  if (holding_) PrintHeld();
  if (rows_ == 0) out_ << "(no rows)\n";
}

void RowPrinter::PrintCsv(const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) out_ << (i > 0 ? "," : "") << CsvText(cells[i]);
  out_ << '\n';
}

std::vector<std::string> RowPrinter::Cells(const std::vector<SqlValue>& row) const {
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < row.size(); ++i) cells.push_back(Printable(CellText(columns_[i], row[i], digits_), kCellWidth));
  return cells;
}

// The head and the rows that were held back, in widths that suit them.
void RowPrinter::PrintHeld() {
  std::vector<std::vector<std::string>> lines;
  for (digits_ = 0;; digits_ = digits_ == 0 ? kMostDigits : digits_ - 1) {
    lines.assign(1, {});
    for (const std::string& name : names_) lines[0].push_back(Printable(name, kCellWidth));
    for (const auto& row : held_) lines.push_back(Cells(row));
    widths_.assign(names_.size(), 0);
    for (const auto& line : lines) {
      for (std::size_t i = 0; i < line.size(); ++i) widths_[i] = std::max(widths_[i], line[i].size());
    }
    std::size_t width = 2 * widths_.size();
    for (std::size_t column : widths_) width += column;
    if (options_.width == 0 || width <= options_.width + 2 || digits_ == kFewestDigits) break;
  }
  PrintLine(lines[0]);
  for (std::size_t i = 0; i < widths_.size(); ++i) out_ << (i > 0 ? "  " : "") << std::string(widths_[i], '-');
  out_ << '\n';
  for (std::size_t i = 1; i < lines.size(); ++i) PrintLine(lines[i]);
  held_.clear();
  holding_ = false;
}

void RowPrinter::PrintLine(const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::string space(widths_[i] - std::min(widths_[i], cells[i].size()), ' ');
    bool last = i + 1 == cells.size();
    out_ << (i > 0 ? "  " : "") << (IsNumeric(columns_[i]) ? space + cells[i] : cells[i] + (last ? "" : space));
  }
  out_ << '\n';
}

void PrintRows(const SqlRows& rows, const PrintOptions& options, std::ostream& out) {
  RowPrinter printer(options, out);
  printer.Begin(rows.columns);
  for (const auto& row : rows.rows) {
    if (!printer.Row(row)) return;
  }
  printer.End();
}

}  // namespace cryptostream
