// `sink` and `sink check`: a lake that another process writes into PostgreSQL, and what that needs.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "cli/command.h"
#include "query/print.h"
#include "run/sink_run.h"

namespace cryptostream {
namespace {

int RunSink(CommandContext& context, bool exit_when_done) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  context.ReloadAtHangup(*config, ConfigUse::kRead);
  Status done = SinkLake(*config, {exit_when_done, !context.quiet}, context.stop);
  if (done || (context.stop.stop_requested() && done.error().kind == ErrorKind::kCancelled)) return kExitDone;
  return Failed(done.error());
}

int RunCheck(CommandContext& context) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  auto checks = CheckSinkOf(*config, context.stop);
  if (!checks) return Failed(checks.error());
  bool good = true;
  SqlRows rows;
  rows.columns = {{"check", "VARCHAR"}, {"good", "BOOLEAN"}, {"words", "VARCHAR"}};
  for (const SinkCheck& check : *checks) {
    good = good && check.good;
    rows.rows.push_back({check.name, check.good, check.words});
    if (!context.json) std::cout << (check.good ? "good     " : "MISSING  ") << check.name << ": " << check.words << "\n";
  }
  if (context.json) PrintRows(rows, RowFormat::kJson, std::cout);
  return good ? kExitDone : kExitFailure;
}

}  // namespace

std::vector<Command> AddSinkCommands(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("sink", "follows a lake and keeps a PostgreSQL database up to date with it");
  app->footer(
      "Examples:\n  cryptostream sink --postgres postgresql:///cryptostream              until it is stopped\n"
      "  cryptostream sink --postgres postgresql:///cryptostream --exit-when-done     what the lake has now, then end\n"
      "  cryptostream sink check --postgres postgresql:///cryptostream                what is missing, and what it would do\n"
      "It only reads the lake, so it runs beside `run`, `stream` or `replay` of another process, on any machine that sees the "
      "storage.\n"
      "`run`, `stream` and `replay` do the same themselves where postgres.url is set. A password comes from "
      "postgres.password_file.");
  app->fallthrough();
  auto exit_when_done = std::make_shared<bool>(false);
  AddSetting(app, context, "storage.path", "where the tables are");
  AddSetting(app, context, "postgres.url", "the database, without a password");
  app->add_flag("--exit-when-done", *exit_when_done, "bring over what the lake has now, then exit");
  CLI::App* check = app->add_subcommand("check", "what is missing, and what would be done first; changes nothing");
  check->footer("Examples:\n  cryptostream sink check --postgres postgresql:///cryptostream");
  AddSetting(check, context, "storage.path", "where the tables are");
  AddSetting(check, context, "postgres.url", "the database, without a password");
  return {{check, RunCheck}, {app, [exit_when_done](CommandContext& context) { return RunSink(context, *exit_when_done); }}};
}

}  // namespace cryptostream
