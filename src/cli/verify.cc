// cryptostream verify: repair if asked, the checks, for silver and gold also what their newest rows are, and
// a verdict. The exit code tells the three outcomes apart, so that a script that watches a lake does not call
// a full disk damage.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command.h"
#include "query/lake_views.h"
#include "query/print.h"
#include "run/progress.h"
#include "verify/log_repair.h"
#include "verify/verify.h"

namespace cryptostream {
namespace {

struct Flags {
  std::string what = "all";
  bool repair = false;
};

// How many rows a table has and its five newest, as the original project's verify_silver.py and
// verify_gold.py print them.
Status PrintNewest(const Config& config, const std::string& table) {
  bool gold = table == "gold";
  std::string columns = gold ? "\"window\".start AS window_start, coin_id, avg_price, min_price, max_price, volatility, source"
                             : "api_timestamp, coin_id, price, volume_24h, source, ingestion_timestamp";
  std::string order = gold ? "\"window\".start DESC, coin_id, source" : "api_timestamp DESC, coin_id, source";
  CS_ASSIGN(LakeViews views, OpenLakeViews(config.lake.root));
  QueryLimits limits{.timeout = std::chrono::hours(1), .max_rows = 5};
  CS_ASSIGN(SqlRows count, views.duck->Query("SELECT count(*) FROM " + table, {}, limits));
  CS_ASSIGN(SqlRows newest,
            views.duck->Query("SELECT " + columns + " FROM " + table + " ORDER BY " + order + " LIMIT 5", {}, limits));
  std::cout << table << " has " << SqlValueText(count.rows.at(0).at(0)) << " rows";
  if (!newest.rows.empty()) {
    std::cout << "; the newest:\n";
    PrintRows(newest, RowFormat::kTable, std::cout);
  }
  std::cout << "\n";
  return {};
}

// Out: whether a person has to see to something.
Result<bool> Repair(const Config& config) {
  CS_ASSIGN(Repaired repaired, RepairLake(config.lake.root));
  for (const std::string& line : repaired.done) std::cerr << "cryptostream: " << line << "\n";
  for (const std::string& line : repaired.left) std::cerr << "cryptostream: " << line << "\n";
  return !repaired.left.empty();
}

int ExitOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSound: return kExitDone;
    case Verdict::kNotChecked: return kExitNotChecked;
    case Verdict::kWrong: break;
  }
  return kExitFailure;
}

int Verify(const Flags& flags, CommandContext& context) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  context.UseTheLakeThatIsThere(*config);
  auto left = flags.repair ? Repair(*config) : Result<bool>(false);
  if (!left) return Failed(left.error());
  Progress progress("verify", !context.quiet);
  VerifyOptions options;
  options.what = flags.what;
  options.file_retention = config->lake.maintenance.file_retention;
  options.log_retention = config->lake.maintenance.log_retention;
  options.progress = [&](std::size_t done, std::size_t all, const std::string& doing) { progress.Show(done, all, doing); };
  auto report = VerifyLake(config->lake.root, options);
  if (::isatty(STDERR_FILENO) == 1) progress.End();  // a log needs no word of a check that was quick
  if (!report) return Failed(report.error());
  bool rows = (flags.what == "silver" || flags.what == "gold") && !context.json && !context.quiet;
  if (Status printed = rows ? PrintNewest(*config, flags.what) : Status(); !printed) {
    std::cerr << "cryptostream: the newest rows cannot be shown: " << printed.error().message << "\n";
  }
  PrintReport(*report, {context.json, context.quiet, config->lake.root}, std::cout);
  return *left ? kExitFailure : ExitOf(report->verdict());
}

}  // namespace

Command AddVerify(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("verify", "checks that the tables hold what they must");
  app->footer(
      "Examples:\n  cryptostream verify\n  cryptostream verify gold --storage my-lake --json\n  cryptostream verify -q\n"
      "  cryptostream verify --repair\n"
      "Exit: 0 sound; 1 something is wrong, the places are named; 75 nothing wrong was found, but not all could be looked at\n"
      "(memory, disk, permissions): the reason is named.");
  auto flags = std::make_shared<Flags>();
  app->add_option("what", flags->what, "bronze, silver, gold or all; silver and gold also print the newest rows")
      ->check(CLI::IsMember({"bronze", "silver", "gold", "all"}))
      ->capture_default_str();
  app->add_flag("--repair", flags->repair,
                "first mend _last_checkpoint, checkpoints and checksums from the commits; nobody may be writing");
  AddSetting(app, context, "storage.path", "where the tables are");
  return {app, [flags](CommandContext& context) { return Verify(*flags, context); }};
}

}  // namespace cryptostream
