// `recompute`: computes the closed windows of a range again from silver, by hand. For a lake that somebody changed from outside, or whose
// order of sources shall hold for the past too.
#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command.h"
#include "maintain/recompute.h"
#include "maintain/reorder.h"
#include "query/print.h"
#include "run/progress.h"

namespace cryptostream {
namespace {

struct Flags {
  std::string from, to;
  bool dry_run = false, order = false;
};

// "2024-08-08" or RFC 3339.
Result<Timestamp> ReadTime(const std::string& flag, const std::string& text) {
  auto time = ParseRfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (!time) return Invalid("bad " + flag + ": value=" + text + " (2024-08-08 or 2024-08-08T23:54:00Z)");
  return *time;
}

Result<TimeRange> ReadRange(const Flags& flags) {
  TimeRange range;
  CS_ASSIGN(range.from, ReadTime("--from", flags.from));
  if (flags.order) {
    if (!flags.to.empty()) return Invalid("--order and --to exclude each other: an order holds from a window on");
    return TimeRange{range.from, Timestamp::max()};
  }
  if (flags.to.empty()) return Invalid("--to is required");
  CS_ASSIGN(range.to, ReadTime("--to", flags.to));
  if (range.from >= range.to) return Invalid("bad range: --from must be before --to");
  return range;
}

Result<std::vector<Recomputed>> Run(const Config& config, const RecomputeOptions& options, bool order, StopToken stop) {
  CS_ASSIGN(auto lake, OpenExisting(config, stop));
  if (order) return Reorder(*lake, {options.range.from, options.dry_run, options.progress}, stop);
  return Recompute(*lake, options, stop);
}

void Print(const std::vector<Recomputed>& report, bool json) {
  SqlRows rows;
  rows.columns = {{"table", "VARCHAR"}, {"added", "BIGINT"}, {"changed", "BIGINT"}, {"removed", "BIGINT"}};
  for (const Recomputed& table : report) rows.rows.push_back({table.table, table.added, table.changed, table.removed});
  PrintRows(rows, json ? RowFormat::kJson : RowFormat::kTable, std::cout);
}

int Recomputes(const Flags& flags, CommandContext& context) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  auto range = ReadRange(flags);
  if (!range) return UsageFailed(range.error());
  Progress progress("recompute", !context.quiet);
  RecomputeOptions options{.range = *range, .dry_run = flags.dry_run, .progress = [&](std::size_t done, std::size_t days) {
                             progress.Show(done, days, std::to_string(done) + " of " + std::to_string(days) + " days");
                           }};
  auto report = Run(*config, options, flags.order, context.stop);
  if (!report) return Failed(report.error());
  progress.End();
  Print(*report, context.json);
  return kExitDone;
}

}  // namespace

Command AddRecompute(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("recompute", "computes the closed windows of a range again from silver");
  app->footer(
      "Examples:\n  cryptostream recompute --from 2024-08-08 --to 2024-08-09 --dry-run     what would change\n"
      "  cryptostream recompute --from 2024-08-08T12:00:00Z --to 2024-08-08T13:00:00Z\n"
      "  cryptostream recompute --order --from 2024-08-01                            gold.source_order holds from then on\n"
      "Only rows that differ are replaced. Needs the lake to itself: stop the program that writes it.");
  auto flags = std::make_shared<Flags>();
  app->add_option("--from", flags->from, "first event time, 2024-08-08 or RFC 3339")->required();
  app->add_option("--to", flags->to, "end of the range, not included");
  app->add_flag("--order", flags->order, "choose gold's rows from --from on again, in the order that is configured");
  app->add_flag("--dry-run", flags->dry_run, "only say what would change");
  AddSetting(app, context, "storage.path", "where the tables are");
  return {app, [flags](CommandContext& context) { return Recomputes(*flags, context); }};
}

}  // namespace cryptostream
