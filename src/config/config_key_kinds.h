#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/local_path.h"
#include "base/text.h"
#include "base/time.h"
#include "config/config_key.h"

// How the text of a setting becomes a value and back, one function a kind of value. `access` gives the place of the value in a Config.
// For the files of the table of settings only.
namespace cryptostream {

// What is said of a setting beside its values.
struct About {
  std::string path, help, example;
  std::string flag = {};
};

inline ConfigKey KeyOf(About about, ValueShape shape) {
  return {
      std::move(about.path), std::move(about.help), std::move(about.example), std::move(about.flag), std::move(shape), {}, {}};
}

// A text; `rule` says what it may be. `may_be_empty`: empty is a value of its own.
template <class Access>
ConfigKey Text(About about, TextRule rule, bool may_be_empty, Access access) {
  ConfigKey key = KeyOf(std::move(about), {.kind = ValueKind::kText, .rule = rule, .may_be_empty = may_be_empty});
  key.assign = [access](Config& c, std::string_view text) -> Status {
    access(c) = std::string(text);
    return {};
  };
  key.get = [access](const Config& c) { return std::string(access(const_cast<Config&>(c))); };
  return key;
}

// A file or folder of this machine; a URL of anything else is refused before somebody makes a folder "s3:".
template <class Access>
ConfigKey Path(About about, bool may_be_empty, Access access) {
  ConfigKey key = KeyOf(std::move(about), {.kind = ValueKind::kPath, .may_be_empty = may_be_empty});
  key.assign = [access](Config& c, std::string_view text) -> Status {
    CS_ASSIGN(std::filesystem::path local, LocalPath(text));
    access(c) = local.string();
    return {};
  };
  key.get = [access](const Config& c) { return std::string(access(const_cast<Config&>(c))); };
  return key;
}

template <class Access>
ConfigKey Bool(About about, Access access) {
  ConfigKey key = KeyOf(std::move(about), {.kind = ValueKind::kBool});
  key.assign = [access](Config& c, std::string_view text) -> Status {
    access(c) = text == "true";
    return {};
  };
  key.get = [access](const Config& c) { return std::string(access(const_cast<Config&>(c)) ? "true" : "false"); };
  return key;
}

template <class Access>
ConfigKey Integer(About about, std::int64_t least, std::int64_t most, Access access) {
  ConfigKey key = KeyOf(std::move(about), {.kind = ValueKind::kInteger, .least = least, .most = most});
  key.assign = [access](Config& c, std::string_view text) -> Status {
    access(c) = static_cast<std::decay_t<decltype(access(c))>>(*IntegerOf<std::int64_t>(text));
    return {};
  };
  key.get = [access](const Config& c) { return std::to_string(access(const_cast<Config&>(c))); };
  return key;
}

// An integer that need not be set: "" is "the default of the plan".
template <class Access>
ConfigKey OptionalInteger(About about, std::int64_t least, std::int64_t most, Access access) {
  ConfigKey key = KeyOf(std::move(about), {.kind = ValueKind::kInteger, .least = least, .most = most, .may_be_empty = true});
  key.assign = [access](Config& c, std::string_view text) -> Status {
    access(c).reset();
    using Value = typename std::decay_t<decltype(access(c))>::value_type;
    if (!text.empty()) access(c) = static_cast<Value>(*IntegerOf<std::int64_t>(text));
    return {};
  };
  key.get = [access](const Config& c) {
    const auto& value = access(const_cast<Config&>(c));
    return value ? std::to_string(*value) : std::string();
  };
  return key;
}

// A duration in the largest unit that holds it exactly, so that it reads back as the same.
inline std::string DurationText(std::chrono::milliseconds duration) {
  const std::pair<std::int64_t, const char*> units[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}, {1, "ms"}};
  for (const auto& [ms, unit] : units) {
    if (duration.count() != 0 && duration.count() % ms == 0) return std::to_string(duration.count() / ms) + unit;
  }
  return "0s";
}

template <class Access>
ConfigKey Duration(About about, std::chrono::milliseconds least, std::chrono::milliseconds most, Access access) {
  ConfigKey key = KeyOf(std::move(about), {.kind = ValueKind::kDuration, .least = least.count(), .most = most.count()});
  key.assign = [access](Config& c, std::string_view text) -> Status {
    CS_ASSIGN(auto value, ParseDuration(text));
    access(c) = std::chrono::duration_cast<std::decay_t<decltype(access(c))>>(value);
    return {};
  };
  key.get = [access](const Config& c) { return DurationText(access(const_cast<Config&>(c))); };
  return key;
}

// A duration that need not be set.
template <class Access>
ConfigKey OptionalDuration(About about, std::chrono::milliseconds least, std::chrono::milliseconds most, Access access) {
  ConfigKey key =
      KeyOf(std::move(about), {.kind = ValueKind::kDuration, .least = least.count(), .most = most.count(), .may_be_empty = true});
  key.assign = [access](Config& c, std::string_view text) -> Status {
    access(c).reset();
    if (text.empty()) return {};
    CS_ASSIGN(access(c), ParseDuration(text));
    return {};
  };
  key.get = [access](const Config& c) {
    const auto& value = access(const_cast<Config&>(c));
    return value ? DurationText(*value) : std::string();
  };
  return key;
}

// How long something is kept: a duration, or "never" for what is never dropped. `never` is what that is as a value: 0 where the old form
// "0s" said so too, else the longest time.
template <class Access>
ConfigKey Retention(About about, std::chrono::milliseconds never, Access access) {
  constexpr std::chrono::milliseconds kMost = std::chrono::hours(24 * 366 * 100);
  ConfigKey key = Duration(std::move(about), std::chrono::milliseconds(0), kMost, access);
  key.shape.may_be_never = true;
  key.assign = [=, plain = key.assign](Config& c, std::string_view text) -> Status {
    if (text != "never") return plain(c, text);
    access(c) = std::chrono::duration_cast<std::decay_t<decltype(access(c))>>(never);
    return {};
  };
  key.get = [=, plain = key.get](const Config& c) {
    return access(const_cast<Config&>(c)) == never ? std::string("never") : plain(c);
  };
  if (never.count() == 0) {
    key.outdated = [](std::string_view text) {
      auto value = ParseDuration(text);
      return std::string(value && value->count() == 0 ? "write never: 0s means at once everywhere else" : "");
    };
  }
  return key;
}

inline std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    auto comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return items;
}

template <class Access>
ConfigKey List(About about, TextRule rule, Access access) {
  ConfigKey key = KeyOf(std::move(about), {.kind = ValueKind::kList, .rule = rule, .may_be_empty = true});
  key.assign = [access](Config& c, std::string_view text) -> Status {
    access(c) = SplitList(text);
    return {};
  };
  key.get = [access](const Config& c) {
    std::string joined;
    for (const auto& item : access(const_cast<Config&>(c))) joined += (joined.empty() ? "" : ", ") + item;
    return joined;
  };
  return key;
}

template <class Enum>
struct Choice {
  const char* text;
  Enum value;
};

template <class Enum, class Access>
ConfigKey OneOf(About about, std::vector<Choice<Enum>> choices, Access access) {
  ValueShape shape{.kind = ValueKind::kChoice};
  for (const auto& choice : choices) shape.choices.emplace_back(choice.text);
  ConfigKey key = KeyOf(std::move(about), std::move(shape));
  key.assign = [=](Config& c, std::string_view text) -> Status {
    for (const auto& choice : choices) {
      if (text == choice.text) access(c) = choice.value;
    }
    return {};
  };
  key.get = [=](const Config& c) {
    for (const auto& choice : choices) {
      if (access(const_cast<Config&>(c)) == choice.value) return std::string(choice.text);
    }
    return std::string();
  };
  return key;
}

}  // namespace cryptostream
