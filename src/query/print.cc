// Query results for people and programs. In: typed rows. Out: text on a stream. Table cells are made safe to print: a quarantined
// message may hold anything, terminal escapes included.
#include "query/print.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace cryptostream {
namespace {

constexpr std::size_t kCellWidth = 60;

std::string Number(double value) {
  char buffer[32];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
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
  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
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

std::string JsonValue(const SqlValue& value) {
  if (IsSqlNull(value)) return "null";
  if (const double* number = std::get_if<double>(&value); number != nullptr && !std::isfinite(*number)) return "null";
  if (IsNumber(value) || std::holds_alternative<bool>(value)) return SqlValueText(value);
  return JsonText(SqlValueText(value));
}

std::string CsvValue(const SqlValue& value) {
  std::string text = SqlValueText(value);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

void PrintTable(const SqlRows& rows, std::ostream& out) {
  std::vector<std::size_t> widths;
  for (const SqlColumn& column : rows.columns) widths.push_back(column.name.size());
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows.rows) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.push_back(Printable(SqlValueText(row[i]), kCellWidth));
      widths[i] = std::max(widths[i], line.back().size());
    }
  }
  auto pad = [&](const std::string& text, std::size_t i, bool right) {
    std::string space(widths[i] - text.size(), ' ');
    out << (i > 0 ? "  " : "") << (right ? space + text : text + (i + 1 < widths.size() ? space : ""));
  };
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    pad(rows.columns[i].name, i, !rows.rows.empty() && IsNumber(rows.rows[0][i]));
  }
  out << '\n';
  for (std::size_t i = 0; i < widths.size(); ++i) out << (i > 0 ? "  " : "") << std::string(widths[i], '-');
  out << '\n';
  for (std::size_t r = 0; r < cells.size(); ++r) {
    for (std::size_t i = 0; i < cells[r].size(); ++i) pad(cells[r][i], i, IsNumber(rows.rows[r][i]));
    out << '\n';
  }
  if (rows.truncated) out << "... (more rows)\n";
}

void PrintCsv(const SqlRows& rows, std::ostream& out) {
  for (std::size_t i = 0; i < rows.columns.size(); ++i) out << (i > 0 ? "," : "") << CsvValue(rows.columns[i].name);
  out << "\r\n";
  for (const auto& row : rows.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) out << (i > 0 ? "," : "") << CsvValue(row[i]);
    out << "\r\n";
  }
}

void PrintJson(const SqlRows& rows, std::ostream& out) {
  out << "[";
  for (std::size_t r = 0; r < rows.rows.size(); ++r) {
    out << (r > 0 ? ",\n {" : "\n {");
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
      out << (i > 0 ? "," : "") << JsonText(rows.columns[i].name) << ":" << JsonValue(rows.rows[r][i]);
    }
    out << "}";
  }
  out << "\n]\n";
}

}  // namespace

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
    std::string operator()(const std::vector<std::string>& v) const {
      std::string out = "[";
      for (const std::string& text : v) out += (out.size() > 1 ? ", " : "") + text;
      return out + "]";
    }
  };
  return std::visit(Visitor{}, value);
}

void PrintRows(const SqlRows& rows, RowFormat format, std::ostream& out) {
  switch (format) {
    case RowFormat::kTable: return PrintTable(rows, out);
    case RowFormat::kCsv: return PrintCsv(rows, out);
    case RowFormat::kJson: return PrintJson(rows, out);
  }
}

}  // namespace cryptostream
