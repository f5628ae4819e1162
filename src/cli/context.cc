// The configuration as a command gets it: loaded from everywhere, checked for what the command does, its warnings said; and read again at
// SIGHUP, all or nothing. What can change while the program runs is applied; of the rest it is said that it waits for a restart.
#include "cli/command.h"

#include <algorithm>
#include <cstdio>

#include "base/log.h"
#include "base/secret.h"
#include "cli/signals.h"
#include "query/storage_kind.h"
#include "run/lake_run.h"

namespace cryptostream {
namespace {

constexpr std::string_view kLogLevel = "log.level";

std::string Joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : std::string(between)) + word;
  return out;
}

ConfigSources SourcesOf(const CommandContext& context) {
  ConfigSources sources;
  if (!context.config_file.empty()) sources.file = context.config_file;
  sources.environment = ConfigEnvironment();
  sources.settings = context.settings;
  sources.flags = context.flags;
  return sources;
}

void ApplyLogLevel(const CommandContext& context, const Config& config) {
  SetLogLevel(context.verbose ? LogLevel::kDebug : context.quiet ? LogLevel::kWarn : config.log_level);
}

// Reads the configuration again. In: what it was read as last, which becomes what it is now.
void Reload(const CommandContext& context, ConfigUse use, Config& running) {
  auto config = LoadConfig(SourcesOf(context));
  std::vector<std::string> problems;
  if (config) {
    problems = ConfigProblems(*config, use);
  } else {
    problems.push_back(config.error().message);
  }
  if (!problems.empty()) {
    LogError("SIGHUP: the configuration stays as it was: {}", Joined(problems, "; "));
    return;
  }
  std::vector<std::string> changed = ChangedSettings(running, *config), applied, waiting;
  for (const std::string& path : changed) {
    bool now = path == kLogLevel || (running.serve.ages && (path == "serve.live_age" || path == "serve.delayed_age"));
    (now ? applied : waiting).push_back(path);
  }
  config->serve.ages = running.serve.ages;
  running = *std::move(config);
  ApplyLogLevel(context, running);
  if (running.serve.ages) running.serve.ages->Set(running.serve.live_age, running.serve.delayed_age);
  if (!applied.empty()) LogWarn("SIGHUP: applied: {}", Joined(applied, ", "));
  if (!waiting.empty()) LogWarn("SIGHUP: a restart is needed for: {}", Joined(waiting, ", "));
  if (changed.empty()) LogWarn("SIGHUP: the configuration has not changed");
}

}  // namespace

int Failed(const Error& error) {
  std::fprintf(stderr, "cryptostream: %s\n", MaskSecrets(error.message).c_str());
  return kExitFailure;
}

int UsageFailed(const Error& error) {
  std::fprintf(stderr, "cryptostream: %s\n", MaskSecrets(error.message).c_str());
  return kExitUsage;
}

bool CommandContext::IsGiven(const std::string& path) const {
  return std::ranges::any_of(flags, [&](const FlagSetting& flag) { return flag.path == path; }) ||
         std::ranges::any_of(settings, [&](const std::string& setting) { return setting.starts_with(path + "="); });
}

std::optional<Config> CommandContext::Load(int* exit_code, ConfigUse use) const {
  auto config = LoadConfig(SourcesOf(*this));
  std::vector<std::string> problems;
  if (config) {
    problems = ConfigProblems(*config, use);
  } else {
    problems.push_back(config.error().message);
  }
  for (const std::string& problem : problems) std::fprintf(stderr, "cryptostream: %s\n", MaskSecrets(problem).c_str());
  if (!problems.empty()) {
    *exit_code = kExitConfig;
    return std::nullopt;
  }
  ApplyLogLevel(*this, *config);
  for (const std::string& warning : config->warnings) LogWarn("{}", warning);
  return *std::move(config);
}

Result<std::unique_ptr<Lake>> OpenExisting(const Config& config, StopToken stop) {
  CS_TRY(CheckIsLake(config.lake.root));
  return OpenForWriting(config.lake, stop);
}

void CommandContext::UseTheLakeThatIsThere(Config& config) const {
  static const Config defaults;
  if (config.lake.root != defaults.lake.root || IsGiven("storage.path")) return;
  auto is_lake = [](const std::string& root) {
    auto found = WhatIsThere(root);
    return found && found->kind == StorageKind::kOurs;
  };
  if (is_lake(config.lake.root) || !is_lake(config.source.demo_path)) return;
  std::fprintf(stderr, "cryptostream: there is no lake in %s; reading the recording's, %s (--storage DIR names another)\n",
               config.lake.root.c_str(), config.source.demo_path.c_str());
  config.lake.root = config.source.demo_path;
}

void CommandContext::ReloadAtHangup(Config& config, ConfigUse use) const {
  config.serve.ages = std::make_shared<FreshnessAges>(config.serve.live_age, config.serve.delayed_age);
  SetSignalActions(
      {true, [context = *this, use, running = std::make_shared<Config>(config)] { Reload(context, use, *running); }});
}

}  // namespace cryptostream
