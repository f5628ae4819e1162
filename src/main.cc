// The command line: parse, load the configuration, do one command. SIGINT and SIGTERM ask everything to finish what it holds;
// a second signal, or ten seconds, ends the process at once (the tables are right either way).
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <thread>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/command.h"

namespace cryptostream {
namespace {

constexpr std::chrono::seconds kDrainTime{10};

// Help with the examples where they are looked for: before the flags.
class ExamplesFirst : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    return make_description(app) + "\n" + make_footer(app) + "\n" + make_usage(app, name) + make_positionals(app) +
           make_groups(app, mode) + make_subcommands(app, mode);
  }
};

// Waits for signals on a thread of its own, so that no handler runs in the middle of anything.
void WatchSignals(StopSource stop) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is then an error like a full disk
  std::thread([stop, signals]() mutable {
    int signal = 0;
    sigwait(&signals, &signal);
    LogInfo("stopping: committing what is in hand (again to stop at once)");
    stop.request_stop();
    timespec limit{kDrainTime.count(), 0};
    if (sigtimedwait(&signals, nullptr, &limit) < 0) LogError("not done after {} s, ending now", kDrainTime.count());
    std::_Exit(128 + signal);
  }).detach();
}

void CollectFlags(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
}

// "unknown flag --prot (did you mean --port?)"
int UsageError(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App* at = &program;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  std::string message = error.what();
  if (auto rest = program.remaining(true); !rest.empty()) {
    // The flag tells more than a word that followed it.
    std::stable_partition(rest.begin(), rest.end(), [](const std::string& word) { return word.starts_with("-"); });
    std::vector<std::string> names;
    CollectFlags(*at, names);
    CollectFlags(program, names);
    for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(command->get_name());
    std::string nearest = Nearest(rest.front().substr(0, rest.front().find('=')), names);
    message = "unknown flag or command: " + rest.front() + (nearest.empty() ? "" : " (did you mean " + nearest + "?)");
  }
  std::string help = " -h";
  for (; at != nullptr; at = at->get_parent()) help = (at == &program ? "cryptostream" : " " + at->get_name()) + help;
  std::fprintf(stderr, "%s\n`%s` shows what there is\n", message.c_str(), help.c_str());
  return kExitUsage;
}

}  // namespace

int Failed(const Error& error) {
  std::fprintf(stderr, "cryptostream: %s\n", MaskSecrets(error.message).c_str());
  return kExitFailure;
}

CLI::Option* AddSetting(CLI::App* app, CommandContext& context, const std::string& flag, const std::string& path,
                        const std::string& help) {
  return app->add_option_function<std::string>(
      flag, [&context, path](const std::string& value) { context.settings.push_back(path + "=" + value); }, help);
}

std::optional<Config> CommandContext::Load(int* exit_code) const {
  ConfigSources sources;
  if (!config_file.empty()) sources.file = config_file;
  sources.environment = ConfigEnvironment();
  sources.settings = settings;
  auto config = LoadConfig(sources);
  if (!config) {
    std::fprintf(stderr, "cryptostream: %s\n", config.error().message.c_str());
    *exit_code = kExitConfig;
    return std::nullopt;
  }
  SetLogLevel(verbose ? LogLevel::kDebug : quiet ? LogLevel::kWarn : config->log_level);
  return *std::move(config);
}

int Main(int argc, char** argv) {
  ReuseLargeBuffers();
  StopSource stop;
  WatchSignals(stop);
  CommandContext context;
  context.stop = stop.get_token();
  CLI::App program("Crypto prices into a lakehouse of your own: bronze, silver and gold Delta tables, REST and live charts.",
                   "cryptostream");
  program.footer(
      "Examples:\n  cryptostream run                      live prices and the page on http://127.0.0.1:8000\n"
      "  cryptostream show gold                 the newest 1-minute windows\n"
      "  cryptostream query \"select coin_id, count(*) from silver group by 1\"\n"
      "  cryptostream COMMAND -h                examples and flags of a command");
  program.formatter(std::make_shared<ExamplesFirst>());
  program.require_subcommand(0, 1);
  program.fallthrough();
  program.add_option("--config", context.config_file, "TOML file with settings")->check(CLI::ExistingFile);
  program.add_option("--set", context.settings, "path=value: one setting, may be repeated")->take_all()->expected(1);
  program.add_flag("--json", context.json, "machine-readable output");
  program.add_flag("-q,--quiet", context.quiet, "only warnings and errors");
  program.add_flag("-v,--verbose", context.verbose, "more about what happens");
  bool list_crash_points = false;
  program.add_flag("--list-crash-points", list_crash_points)->group("");  // for the crash tests; no help tells of it
  program.set_version_flag("--version", std::string(kVersion));

  std::vector<Command> commands = AddWritingCommands(program, context);
  commands.push_back(AddRecompute(program, context));
  for (Command& command : AddQuarantineCommands(program, context)) commands.push_back(std::move(command));
  for (Command& command : AddReadingCommands(program, context)) commands.push_back(std::move(command));
  for (Command& command : AddMaintenanceCommands(program, context)) commands.push_back(std::move(command));
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return program.exit(asked);
  } catch (const CLI::ParseError& error) {
    return UsageError(program, error);
  }
  if (list_crash_points) {
    for (const CrashPoint* point : CrashPoints()) std::cout << point->name() << "\n";
    return kExitDone;
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return command.action(context);
  }
  std::cout << program.help();
  return kExitUsage;
}

}  // namespace cryptostream

int main(int argc, char** argv) { return cryptostream::Main(argc, argv); }
