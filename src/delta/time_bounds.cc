// Skipping files by time. The statistics are a small JSON object whose keys Delta fixes ("minValues", "maxValues"), so the two
// values are found as text instead of being parsed as a document; anything unexpected means "no bounds", never a wrong one.
#include "delta/time_bounds.h"

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

std::optional<Timestamp> Value(std::string_view stats, std::string_view section, std::string_view column) {
  std::string_view object = Object(After(stats, section));
  for (auto dot = column.find('.'); dot != column.npos; dot = column.find('.')) {
    object = Object(After(object, column.substr(0, dot)));
    column.remove_prefix(dot + 1);
  }
  std::string_view text = After(object, column);
  if (text.empty() || text.front() != '"') return std::nullopt;
  text.remove_prefix(1);
  auto time = ParseRfc3339(text.substr(0, text.find('"')));
  if (!time) return std::nullopt;
  return *time;
}

}  // namespace

std::optional<TimeBounds> BoundsOf(std::string_view stats_json, std::string_view column) {
  auto min = Value(stats_json, "minValues", column);
  auto max = Value(stats_json, "maxValues", column);
  if (!min || !max) return std::nullopt;
  // A foreign writer may have cut the maximum to milliseconds instead of rounding it up.
  return TimeBounds{*min, *max + std::chrono::milliseconds(1)};
}

}  // namespace cryptostream
