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

template <class Access>
ConfigKey Text(std::string path, std::string help, Access access) {
  return {std::move(path), "text", std::move(help),
          [access](Config& c, std::string_view text) -> Status {
            access(c) = std::string(text);
            return {};
          },
          [access](const Config& c) { return std::string(access(const_cast<Config&>(c))); }};
}

// A file or folder of this machine; a URL of anything else is refused before somebody makes a folder "s3:".
template <class Access>
ConfigKey Path(std::string path, std::string help, Access access) {
  return {std::move(path), "text", std::move(help),
          [access](Config& c, std::string_view text) -> Status {
            CS_ASSIGN(std::filesystem::path local, LocalPath(text));
            access(c) = local.string();
            return {};
          },
          [access](const Config& c) { return std::string(access(const_cast<Config&>(c))); }};
}

template <class Access>
ConfigKey Bool(std::string path, std::string help, Access access) {
  return {std::move(path), "bool", std::move(help),
          [access](Config& c, std::string_view text) -> Status {
            if (text != "true" && text != "false") return Invalid("not true or false: value=" + std::string(text));
            access(c) = text == "true";
            return {};
          },
          [access](const Config& c) { return std::string(access(const_cast<Config&>(c)) ? "true" : "false"); }};
}

inline Result<std::int64_t> ParseInteger(std::string_view text, std::int64_t least, std::int64_t most) {
  auto value = IntegerOf<std::int64_t>(text);
  if (!value || *value < least || *value > most) {
    return Invalid("not an integer from " + std::to_string(least) + " to " + std::to_string(most) +
                   ": value=" + std::string(text));
  }
  return *value;
}

template <class Access>
ConfigKey Integer(std::string path, std::string help, std::int64_t least, std::int64_t most, Access access) {
  return {std::move(path), "integer", std::move(help),
          [=](Config& c, std::string_view text) -> Status {
            CS_ASSIGN(std::int64_t value, ParseInteger(text, least, most));
            access(c) = static_cast<std::decay_t<decltype(access(c))>>(value);
            return {};
          },
          [access](const Config& c) { return std::to_string(access(const_cast<Config&>(c))); }};
}

// An integer that need not be set: "" is "the default of the plan".
template <class Access>
ConfigKey OptionalInteger(std::string path, std::string help, std::int64_t least, std::int64_t most, Access access) {
  return {std::move(path), "integer", std::move(help),
          [=](Config& c, std::string_view text) -> Status {
            if (text.empty()) {
              access(c).reset();
              return {};
            }
            CS_ASSIGN(std::int64_t value, ParseInteger(text, least, most));
            access(c) = static_cast<typename std::decay_t<decltype(access(c))>::value_type>(value);
            return {};
          },
          [access](const Config& c) {
            const auto& value = access(const_cast<Config&>(c));
            return value ? std::to_string(*value) : std::string();
          }};
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
ConfigKey Duration(std::string path, std::string help, std::chrono::milliseconds least, std::chrono::milliseconds most,
                   Access access) {
  return {
      std::move(path), "duration", std::move(help),
      [=](Config& c, std::string_view text) -> Status {
        CS_ASSIGN(auto value, ParseDuration(text));
        if (value < least || value > most) {
          return Invalid("not from " + FormatDuration(least) + " to " + FormatDuration(most) + ": value=" + std::string(text));
        }
        access(c) = std::chrono::duration_cast<std::decay_t<decltype(access(c))>>(value);
        return {};
      },
      [access](const Config& c) { return DurationText(access(const_cast<Config&>(c))); }};
}

// How long something is kept: a duration, or "never" for what is never dropped. `never` is what that is as a value: 0 where the old form
// "0s" said so too, else the longest time.
template <class Access>
ConfigKey Retention(std::string path, std::string help, std::chrono::milliseconds never, Access access) {
  constexpr std::chrono::milliseconds kMost = std::chrono::hours(24 * 366 * 100);
  ConfigKey key = Duration(std::move(path), std::move(help), std::chrono::milliseconds(0), kMost, access);
  key.set = [=, plain = key.set](Config& c, std::string_view text) -> Status {
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
ConfigKey List(std::string path, std::string help, Access access) {
  return {std::move(path), "list", std::move(help),
          [access](Config& c, std::string_view text) -> Status {
            access(c) = SplitList(text);
            return {};
          },
          [access](const Config& c) {
            std::string joined;
            for (const auto& item : access(const_cast<Config&>(c))) joined += (joined.empty() ? "" : ", ") + item;
            return joined;
          }};
}

template <class Enum>
struct Choice {
  const char* text;
  Enum value;
};

template <class Enum, class Access>
ConfigKey OneOf(std::string path, std::string help, std::vector<Choice<Enum>> choices, Access access) {
  return {std::move(path), "text", std::move(help),
          [=](Config& c, std::string_view text) -> Status {
            std::string known;
            for (const auto& choice : choices) {
              if (text == choice.text) {
                access(c) = choice.value;
                return {};
              }
              known += (known.empty() ? "" : ", ") + std::string(choice.text);
            }
            return Invalid("not one of " + known + ": value=" + std::string(text));
          },
          [=](const Config& c) {
            for (const auto& choice : choices) {
              if (access(const_cast<Config&>(c)) == choice.value) return std::string(choice.text);
            }
            return std::string();
          }};
}

}  // namespace cryptostream
