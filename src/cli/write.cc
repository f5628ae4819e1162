// The commands that write a lake, and `serve`, which shows one: flags in, pipeline.h called.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "run/import.h"
#include "run/pipeline.h"

namespace cryptostream {
namespace {

int Finished(const Status& status, const CommandContext& context) {
  if (status || (context.stop.stop_requested() && status.error().kind == ErrorKind::kCancelled)) return kExitDone;
  return Failed(status.error());
}

struct PartFlags {
  std::string file, format = "messages", speed = "max", source, bar, recording = "bars";
  BarForm bars;
  bool again = false;
};

void AddPartFlags(CLI::App* app, PartFlags& flags) {
  app->add_option("--format", flags.format, "messages, coingecko-markets, binance-frames or ohlcv-csv")->capture_default_str();
  app->add_option("--speed", flags.speed, "max, or how many times as fast as recorded: 1, 60, ...")->capture_default_str();
  app->add_flag("--again", flags.again, "read the whole file again, including what was taken before (equal rows are recognised)");
  app->add_option("--columns", flags.bars.columns, "ohlcv-csv: columns with unusual names, \"time=Date,volume=Volume BTC\"");
  app->add_option("--symbol", flags.bars.symbol,
                  "ohlcv-csv: the bars' symbol where no column says it (default: by the file's name)");
  app->add_option("--bar", flags.bar, "ohlcv-csv: how long a bar is (default: told by the times)");
  app->add_option("--as-source", flags.source, "source of messages that name none (default: the format's own)");
}

// 0: as fast as it goes.
Result<double> ReadSpeed(const std::string& text) {
  if (text == "max") return 0;
  char* end = nullptr;
  double speed = std::strtod(text.c_str(), &end);
  if (*end == '\0' && speed >= 0.001 && speed <= 1e6) return speed;
  return Invalid("bad --speed: value=" + text + " (max, or a number from 0.001 to 1000000)");
}

Result<ReplayPart> MakePart(const PartFlags& flags) {
  ReplayPart part;
  part.file = flags.file;
  CS_ASSIGN(part.format, ParseReplayFormat(flags.format));
  part.source = flags.source;
  part.again = flags.again;
  CS_ASSIGN(part.speed, ReadSpeed(flags.speed));
  part.bars = flags.bars;
  if (!flags.bar.empty()) {
    CS_ASSIGN(auto length, ParseDuration(flags.bar));
    part.bars.length = std::chrono::floor<std::chrono::seconds>(length);
  }
  return part;
}

// The flags of where prices come from. In: what lies at --storage.
std::shared_ptr<PartFlags> AddSource(CLI::App* app, CommandContext& context, const std::string& storage) {
  AddSetting(app, context, "source.kind", "where prices come from");
  AddSetting(app, context, "storage.path", storage);
  auto flags = std::make_shared<PartFlags>();
  app->add_option("--replay", flags->file, "with --source replay: this file instead of a bundled recording");
  app->add_option("--recording", flags->recording, "the bundled recording: bars (eight days) or trades (eleven minutes)")
      ->capture_default_str();
  AddPartFlags(app, *flags);
  return flags;
}

void AddPage(CLI::App* app, CommandContext& context) {
  AddSetting(app, context, "serve.port", "port of the API and the page; 0: any free one");
  AddSetting(app, context, "serve.address", "address of the API and the page");
}

// The flags of where the topic is. Out: --broker's own.
CLI::Option* AddTopicSettings(CLI::App* app, CommandContext& context) {
  auto* broker = AddSetting(app, context, "kafka.broker", "HOST:PORT of a Kafka broker (default localhost:19092)");
  AddSetting(app, context, "kafka.topic", "the topic (default crypto-raw)");
  return broker;
}

void AddPostgres(CLI::App* app, CommandContext& context) {
  AddSetting(app, context, "postgres.url", "a database that follows the tables, without a password (default: none)");
}

void AddDeadLetters(CLI::App* app, CommandContext& context) {
  AddSetting(app, context, "kafka.dlq_topic",
             "topic that gets every message that goes to quarantine out of the topic (default: none)");
}

// Loads the configuration and calls `way` with the source that the flags name.
int RunSource(CommandContext& context, const PartFlags& flags, bool through_topic,
              Status (*way)(const Config&, const RunOptions&, StopToken)) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code, ConfigUse::kRun);
  if (!config) return exit_code;
  RunOptions options;
  options.through_topic = through_topic;
  auto recording = ParseRecording(flags.recording);
  if (!recording) return UsageFailed(recording.error());
  auto speed = ReadSpeed(flags.speed);
  if (!speed) return UsageFailed(speed.error());
  options.recording = *recording;
  options.recording_speed = *speed;
  if (!flags.file.empty()) {
    auto part = MakePart(flags);
    if (!part) return UsageFailed(part.error());
    if (config->source.kind != SourceKind::kReplay) {
      return UsageFailed({ErrorKind::kInvalid, "--replay needs --source replay", {}});
    }
    options.replay = *part;
  }
  // Who names a lake for the bundled recording wants it there, not where recordings lie by default.
  bool bundled = config->source.kind == SourceKind::kReplay && !options.replay;
  if (bundled && context.IsGiven("storage.path") && !context.IsGiven("source.demo_path")) {
    config->source.demo_path = config->lake.root;
  }
  context.ReloadAtHangup(*config, ConfigUse::kRun);
  return Finished(way(*config, options, context.stop), context);
}

Command AddRun(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("run", "everything in one: prices, tables, API and page");
  app->footer(
      "Examples:\n  cryptostream run\n  cryptostream run --port 9000 --storage /var/lib/cryptostream\n"
      "  cryptostream run --source replay --replay trades.gz --format binance-frames --speed 60\n"
      "  cryptostream run --broker localhost:19092             through a Kafka topic, both ways in this process\n"
      "  cryptostream run --postgres postgresql:///cryptostream       and into PostgreSQL; `sink check` says what that needs");
  auto flags = AddSource(app, context, "where the tables are");
  AddPage(app, context);
  AddPostgres(app, context);
  auto broker = AddTopicSettings(app, context);
  AddDeadLetters(app, context);
  return {app, [flags, broker](CommandContext& context) { return RunSource(context, *flags, broker->count() > 0, RunPipeline); }};
}

Command AddProduce(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("produce", "prices to a Kafka topic, no tables");
  app->footer(
      "Examples:\n  cryptostream produce --broker localhost:19092\n"
      "  cryptostream produce --broker kafka:9093 --source replay --replay day.jsonl      to its end\n"
      "What the broker has not acknowledged waits in a spool below --storage, across restarts too.");
  auto flags = AddSource(app, context, "where the spool is");
  AddTopicSettings(app, context);
  return {app, [flags](CommandContext& context) { return RunSource(context, *flags, true, ProduceToTopic); }};
}

Command AddServe(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("serve", "API and page over a lake that another process writes");
  app->footer("Examples:\n  cryptostream serve --storage /var/lib/cryptostream --port 8001");
  AddSetting(app, context, "storage.path", "where the tables are");
  AddPage(app, context);
  return {app, [](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code, ConfigUse::kServe);
            if (!config) return exit_code;
            context.ReloadAtHangup(*config, ConfigUse::kServe);
            return Finished(ServeLake(*config, context.stop), context);
          }};
}

Command AddReplay(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("replay", "a recording into the tables");
  app->footer(
      "Examples:\n  cryptostream replay messages.jsonl --storage my-lake --exit-when-done\n"
      "  zcat day.gz | cryptostream replay - --format binance-frames --speed 60");
  auto flags = std::make_shared<PartFlags>();
  auto exit_when_done = std::make_shared<bool>(false);
  app->add_option("file", flags->file, ".jsonl, .gz or .zst; - for stdin")->required();
  AddPartFlags(app, *flags);
  AddSetting(app, context, "storage.path", "where the tables are");
  AddPostgres(app, context);
  app->add_flag("--exit-when-done", *exit_when_done, "close all windows and exit at the end of the input");
  return {app, [flags, exit_when_done](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            if (!config) return exit_code;
            auto part = MakePart(*flags);
            if (!part) return UsageFailed(part.error());
            ReplayRequest request{*part, *exit_when_done, !context.quiet};
            return Finished(ReplayIntoLake(*config, request, context.stop), context);
          }};
}

Command AddImport(CLI::App& program, CommandContext& context) {
  CLI::App* app =
      program.add_subcommand("import", "takes over the messages of an original installation, each once; safe to repeat");
  app->footer("Examples:\n  cryptostream import ~/crypto-lakehouse/storage --storage my-lake");
  auto folder = std::make_shared<std::string>();
  app->add_option("folder", *folder, "its storage folder, or its bronze table")->required();
  AddSetting(app, context, "storage.path", "where our tables are");
  return {app, [folder](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            return config ? Finished(ImportBronze(*config, *folder, !context.quiet, context.stop), context) : exit_code;
          }};
}

Command AddStream(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("stream", "a Kafka topic into the tables");
  app->footer(
      "Examples:\n  cryptostream stream --broker localhost:19092 --storage my-lake\n"
      "  cryptostream stream --broker kafka:9093 --config kafka.toml      TLS and SASL: [kafka.librdkafka]\n"
      "  cryptostream stream --dlq-topic crypto-dead                      rejected messages there too\n"
      "  cryptostream stream --exit-when-done                             what the topic holds now, then end");
  auto request = std::make_shared<StreamRequest>();
  AddTopicSettings(app, context);
  AddDeadLetters(app, context);
  AddSetting(app, context, "kafka.group", "consumer group under which the offsets in bronze are shown");
  AddSetting(app, context, "storage.path", "where the tables are");
  AddPostgres(app, context);
  app->add_flag("--exit-when-done", request->exit_when_done, "read what the topic holds now, close all windows, exit");
  app->add_flag_callback(
      "--accept-data-loss", [&context] { context.flags.push_back({"--accept-data-loss", "kafka.accept_data_loss", "true"}); },
      "go on when the topic no longer holds what follows; the loss becomes a row in the gaps table");
  return {app, [request](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            if (!config) return exit_code;
            context.ReloadAtHangup(*config, ConfigUse::kRead);
            return Finished(StreamIntoLake(*config, *request, context.stop), context);
          }};
}

Command AddBackfill(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("backfill", "past prices from CoinGecko's charts; safe to repeat");
  app->footer(
      "Examples:\n  cryptostream backfill --days 30\n"
      "  cryptostream backfill --wait 0s                          from cron: one try, exit 1 when the provider is away");
  auto days = std::make_shared<int>(1);
  auto wait = std::make_shared<std::string>("5m");
  app->add_option("--days", *days, "how far back")->check(CLI::Range(1, 365))->capture_default_str();
  app->add_option("--wait", *wait, "how long to keep trying while nothing comes, then exit 1; 0s: not at all")
      ->capture_default_str();
  AddSetting(app, context, "storage.path", "where the tables are");
  return {app, [days, wait](CommandContext& context) {
            auto patience = ParseDuration(*wait);
            if (!patience) return UsageFailed({ErrorKind::kInvalid, "bad --wait: " + patience.error().message, {}});
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code, ConfigUse::kFetch);
            if (!config) return exit_code;
            BackfillRequest request{*days, *patience, !context.quiet};
            return Finished(BackfillLake(*config, request, context.stop), context);
          }};
}

}  // namespace

std::vector<Command> AddWritingCommands(CLI::App& program, CommandContext& context) {
  return {AddRun(program, context),    AddServe(program, context),    AddReplay(program, context), AddProduce(program, context),
          AddStream(program, context), AddBackfill(program, context), AddImport(program, context)};
}

}  // namespace cryptostream
