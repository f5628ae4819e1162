#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stop.h"
#include "config/config.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace cryptostream {

// Exit codes, as in sysexits.h where it has one.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotChecked = 75;  // verify: nothing wrong was found, but not all could be looked at
inline constexpr int kExitConfig = 78;

// What every command shares: where the configuration comes from and how to print.
struct CommandContext {
  std::string config_file;
  std::vector<std::string> settings;  // --set
  std::vector<FlagSetting> flags;     // flags that are short for a setting
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  StopToken stop;

  // The configuration as these flags make it, checked for what it is wanted for; on an error says so, every reason on a line, and returns
  // the exit code in `exit_code`.
  std::optional<Config> Load(int* exit_code, ConfigUse use = ConfigUse::kRead) const;
  // For commands that only read. Who has not named a lake and has none in the default place, but the recording's lake, gets that one, and
  // is told: README's next commands work while the recording plays.
  void UseTheLakeThatIsThere(Config& config) const;
  // From now on SIGHUP reads the configuration again: for commands that run until they are stopped. In: what Load gave.
  void ReloadAtHangup(Config& config, ConfigUse use) const;
  // Whether a setting was given on the command line.
  bool IsGiven(const std::string& path) const;
};

// A command: its flags are bound to `action` by the parser; main calls it when the command was given.
struct Command {
  CLI::App* app = nullptr;
  std::function<int(CommandContext&)> action;
  bool commits = false;  // has something in hand that a stop must not lose
};

// The flag that the table of settings gives to `path`: what it is given joins `context.flags`. Requires: a setting with a flag.
CLI::Option* AddSetting(CLI::App* app, CommandContext& context, const std::string& path, const std::string& help);

// run, serve, replay, produce, stream, backfill, import.
std::vector<Command> AddWritingCommands(CLI::App& program, CommandContext& context);
// recompute.
Command AddRecompute(CLI::App& program, CommandContext& context);
// sink check, sink.
std::vector<Command> AddSinkCommands(CLI::App& program, CommandContext& context);
// quarantine list, quarantine replay.
std::vector<Command> AddQuarantineCommands(CLI::App& program, CommandContext& context);
// show, query.
std::vector<Command> AddQueryCommands(CLI::App& program, CommandContext& context);
// verify.
Command AddVerify(CLI::App& program, CommandContext& context);
// schema.
Command AddSchema(CLI::App& program);
// config, version.
std::vector<Command> AddReadingCommands(CLI::App& program, CommandContext& context);
// healthcheck.
Command AddHealthcheck(CLI::App& program, CommandContext& context);
// completion.
Command AddCompletion(CLI::App& program);
// rebuild.
Command AddRebuild(CLI::App& program, CommandContext& context);
// upgrade.
Command AddUpgrade(CLI::App& program, CommandContext& context);
// operator, commit.
std::vector<Command> AddClusterCommands(CLI::App& program, CommandContext& context);
// spark print, spark submit.
std::vector<Command> AddSparkCommands(CLI::App& program, CommandContext& context);
// compact, vacuum, retention.
std::vector<Command> AddMaintenanceCommands(CLI::App& program, CommandContext& context);

// Prints an error and what to do, and gives the exit code of its kind.
int Failed(const Error& error);
// The same for a flag that was given wrongly.
int UsageFailed(const Error& error);

// Opens a lake that is there for a command that changes it (and upgrades it first); a mistyped path must not make a new one.
Result<std::unique_ptr<Lake>> OpenExisting(const Config& config, StopToken stop);

}  // namespace cryptostream
