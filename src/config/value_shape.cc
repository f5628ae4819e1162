// What the shape of a value means: the check of a text, the range in words, and the same as a pattern for the JSON Schema. They stand
// together because they must agree; config_test holds the pattern against the check. Rejected: a schema with the kinds alone, which
// accepts what the program refuses.
#include <algorithm>

#include "base/text.h"
#include "config/config_key.h"
#include "config/config_key_kinds.h"

namespace cryptostream {
namespace {

// As LocalPath takes it: no URL, or one of this machine's files.
constexpr std::string_view kPathPattern =
    "(?![A-Za-z][A-Za-z0-9+.\\-]*://)[\\s\\S]*|file://(?:localhost)?/(?:[^%]|%[0-9A-Fa-f]{2})*";

std::string Joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : std::string(between)) + word;
  return out;
}

Status CheckInteger(const ValueShape& shape, std::string_view text) {
  auto value = IntegerOf<std::int64_t>(text);
  if (value && *value >= shape.least && *value <= shape.most) return {};
  return Invalid("not an integer from " + std::to_string(shape.least) + " to " + std::to_string(shape.most) +
                 ": value=" + std::string(text));
}

Status CheckDuration(const ValueShape& shape, std::string_view text) {
  CS_ASSIGN(auto value, ParseDuration(text));
  if (value.count() >= shape.least && value.count() <= shape.most) return {};
  return Invalid("not from " + DurationText(std::chrono::milliseconds(shape.least)) + " to " +
                 DurationText(std::chrono::milliseconds(shape.most)) + ": value=" + std::string(text));
}

Status CheckChoice(const ValueShape& shape, std::string_view text) {
  if (std::ranges::find(shape.choices, text) != shape.choices.end()) return {};
  return Invalid("not one of " + Joined(shape.choices, ", ") + ": value=" + std::string(text));
}

// Decimal numbers of as many digits as `least` and `most` have, from the one to the other.
std::string SameLength(const std::string& least, const std::string& most) {
  if (least.empty()) return "";
  const std::string low = least.substr(1), high = most.substr(1);
  if (least[0] == most[0]) return least[0] + SameLength(low, high);
  const std::size_t more = low.size();
  std::vector<std::string> parts;
  char first = least[0], last = most[0];
  if (low.find_first_not_of('0') != std::string::npos) parts.push_back(first++ + SameLength(low, std::string(more, '9')));
  std::string end;
  if (high.find_first_not_of('9') != std::string::npos) end = last-- + SameLength(std::string(more, '0'), high);
  if (first <= last) {
    std::string digit = first == last ? std::string(1, first) : std::string("[") + first + "-" + last + "]";
    parts.push_back(digit + (more == 0 ? "" : more == 1 ? "[0-9]" : "[0-9]{" + std::to_string(more) + "}"));
  }
  if (!end.empty()) parts.push_back(end);
  return parts.size() == 1 ? parts[0] : "(?:" + Joined(parts, "|") + ")";
}

// Decimal numbers from `least` to `most`, with zeros before them or without.
std::string NumberPattern(std::int64_t least, std::int64_t most) {
  const std::string low = std::to_string(least), high = std::to_string(most);
  std::vector<std::string> parts;
  for (std::size_t digits = low.size(); digits <= high.size(); ++digits) {
    std::string from = digits == low.size() ? low : "1" + std::string(digits - 1, '0');
    std::string to = digits == high.size() ? high : std::string(digits, '9');
    parts.push_back(SameLength(from, to));
  }
  return "0*" + (parts.size() == 1 ? parts[0] : "(?:" + Joined(parts, "|") + ")");
}

std::string DurationPattern(const ValueShape& shape) {
  std::vector<std::string> parts;
  const std::pair<std::int64_t, const char*> units[] = {
      {1, "ms"}, {1000, "s"}, {60'000, "m"}, {3'600'000, "h"}, {86'400'000, "d"}};
  for (const auto& [ms, unit] : units) {
    std::int64_t least = (shape.least + ms - 1) / ms, most = shape.most / ms;
    if (least <= most) parts.push_back(NumberPattern(least, most) + unit);
  }
  if (shape.may_be_never) parts.emplace_back("never");
  return Joined(parts, "|");
}

}  // namespace

Status CheckValue(const ConfigKey& key, std::string_view text) {
  const ValueShape& shape = key.shape;
  if (text.empty() && shape.may_be_empty) return {};
  if (text == "never" && shape.may_be_never) return {};
  switch (shape.kind) {
    case ValueKind::kSecret:
    case ValueKind::kText:
    case ValueKind::kList: return {};
    case ValueKind::kPath: CS_TRY(LocalPath(text)); return {};
    case ValueKind::kDay: CS_TRY(ParseRfc3339(std::string(text) + "T00:00:00Z")); return {};
    case ValueKind::kInteger: return CheckInteger(shape, text);
    case ValueKind::kDuration: return CheckDuration(shape, text);
    case ValueKind::kChoice: return CheckChoice(shape, text);
    case ValueKind::kBool:
      if (text == "true" || text == "false") return {};
      return Invalid("not true or false: value=" + std::string(text));
  }
  return {};
}

Status ConfigKey::Set(Config& config, std::string_view text) const {
  CS_TRY(CheckValue(*this, text));
  return assign(config, text);
}

std::string KindText(ValueKind kind) {
  switch (kind) {
    case ValueKind::kText:
    case ValueKind::kChoice: return "text";
    case ValueKind::kPath: return "path";
    case ValueKind::kDay: return "day";
    case ValueKind::kBool: return "bool";
    case ValueKind::kInteger: return "integer";
    case ValueKind::kDuration: return "duration";
    case ValueKind::kList: return "list";
    case ValueKind::kSecret: return "secret";
  }
  return "";
}

std::string RangeText(const ValueShape& shape) {
  using std::chrono::milliseconds;
  switch (shape.kind) {
    case ValueKind::kInteger: return std::to_string(shape.least) + " to " + std::to_string(shape.most);
    case ValueKind::kDuration:
      return DurationText(milliseconds(shape.least)) + " to " + DurationText(milliseconds(shape.most)) +
             (shape.may_be_never ? ", or never" : "");
    case ValueKind::kChoice: return "one of " + Joined(shape.choices, ", ");
    default: return std::string(shape.rule.hint);
  }
}

std::string PatternOf(const ValueShape& shape) {
  std::string pattern(shape.rule.pattern);
  if (shape.kind == ValueKind::kPath) pattern = shape.may_be_empty ? kPathPattern : "(?!$)(?:" + std::string(kPathPattern) + ")";
  if (shape.kind == ValueKind::kDay) pattern = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])";
  if (shape.kind == ValueKind::kDuration) pattern = DurationPattern(shape);
  if (shape.kind == ValueKind::kText && pattern.empty() && !shape.may_be_empty) pattern = "[\\s\\S]+";
  if (pattern.empty()) return "";
  return "^(?:" + pattern + (shape.may_be_empty && shape.kind != ValueKind::kPath && shape.kind != ValueKind::kList ? "|" : "") +
         ")$";
}

}  // namespace cryptostream
