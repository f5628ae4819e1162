// Skipping files by their statistics. These are a small JSON object whose keys Delta fixes ("minValues", "maxValues"), so the two
// values are found as text instead of being parsed as a document; anything unexpected means "no bounds", never a wrong one.
#include "delta/bounds.h"

#include <charconv>
#include <string>

namespace cryptostream {
namespace {

// The text after `"key":` in `object`, or empty.
std::string_view After(std::string_view object, std::string_view key) {
  std::string quoted = "\"" + std::string(key) + "\":";
  auto at = object.find(quoted);
  return at == object.npos ? std::string_view() : object.substr(at + quoted.size());
}

// The {...} at the start of `text`; statistics of strings may hold braces, so quoted text is skipped.
std::string_view Object(std::string_view text) {
  if (text.empty() || text.front() != '{') return {};
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return text.substr(0, i + 1);
    }
  }
  return {};
}

// The text at which a column's value begins in a section ("minValues"), or empty.
std::string_view ValueText(std::string_view stats, std::string_view section, std::string_view column) {
  std::string_view object = Object(After(stats, section));
  for (auto dot = column.find('.'); dot != column.npos; dot = column.find('.')) {
    object = Object(After(object, column.substr(0, dot)));
    column.remove_prefix(dot + 1);
  }
  return After(object, column);
}

std::optional<Timestamp> Time(std::string_view text) {
  if (text.empty() || text.front() != '"') return std::nullopt;
  text.remove_prefix(1);
  auto time = ParseRfc3339(text.substr(0, text.find('"')));
  if (!time) return std::nullopt;
  return *time;
}

std::optional<std::int64_t> Integer(std::string_view text) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data() + text.size() || (*end != ',' && *end != '}')) return std::nullopt;
  return value;
}

}  // namespace

std::optional<TimeBounds> TimeBoundsOf(std::string_view stats_json, std::string_view column) {
  auto min = Time(ValueText(stats_json, "minValues", column));
  auto max = Time(ValueText(stats_json, "maxValues", column));
  if (!min || !max) return std::nullopt;
  // A foreign writer may have cut the maximum to milliseconds instead of rounding it up.
  return TimeBounds{*min, *max + std::chrono::milliseconds(1)};
}

std::optional<IntegerBounds> IntegerBoundsOf(std::string_view stats_json, std::string_view column) {
  auto min = Integer(ValueText(stats_json, "minValues", column));
  auto max = Integer(ValueText(stats_json, "maxValues", column));
  if (!min || !max) return std::nullopt;
  return IntegerBounds{*min, *max};
}

bool HasOnlyNulls(std::string_view stats_json, std::string_view column) {
  auto rows = Integer(After(stats_json, "numRecords"));
  auto nulls = Integer(ValueText(stats_json, "nullCount", column));
  return rows && nulls && *rows == *nulls;
}

}  // namespace cryptostream
