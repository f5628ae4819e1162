// The command line: parse, do one command, and see whether what it printed arrived.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "base/check.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "config/config_key.h"

namespace cryptostream {
namespace {

// Help with the examples where they are looked for, before the flags, and with the flags that every command takes.
class ExamplesFirst : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    return make_description(app) + "\n" + make_footer(app) + "\n" + make_usage(app, name) + make_positionals(app) +
           make_groups(app, mode) + MakeGlobal(app) + make_subcommands(app, mode);
  }

 private:
  std::string MakeGlobal(const CLI::App* app) const {
    const CLI::App* program = app;
    while (program->get_parent() != nullptr) program = program->get_parent();
    if (program == app) return "";
    auto shown = program->get_options([](const CLI::Option* option) {
      return option->nonpositional() && !option->get_group().empty() && !option->check_lname("help") &&
             !option->check_lname("version");
    });
    return make_group("FLAGS OF EVERY COMMAND", false, {shown.begin(), shown.end()});
  }
};

void CollectFlags(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
}

bool HasFlag(const CLI::App& app, const std::string& flag) {
  std::vector<std::string> names;
  CollectFlags(app, names);
  return std::ranges::find(names, flag) != names.end();
}

// What to do about a word that no command takes. In: the word, and the command that it was given to.
std::string Advice(const CLI::App& program, const CLI::App& at, const std::string& word) {
  // A flag of the command that stands before it.
  if (HasFlag(at, word)) return "it belongs after its command: cryptostream " + at.get_name() + " " + word + " ...";
  std::vector<std::string> names, others;
  CollectFlags(at, names);
  CollectFlags(program, names);
  for (const CLI::App* command : at.get_subcommands([](const CLI::App*) { return true; })) names.push_back(command->get_name());
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    if (word.starts_with("-") && HasFlag(*command, word)) others.push_back(command->get_name());
  }
  if (!others.empty()) {
    std::string list;
    for (const std::string& other : others) list += (list.empty() ? "" : ", ") + other;
    std::string where = &at == &program ? "it belongs after a command: " : "it is a flag of: ";
    return where + list + (&at == &program ? "" : "; any command takes --set");
  }
  std::string nearest = Nearest(word, names);
  return nearest.empty() ? "" : "did you mean " + nearest + "?";
}

// "unknown flag or command: --prot (did you mean --port?)"
int UsageError(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App* at = &program;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  std::string message = error.what();
  if (auto rest = program.remaining(true); !rest.empty()) {
    // The flag tells more than a word that followed it.
    std::stable_partition(rest.begin(), rest.end(), [](const std::string& word) { return word.starts_with("-"); });
    std::string word = rest.front().substr(0, rest.front().find('='));
    std::string advice = Advice(program, *at, word);
    message = "unknown flag or command: " + rest.front() + (advice.empty() ? "" : " (" + advice + ")");
  }
  std::string help = " -h";
  for (; at != nullptr; at = at->get_parent()) help = (at == &program ? "cryptostream" : " " + at->get_name()) + help;
  std::fprintf(stderr, "cryptostream: %s\n`%s` shows what there is\n", message.c_str(), help.c_str());
  return kExitUsage;
}

int Run(CLI::App& program, CommandContext& context, int argc, char** argv, const std::vector<Command>& commands,
        const bool& list_crash_points) {
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
    if (!command.app->parsed()) continue;
    SetSignalActions({command.commits, {}});
    return command.action(context);
  }
  std::cout << program.help();
  return kExitUsage;
}

}  // namespace

CLI::Option* AddSetting(CLI::App* app, CommandContext& context, const std::string& path, const std::string& help) {
  const ConfigKey* key = FindConfigKey(path);
  CS_CHECK(key && !key->flag.empty());
  const std::string& flag = key->flag;
  const std::string words = key->shape.kind == ValueKind::kChoice ? help + ": " + RangeText(key->shape) : help;
  return app->add_option_function<std::string>(
      flag, [&context, flag, path](const std::string& value) { context.flags.push_back({flag, path, value}); }, words);
}

int Main(int argc, char** argv) {
  OpenStandardStreams();
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
  program.add_option("--config", context.config_file, "TOML file with settings");
  program.add_option("--set", context.settings, "path=value: one setting, may be repeated")->take_all()->expected(1);
  program.add_flag("--json", context.json, "machine-readable output");
  program.add_flag("-q,--quiet", context.quiet, "only warnings and errors");
  program.add_flag("-v,--verbose", context.verbose, "more about what happens");
  bool list_crash_points = false;
  program.add_flag("--list-crash-points", list_crash_points)->group("");  // for the crash tests; no help tells of it
  program.set_version_flag("--version", std::string(kVersion));

  std::vector<Command> commands = AddWritingCommands(program, context);
  commands.push_back(AddRecompute(program, context));
  commands.push_back(AddRebuild(program, context));
  commands.push_back(AddUpgrade(program, context));
  for (Command& command : AddClusterCommands(program, context)) commands.push_back(std::move(command));
  for (Command& command : AddSparkCommands(program, context)) commands.push_back(std::move(command));
  for (Command& command : AddQuarantineCommands(program, context)) commands.push_back(std::move(command));
  for (Command& command : AddMaintenanceCommands(program, context)) commands.push_back(std::move(command));
  for (Command& command : AddSinkCommands(program, context)) commands.push_back(std::move(command));
  for (Command& command : commands) command.commits = true;
  for (Command& command : AddQueryCommands(program, context)) commands.push_back(std::move(command));
  for (Command& command : AddReadingCommands(program, context)) commands.push_back(std::move(command));
  commands.push_back(AddHealthcheck(program, context));
  commands.push_back(AddCompletion(program));
  return CloseStandardOutput(Run(program, context, argc, argv, commands, list_crash_points));
}

}  // namespace cryptostream

int main(int argc, char** argv) { return cryptostream::Main(argc, argv); }
