// Query parameters. Strict, because a misspelt parameter that is ignored gives a wrong answer that looks right.
#include "serve/params.h"

#include <algorithm>

#include "base/text.h"
#include "market/name.h"
#include "net/web_message.h"

namespace cryptostream {
namespace {

const ParamSpec* FindSpec(std::span<const ParamSpec> specs, std::string_view name) {
  auto found = std::find_if(specs.begin(), specs.end(), [&](const ParamSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

std::string Unknown(const std::string& name, std::span<const ParamSpec> specs) {
  std::vector<std::string> names;
  for (const ParamSpec& spec : specs) names.push_back(spec.name);
  std::string message = "unknown parameter: " + Printable(name, 60);
  std::string near = Nearest(name, names);
  if (!near.empty()) return message + ", did you mean '" + near + "'?";
  if (names.empty()) return message + ", this path takes none";
  std::string all;
  for (const std::string& known : names) all += (all.empty() ? "" : ", ") + known;
  return message + ", known are: " + all;
}

// Calls `take(name, value)` for each item of a query string.
template <class Take>
Status ForEachItem(std::string_view query, Take take) {
  while (!query.empty()) {
    std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    if (item.empty()) continue;
    std::size_t equals = item.find('=');
    std::string name, value;
    bool decoded = PercentDecode(item.substr(0, equals), true, name) &&
                   PercentDecode(equals == std::string_view::npos ? "" : item.substr(equals + 1), true, value);
    if (!decoded || !IsUtf8(name) || !IsUtf8(value)) return Invalid("malformed encoding in the query");
    CS_TRY(take(std::move(name), std::move(value)));
  }
  return {};
}

}  // namespace

Result<Params> ParseParams(std::string_view query, std::span<const ParamSpec> specs) {
  Params params;
  CS_TRY(ForEachItem(query, [&](std::string name, std::string value) -> Status {
    if (FindSpec(specs, name) == nullptr) return Invalid(Unknown(name, specs));
    if (!params.emplace(name, std::move(value)).second) return Invalid("parameter given more than once: " + name);
    return {};
  }));
  for (const ParamSpec& spec : specs) {
    if (spec.required && !params.contains(spec.name)) {
      return Invalid("missing parameter: " + spec.name + ", for example " + spec.name + "=" + spec.example);
    }
  }
  return params;
}

Result<Params> ParseKnownParams(std::string_view query, std::span<const ParamSpec> specs) {
  Params params;
  CS_TRY(ForEachItem(query, [&](std::string name, std::string value) -> Status {
    if (FindSpec(specs, name) != nullptr) params[name] = std::move(value);
    return {};
  }));
  return params;
}

Result<std::size_t> ParseCount(const std::string& name, std::string_view text, std::size_t least, std::size_t most) {
  auto value = IntegerOf<std::size_t>(text);
  if (!value || *value < least || *value > most) {
    return Invalid("bad value: " + name + "=" + Printable(text, 60) + ", must be a whole number from " + std::to_string(least) +
                   " to " + std::to_string(most));
  }
  return *value;
}

Result<Timestamp> ParseTime(const std::string& name, std::string_view text) {
  constexpr std::int64_t kLatestSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z
  if (auto number = IntegerOf<std::int64_t>(text); number && *number >= 0 && *number <= kLatestSecond * 1000) {
    // 11 digits of seconds reach the year 5138, of milliseconds only 1973: the size tells them apart.
    return *number < 100'000'000'000 ? Timestamp(std::chrono::seconds(*number)) : Timestamp(std::chrono::milliseconds(*number));
  }
  if (auto time = ParseRfc3339(text)) return *time;
  return Invalid("bad value: " + name + "=" + Printable(text, 60) +
                 ", must be a time as 2024-08-08T12:00:00Z or seconds or milliseconds since 1970");
}

Result<std::vector<std::string>> ParseNames(const std::string& name, std::string_view text, std::size_t limit) {
  std::vector<std::string> names;
  while (!text.empty()) {
    std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(item.size());
    const bool ends_in_comma = text == ",";
    text.remove_prefix(std::min<std::size_t>(text.size(), 1));
    if (!IsValidName(item) || ends_in_comma)
      return Invalid("bad value: " + name + " holds '" + Printable(item, 60) + "', which is no coin id");
    if (names.size() == limit) return Invalid("bad value: " + name + " has more than " + std::to_string(limit) + " names");
    names.emplace_back(item);
  }
  return names;
}

}  // namespace cryptostream
