// `show` and `query`: rows of the lake to a terminal, a pipe or a file. A result is printed while it is read, so its size does not
// matter, and it is never cut in silence: only --limit and --timeout end it early.
#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command.h"
#include "cli/output.h"
#include "query/lake_views.h"
#include "query/print.h"

namespace cryptostream {
namespace {

constexpr std::size_t kShownWidth = 100;

// What is done with the rows of a query.
struct ResultFlags {
  bool csv = false, force = false;
  std::string output, timeout = "never";
  std::size_t limit = 0;  // 0: all
};

enum class FileFormat { kNone, kCsv, kJson, kParquet };

void AddResultFlags(CLI::App* app, ResultFlags& flags) {
  app->add_flag("--csv", flags.csv, "print CSV");
  app->add_option("--output", flags.output,
                  "write this file instead, complete or not at all: .parquet (types kept), .csv or .json");
  app->add_flag("--force", flags.force, "with --output: replace an existing file");
}

Result<FileFormat> FormatOf(const std::string& output) {
  if (output.empty()) return FileFormat::kNone;
  if (output.ends_with(".csv")) return FileFormat::kCsv;
  if (output.ends_with(".json")) return FileFormat::kJson;
  if (output.ends_with(".parquet")) return FileFormat::kParquet;
  return Invalid("--output has an unknown format: file=" + output + " (its name ends with .parquet, .csv or .json)");
}

Result<QueryLimits> LimitsOf(const ResultFlags& flags, const StopToken& stop) {
  QueryLimits limits{.timeout = kNoTimeout, .stop = stop};
  if (flags.timeout == "never") return limits;
  auto timeout = ParseDuration(flags.timeout);
  if (!timeout || timeout->count() == 0) {
    return Invalid("bad value for --timeout: value=" + flags.timeout + " (write it as 500ms, 30s or 5m; or never)");
  }
  limits.timeout = *timeout;
  return limits;
}

// Prints rows as they come. Out: whether there were more than the limit.
Result<bool> PrintQuery(const Duck& duck, const std::string& sql, const QueryLimits& limits, const PrintOptions& options,
                        std::size_t limit, std::ostream& out) {
  RowPrinter printer(options, out);
  bool more = false;
  auto take = [&](const std::vector<SqlColumn>&, SqlRow&& row) {
    more = limit != 0 && printer.rows() == limit;
    return !more && printer.Row(row);
  };
  CS_TRY(duck.ForEachRow(sql, {}, limits, {take, [&](const std::vector<SqlColumn>& columns) { printer.Begin(columns); }}));
  printer.End();
  return more;
}

Status WriteQuery(const Duck& duck, const std::string& sql, QueryLimits limits, const ResultFlags& flags, FileFormat format,
                  OutputFile& file) {
  if (format == FileFormat::kParquet) {
    limits.max_rows = flags.limit == 0 ? kNoRowLimit : flags.limit;
    CS_TRY(duck.CopyToParquet(sql, file.temporary(), limits));
  } else {
    PrintOptions options{format == FileFormat::kCsv ? RowFormat::kCsv : RowFormat::kJson};
    CS_TRY(PrintQuery(duck, sql, limits, options, flags.limit, file.stream()));
  }
  return file.Commit();
}

// In the words of the flags: not the name under which the file is written.
Error AsTyped(Error error, const ResultFlags& flags, const std::string& temporary) {
  for (std::size_t at; !temporary.empty() && (at = error.message.find(temporary)) != std::string::npos;) {
    error.message.replace(at, temporary.size(), flags.output);
  }
  bool too_long = error.kind == ErrorKind::kUnavailable && error.message.starts_with("query took too long");
  if (too_long) error.message = "query took longer than --timeout " + flags.timeout + ", so its result is not whole";
  return error;
}

int RunQuery(const CommandContext& context, const Config& config, const std::string& sql, const ResultFlags& flags,
             std::size_t width = 0) {
  auto format = FormatOf(flags.output);
  if (!format) return UsageFailed(format.error());
  auto limits = LimitsOf(flags, context.stop);
  if (!limits) return UsageFailed(limits.error());
  if (flags.csv && context.json) return UsageFailed({ErrorKind::kInvalid, "--csv and --json exclude each other", {}});
  DuckOptions options{.threads = config.serve.query_threads, .memory_mb = config.serve.query_memory_mb};
  std::unique_ptr<OutputFile> file;
  if (*format != FileFormat::kNone) {
    auto created = OutputFile::Create(flags.output, flags.force);
    if (!created) return Failed(created.error());
    file = *std::move(created);
    options.output_file = file->temporary();
  }
  auto views = OpenLakeViews(config.lake.root, options);
  if (!views) return Failed(views.error());
  if (file) {
    Status written = WriteQuery(*views->duck, sql, *limits, flags, *format, *file);
    return written ? kExitDone : Failed(AsTyped(written.error(), flags, file->temporary()));
  }
  PrintOptions print{flags.csv ? RowFormat::kCsv : context.json ? RowFormat::kJson : RowFormat::kTable, width};
  auto more = PrintQuery(*views->duck, sql, *limits, print, flags.limit, std::cout);
  if (!more) return Failed(AsTyped(more.error(), flags, ""));
  if (*more && !context.quiet) std::cerr << "cryptostream: --limit " << flags.limit << " reached, there are more rows\n";
  return kExitDone;
}

struct ShowFlags {
  std::string table, coin;
  int limit = 20;
  ResultFlags result;
};

// What is shown of a table; a person at a terminal gets fewer columns, and times without what is always zero.
std::string ShownColumns(bool gold, bool table) {
  if (gold && table) {
    return "strftime(make_timestamp(epoch_us(\"window\".start)), '%Y-%m-%d %H:%M') as \"start\", coin_id, source, quote, open, "
           "max_price as high, min_price as low, "
           "close, avg_price as avg, samples as n";
  }
  if (gold) {
    return "\"window\".start as window_start, coin_id, source, quote, open, max_price, min_price, close, avg_price, samples, "
           "volume";
  }
  if (table) {
    return "strftime(make_timestamp(epoch_us(api_timestamp)), '%Y-%m-%d %H:%M:%S.%g') as api_timestamp, coin_id, source, quote, "
           "price, "
           "quantity, volume_24h";
  }
  return "api_timestamp, coin_id, source, quote, price, quantity, volume_24h, last_updated, ingestion_timestamp";
}

int Show(const CommandContext& context, const Config& config, const ShowFlags& flags) {
  bool gold = flags.table.starts_with("gold");
  bool table = !context.json && !flags.result.csv && flags.result.output.empty();
  std::string sql = "select " + ShownColumns(gold, table) + " from " + flags.table;
  if (!flags.coin.empty()) sql += " where coin_id = " + SqlText(flags.coin);
  sql += gold ? " order by \"window\".start desc, coin_id, source" : " order by api_timestamp desc, coin_id, source";
  sql += " limit " + std::to_string(flags.limit);
  return RunQuery(context, config, sql, flags.result, kShownWidth);
}

Command AddShow(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("show", "the newest rows of a table");
  app->footer(
      "Examples:\n  cryptostream show gold\n  cryptostream show silver --coin bitcoin --limit 5 --json\n"
      "A table on the terminal fits 100 columns: numbers are shortened. --json and --csv have every column and digit.");
  auto flags = std::make_shared<ShowFlags>();
  app->add_option("table", flags->table, "silver, gold, gold_1h or gold_1d, or gold_sources, gold_sources_1h or gold_sources_1d")
      ->required()
      ->check(CLI::IsMember({"silver", "gold", "gold_1h", "gold_1d", "gold_sources", "gold_sources_1h", "gold_sources_1d"}));
  app->add_option("--coin", flags->coin, "only this coin");
  app->add_option("--limit", flags->limit, "how many rows")->check(CLI::Range(1, 10'000))->capture_default_str();
  AddResultFlags(app, flags->result);
  AddSetting(app, context, "storage.path", "where the tables are");
  return {app, [flags](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            if (!config) return exit_code;
            context.UseTheLakeThatIsThere(*config);
            return Show(context, *config, *flags);
          }};
}

Command AddQuery(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand(
      "query", "SQL over bronze, silver, gold, gold_1h, gold_1d, gold_sources and theirs, quarantine and gaps; read only");
  app->footer(
      "Examples:\n  cryptostream query \"select coin_id, count(*) from silver group by 1\"\n"
      "  cryptostream query --csv \"select * from gold where coin_id = 'bitcoin'\" > bitcoin.csv\n"
      "  cryptostream query --output gold.parquet \"select * from gold\"\n"
      "All rows are given, however many and however long it takes, unless --limit or --timeout say otherwise. A struct is nested "
      "in\n"
      "JSON and Parquet, and one column a field in CSV (window_start). Memory: --set serve.query_memory_mb=2048.");
  auto sql = std::make_shared<std::string>();
  auto flags = std::make_shared<ResultFlags>();
  app->add_option("sql", *sql, "one SELECT")->required();
  app->add_option("--limit", flags->limit, "only the first N rows (default: all)")->check(CLI::PositiveNumber);
  app->add_option("--timeout", flags->timeout, "the longest that it may take, such as 30s, or never")->capture_default_str();
  AddResultFlags(app, *flags);
  AddSetting(app, context, "storage.path", "where the tables are");
  return {app, [sql, flags](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            if (!config) return exit_code;
            context.UseTheLakeThatIsThere(*config);
            return RunQuery(context, *config, *sql, *flags);
          }};
}

}  // namespace

std::vector<Command> AddQueryCommands(CLI::App& program, CommandContext& context) {
  return {AddShow(program, context), AddQuery(program, context)};
}

}  // namespace cryptostream
