// The commands that keep a lake small by hand: compact, vacuum, retention. A running engine does the same by itself; these are for lakes that
// nobody writes, and to look (`--dry-run`). They take the lake's lock, so they say who writes when somebody does.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "cli/command.h"
#include "maintain/maintainer.h"
#include "query/print.h"

namespace cryptostream {
namespace {

void Print(const SqlRows& rows, const CommandContext& context) {
  PrintRows(rows, context.json ? RowFormat::kJson : RowFormat::kTable, std::cout);
}

int RunCompact(CommandContext& context) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  auto lake = OpenExisting(*config, context.stop);
  if (!lake) return Failed(lake.error());
  auto reports = Maintainer(**lake).Compact(true, context.stop);
  if (!reports) return Failed(reports.error());
  SqlRows rows;
  rows.columns = {{"table", "VARCHAR"},         {"commits", "BIGINT"},    {"files_before", "BIGINT"}, {"files_after", "BIGINT"},
                  {"rows_rewritten", "BIGINT"}, {"bytes_read", "BIGINT"}, {"bytes_written", "BIGINT"}};
  for (const auto& [name, report] : *reports) {
    rows.rows.push_back({name, std::int64_t{report.jobs}, report.files_before, report.files_after, report.rows, report.bytes_read,
                         report.bytes_written});
  }
  Print(rows, context);
  return kExitDone;
}

int RunVacuum(CommandContext& context, bool dry_run) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  auto lake = OpenExisting(*config, context.stop);
  if (!lake) return Failed(lake.error());
  auto reports = Maintainer(**lake).Clean(dry_run, context.stop);
  if (!reports) return Failed(reports.error());
  SqlRows rows;
  if (dry_run && context.verbose) {
    rows.columns = {{"table", "VARCHAR"}, {"would_delete", "VARCHAR"}};
    for (const auto& [name, report] : *reports) {
      for (const std::string& path : report.names) rows.rows.push_back({name, path});
    }
  } else {
    rows.columns = {{"table", "VARCHAR"},
                    {dry_run ? "log_files_to_delete" : "log_files_deleted", "BIGINT"},
                    {dry_run ? "data_files_to_delete" : "data_files_deleted", "BIGINT"},
                    {"data_bytes", "BIGINT"}};
    for (const auto& [name, report] : *reports) {
      rows.rows.push_back({name, report.log_files, report.data_files, report.data_bytes});
    }
  }
  Print(rows, context);
  return kExitDone;
}

int RunRetention(CommandContext& context, bool dry_run) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  auto lake = OpenExisting(*config, context.stop);
  if (!lake) return Failed(lake.error());
  auto plans = Maintainer(**lake).Retain(dry_run, context.stop);
  if (!plans) return Failed(plans.error());
  SqlRows rows;
  rows.columns = {{"table", "VARCHAR"},
                  {"days_before", "VARCHAR"},
                  {dry_run ? "files_to_drop" : "files_dropped", "BIGINT"},
                  {"rows", "BIGINT"},
                  {"data_bytes", "BIGINT"}};
  for (const auto& [name, plan] : *plans) {
    rows.rows.push_back({name, FormatDate(plan.before), static_cast<std::int64_t>(plan.files.size()), plan.rows, plan.bytes});
  }
  Print(rows, context);
  return kExitDone;
}

Command AddCompact(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("compact", "small files into large ones, sorted by coin and time; no row changes");
  app->footer(
      "Examples:\n  cryptostream compact --storage my-lake\n\nThe running program compacts on its own; this is for a lake that "
      "nothing writes to. Old files stay until vacuum.");
  AddSetting(app, context, "storage.path", "where the tables are");
  return {app, RunCompact};
}

Command AddVacuum(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("vacuum", "deletes old log files, and data files that no version needs");
  app->footer(
      "Examples:\n  cryptostream vacuum --dry-run --storage my-lake\n  cryptostream vacuum --dry-run -v     name every file\n\n"
      "maintenance.log_retention and maintenance.file_retention set how old. The running program does this on its own.");
  auto dry_run = std::make_shared<bool>(false);
  app->add_flag("--dry-run", *dry_run, "only say what would be deleted");
  AddSetting(app, context, "storage.path", "where the tables are");
  return {app, [dry_run](CommandContext& context) { return RunVacuum(context, *dry_run); }};
}

Command AddRetention(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("retention", "drops whole days that are older than maintenance.retain_TABLE");
  app->footer(
      "Examples:\n  cryptostream retention --dry-run --set maintenance.retain_bronze=30d\n\nA table without that setting "
      "keeps everything. The files stay until vacuum.");
  auto dry_run = std::make_shared<bool>(false);
  app->add_flag("--dry-run", *dry_run, "only say what would be dropped");
  AddSetting(app, context, "storage.path", "where the tables are");
  return {app, [dry_run](CommandContext& context) { return RunRetention(context, *dry_run); }};
}

}  // namespace

std::vector<Command> AddMaintenanceCommands(CLI::App& program, CommandContext& context) {
  return {AddCompact(program, context), AddVacuum(program, context), AddRetention(program, context)};
}

}  // namespace cryptostream
