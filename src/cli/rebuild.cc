// `rebuild`: makes damaged or lost tables anew from what they are made of.
#include "maintain/rebuild.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/log.h"
#include "cli/command.h"
#include "query/print.h"
#include "query/storage_kind.h"
#include "run/progress.h"

namespace cryptostream {
namespace {

struct Flags {
  std::vector<std::string> tables;
  bool all = false, dry_run = false, accept_loss = false;
};

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const TableLayout* layout : RebuildableTables()) names.push_back(layout->name);
  return names;
}

std::vector<const TableLayout*> Chosen(const Flags& flags) {
  std::vector<const TableLayout*> chosen;
  for (const TableLayout* layout : RebuildableTables()) {
    if (flags.all || std::ranges::find(flags.tables, layout->name) != flags.tables.end()) chosen.push_back(layout);
  }
  return chosen;
}

void Print(const std::vector<Rebuilt>& report, bool json) {
  SqlRows rows;
  rows.columns = {{"table", "VARCHAR"}, {"how", "VARCHAR"},    {"unreadable_files", "BIGINT"},
                  {"added", "BIGINT"},  {"changed", "BIGINT"}, {"removed", "BIGINT"}};
  for (const Rebuilt& table : report) {
    rows.rows.push_back({table.table, std::string(table.anew ? "anew" : "in place"), table.unreadable, table.added, table.changed,
                         table.removed});
  }
  PrintRows(rows, json ? RowFormat::kJson : RowFormat::kTable, std::cout);
}

int Rebuilds(const Flags& flags, CommandContext& context) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  if (flags.tables.empty() && !flags.all) return UsageFailed({ErrorKind::kInvalid, "name a table, or give --all", std::nullopt});
  // A table that cannot even be opened is what this command is for.
  if (auto found = WhatIsThere(config->lake.root); found && found->kind != StorageKind::kOurs) {
    return Failed(CheckIsLake(config->lake.root).error());
  }
  Progress progress("rebuild", !context.quiet);
  RebuildOptions options{Chosen(flags), flags.accept_loss,
                         [&](const std::string& table, std::size_t done, std::size_t all) { progress.Show(done, all, table); }};
  std::string aside;
  auto report =
      flags.dry_run ? DryRebuild(config->lake, options, context.stop) : Rebuild(config->lake, options, context.stop, aside);
  if (!report) return Failed(report.error());
  progress.End();
  Print(*report, context.json);
  if (!aside.empty()) {
    LogInfo("what the tables were lies in {}: delete it when `cryptostream verify` says that the lake is sound", aside);
  }
  return kExitDone;
}

}  // namespace

Command AddRebuild(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("rebuild", "makes damaged or lost tables anew from those that they are made of");
  app->footer(
      "Examples:\n  cryptostream rebuild gold --dry-run      what would be done\n"
      "  cryptostream rebuild gold_sources\n  cryptostream rebuild --all\n\n"
      "A table of gold with a sound log is mended in place, a day a commit; silver, and a table without its log, becomes a new "
      "table,\n"
      "and so does all that is made of it: the old ones are moved to .rebuild/. Needs the lake to itself. Interrupted, give the "
      "command\n"
      "again. `cryptostream verify` says what is to be rebuilt.");
  auto flags = std::make_shared<Flags>();
  app->add_option("table", flags->tables, "which: silver, gold_sources, gold, and their hours and days, gold_1h as an example")
      ->check(CLI::IsMember(Names()));
  app->add_flag("--all", flags->all, "all that is made of bronze");
  app->add_flag("--dry-run", flags->dry_run, "only say what would be done");
  app->add_flag("--accept-loss", flags->accept_loss,
                "also where rows cannot be made again, because retention has dropped what they were made of");
  AddSetting(app, context, "storage.path", "where the tables are");
  return {app, [flags](CommandContext& context) { return Rebuilds(*flags, context); }};
}

}  // namespace cryptostream
