// `upgrade`: a lake of an earlier format brought to this program's, apart from the commands that do so by themselves when they write to it;
// and, with --dry-run, what that would be.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <iostream>

#include "base/log.h"
#include "cli/command.h"
#include "maintain/upgrade.h"
#include "query/print.h"

namespace cryptostream {
namespace {

void Print(const UpgradePlan& plan, bool json) {
  SqlRows rows;
  rows.columns = {{"table", "VARCHAR"},
                  {"format", "BIGINT"},
                  {"becomes", "BIGINT"},
                  {"columns_added", "VARCHAR"},
                  {"days_compared", "BIGINT"}};
  for (const TableUpgrade& table : plan.tables) {
    rows.rows.push_back({table.table, std::int64_t{table.format}, std::int64_t{kTableFormat},
                         fmt::format("{}", fmt::join(table.columns, ", ")), static_cast<std::int64_t>(table.days)});
  }
  PrintRows(rows, json ? RowFormat::kJson : RowFormat::kTable, std::cout);
}

int RunUpgrade(CommandContext& context, bool dry_run) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  const std::string& root = config->lake.root;
  auto plan = PlanUpgrade(root);
  if (!plan) return Failed(plan.error());
  if (!plan->needed()) LogInfo("the lake {} is of format {}, there is nothing to do", root, kTableFormat);
  if (plan->needed() && dry_run) {
    LogInfo("an upgrade of the lake {} {}; it takes at most {:.1f} MB on the disk", root, plan->Words(),
            static_cast<double>(plan->room_bytes) / 1e6);
  } else if (plan->needed()) {
    if (auto lake = OpenExisting(*config, context.stop); !lake) return Failed(lake.error());
  }
  Print(*plan, context.json);
  return kExitDone;
}

}  // namespace

Command AddUpgrade(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("upgrade", "brings a lake of an earlier version to this one's format");
  app->footer(
      "Examples:\n  cryptostream upgrade --dry-run --storage my-lake     what would change\n"
      "  cryptostream upgrade --storage my-lake\n\nEvery command that writes to a lake does this first. Afterwards an older "
      "program "
      "refuses the lake: copy it before, if you\nmay want to go back. Interrupted, it goes on at the next start.");
  auto dry_run = std::make_shared<bool>(false);
  app->add_flag("--dry-run", *dry_run, "only say what would change");
  AddSetting(app, context, "storage.path", "where the tables are");
  return {app, [dry_run](CommandContext& context) { return RunUpgrade(context, *dry_run); }};
}

}  // namespace cryptostream
