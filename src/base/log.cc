// The log: lines to stderr through spdlog, colour only on a terminal and without NO_COLOR. This is spdlog's only door,
// so that what a line looks like is decided once.
#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "base/secret.h"
#include "base/status_line.h"

namespace cryptostream {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& Logger() {
  static std::shared_ptr<spdlog::logger> logger = [] {
    const char* no_color = std::getenv("NO_COLOR");
    auto mode = no_color && *no_color ? spdlog::color_mode::never : spdlog::color_mode::automatic;
    auto made = std::make_shared<spdlog::logger>("cryptostream", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode));
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return *logger;
}

constexpr const char* kEraseLine = "\r\033[K";

struct StatusLine {
  std::mutex mutex;
  std::string shown;  // empty: none
};

StatusLine& TheStatusLine() {
  static auto* line = new StatusLine;  // threads may log until the process ends
  return *line;
}

void Put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

void SetLogLevel(LogLevel level) { Logger().set_level(ToSpdlog(level)); }
bool LogEnabled(LogLevel level) { return Logger().should_log(ToSpdlog(level)); }

void LogLine(LogLevel level, std::string_view line) {
  StatusLine& status = TheStatusLine();
  std::lock_guard lock(status.mutex);
  bool above = !status.shown.empty() && LogEnabled(level);
  if (above) Put(kEraseLine);
  Logger().log(ToSpdlog(level), MaskSecrets(std::string(line)));
  if (above) Put(status.shown);
}

void ShowStatusLine(std::string_view line) {
  StatusLine& status = TheStatusLine();
  std::lock_guard lock(status.mutex);
  status.shown = line;
  Put(kEraseLine + status.shown);
}

void EndStatusLine() {
  StatusLine& status = TheStatusLine();
  std::lock_guard lock(status.mutex);
  if (status.shown.empty()) return;
  Put("\n");
  status.shown.clear();
}

}  // namespace cryptostream
