#pragma once

#include <spdlog/fmt/fmt.h>

#include <string>
#include <string_view>

namespace cryptostream {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// Sets the least level that is printed. Everything goes to stderr; stdout is for data.
void SetLogLevel(LogLevel level);
void LogLine(LogLevel level, std::string_view line);
bool LogEnabled(LogLevel level);

template <class... Args>
void LogDebug(fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(LogLevel::kDebug)) LogLine(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void LogInfo(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void LogWarn(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void LogError(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace cryptostream
