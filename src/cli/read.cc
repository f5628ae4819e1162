// The commands that only read: newest rows, SQL, verification, the configuration, the version.
#include <CLI/CLI.hpp>
#include <iostream>

#include "base/version.h"
#include "cli/command.h"
#include "query/lake_views.h"
#include "query/print.h"
#include "verify/log_repair.h"
#include "verify/verify.h"

namespace cryptostream {
namespace {

int RunQuery(const Config& config, const std::string& sql, RowFormat format) {
  auto views = OpenLakeViews(config.lake.root);
  if (!views) return Failed(views.error());
  auto rows = views->duck->Query(sql);
  if (!rows) return Failed(rows.error());
  PrintRows(*rows, format, std::cout);
  if (rows->truncated) std::cerr << "cryptostream: only the first " << rows->rows.size() << " rows are shown\n";
  return kExitDone;
}

Command AddShow(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("show", "the newest rows of a table");
  app->footer("Examples:\n  cryptostream show gold\n  cryptostream show silver --coin bitcoin --limit 5 --json");
  struct Flags {
    std::string table, coin;
    int limit = 20;
  };
  auto flags = std::make_shared<Flags>();
  app->add_option("table", flags->table, "silver, gold, gold_1h or gold_1d")
      ->required()
      ->check(CLI::IsMember({"silver", "gold", "gold_1h", "gold_1d"}));
  app->add_option("--coin", flags->coin, "only this coin");
  app->add_option("--limit", flags->limit, "how many rows")->check(CLI::Range(1, 10'000))->capture_default_str();
  AddSetting(app, context, "--storage", "storage.path", "where the tables lie");
  return {app, [flags](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            if (!config) return exit_code;
            bool gold = flags->table.starts_with("gold");
            std::string columns =
                gold ? "\"window\".start as window_start, coin_id, source, open, max_price, min_price, close, avg_price, "
                       "samples, volume"
                     : "api_timestamp, coin_id, source, price, quantity, volume_24h, last_updated, ingestion_timestamp";
            std::string sql = "select " + columns + " from " + flags->table;
            if (!flags->coin.empty()) sql += " where coin_id = " + SqlText(flags->coin);
            sql += gold ? " order by \"window\".start desc, coin_id, source" : " order by api_timestamp desc, coin_id, source";
            sql += " limit " + std::to_string(flags->limit);
            return RunQuery(*config, sql, context.json ? RowFormat::kJson : RowFormat::kTable);
          }};
}

Command AddQuery(CLI::App& program, CommandContext& context) {
  CLI::App* app =
      program.add_subcommand("query", "SQL over bronze, silver, gold, gold_1h, gold_1d, quarantine and gaps; read only");
  app->footer(
      "Examples:\n  cryptostream query \"select coin_id, count(*) from silver group by 1\"\n"
      "  cryptostream query --csv \"select * from gold where coin_id = 'bitcoin'\" > bitcoin.csv");
  auto sql = std::make_shared<std::string>();
  auto csv = std::make_shared<bool>(false);
  app->add_option("sql", *sql, "one SELECT")->required();
  app->add_flag("--csv", *csv, "print CSV");
  AddSetting(app, context, "--storage", "storage.path", "where the tables lie");
  return {app, [sql, csv](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            if (!config) return exit_code;
            return RunQuery(*config, *sql, *csv ? RowFormat::kCsv : context.json ? RowFormat::kJson : RowFormat::kTable);
          }};
}

Command AddVerify(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("verify", "checks that the tables hold what they must");
  app->footer(
      "Examples:\n  cryptostream verify\n  cryptostream verify gold --storage my-lake --json\n  cryptostream verify --repair");
  auto what = std::make_shared<std::string>("all");
  app->add_option("what", *what, "bronze, silver, gold or all")
      ->check(CLI::IsMember({"bronze", "silver", "gold", "all"}))
      ->capture_default_str();
  auto repair = std::make_shared<bool>(false);
  app->add_flag("--repair", *repair,
                "first mend _last_checkpoint, checkpoints and checksums from the commits; nobody may be writing");
  AddSetting(app, context, "--storage", "storage.path", "where the tables lie");
  return {app, [what, repair](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            if (!config) return exit_code;
            if (*repair) {
              auto done = RepairLake(config->lake.root);
              if (!done) return Failed(done.error());
              for (const std::string& line : *done) std::cerr << "cryptostream: " << line << "\n";
            }
            auto report = VerifyLake(config->lake.root, *what);
            if (!report) return Failed(report.error());
            PrintReport(*report, context.json, std::cout);
            return report->ok() ? kExitDone : kExitFailure;
          }};
}

Command AddConfig(CLI::App& program, CommandContext&) {
  CLI::App* app = program.add_subcommand("config", "check, print or list the settings");
  app->footer(
      "Examples:\n  cryptostream config check --config my.toml\n  cryptostream config print\n  cryptostream config schema");
  auto what = std::make_shared<std::string>();
  app->add_option("what", *what, "check, print or schema")->required()->check(CLI::IsMember({"check", "print", "schema"}));
  return {app, [what](CommandContext& context) {
            if (*what == "schema") {
              std::cout << PrintConfigSchema();
              return kExitDone;
            }
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            if (!config) return exit_code;
            std::cout << (*what == "print" ? PrintConfig(*config) : std::string("the configuration is good\n"));
            return kExitDone;
          }};
}

Command AddVersion(CLI::App& program, CommandContext&) {
  CLI::App* app = program.add_subcommand("version", "the version");
  return {app, [](CommandContext&) {
            std::cout << "cryptostream " << kVersion << "\n";
            return kExitDone;
          }};
}

}  // namespace

std::vector<Command> AddReadingCommands(CLI::App& program, CommandContext& context) {
  return {AddShow(program, context), AddQuery(program, context), AddVerify(program, context), AddConfig(program, context),
          AddVersion(program, context)};
}

}  // namespace cryptostream
