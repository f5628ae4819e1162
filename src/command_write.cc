// The commands that write a lake, and `serve`, which shows one: flags in, pipeline.h called.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "command.h"
#include "pipeline.h"

namespace cryptostream {
namespace {

// A flag that is short for one setting.
void AddSetting(CLI::App* app, CommandContext& context, const std::string& flag, const std::string& path,
                const std::string& help) {
  app->add_option_function<std::string>(
      flag, [&context, path](const std::string& value) { context.settings.push_back(path + "=" + value); }, help);
}

int Finished(const Status& status, const CommandContext& context) {
  if (status || (context.stop.stop_requested() && status.error().kind == ErrorKind::kCancelled)) return kExitDone;
  return Failed(status.error());
}

struct PartFlags {
  std::string file, format = "messages", speed = "max", source;
};

void AddPartFlags(CLI::App* app, PartFlags& flags) {
  app->add_option("--format", flags.format, "messages, coingecko-markets or binance-frames")->capture_default_str();
  app->add_option("--speed", flags.speed, "max, or how many times as fast as recorded: 1, 60, ...")->capture_default_str();
  app->add_option("--as-source", flags.source, "source of messages that name none (default: the format's own)");
}

Result<ReplayPart> MakePart(const PartFlags& flags) {
  ReplayPart part;
  part.file = flags.file;
  CS_ASSIGN(part.format, ParseReplayFormat(flags.format));
  part.source = flags.source;
  if (flags.speed == "max") return part;
  char* end = nullptr;
  part.speed = std::strtod(flags.speed.c_str(), &end);
  if (*end != '\0' || !(part.speed >= 0.001 && part.speed <= 1e6)) {
    return Invalid("bad --speed: value=" + flags.speed + " (max, or a number from 0.001 to 1000000)");
  }
  return part;
}

int UsageFailed(const Error& error) {
  std::fprintf(stderr, "cryptostream: %s\n", error.message.c_str());
  return kExitUsage;
}

Command AddRun(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("run", "everything in one: prices, tables, API and page");
  app->footer(
      "Examples:\n  cryptostream run\n  cryptostream run --port 9000 --storage /var/lib/cryptostream\n"
      "  cryptostream run --source replay --replay trades.gz --format binance-frames --speed 60");
  AddSetting(app, context, "--source", "source.kind", "auto, coingecko or replay");
  AddSetting(app, context, "--storage", "storage.path", "where the tables lie");
  AddSetting(app, context, "--port", "serve.port", "port of the API and the page; 0: any free one");
  AddSetting(app, context, "--address", "serve.address", "address of the API and the page");
  auto flags = std::make_shared<PartFlags>();
  app->add_option("--replay", flags->file, "with --source replay: this file instead of the bundled recording");
  AddPartFlags(app, *flags);
  return {app, [flags](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            if (!config) return exit_code;
            RunOptions options;
            if (!flags->file.empty()) {
              auto part = MakePart(*flags);
              if (!part) return UsageFailed(part.error());
              if (config->source.kind != SourceKind::kReplay) {
                return UsageFailed({ErrorKind::kInvalid, "--replay needs --source replay", {}});
              }
              options.replay = *part;
            }
            return Finished(RunPipeline(*config, options, context.stop), context);
          }};
}

Command AddServe(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("serve", "API and page over a lake that another process writes");
  app->footer("Examples:\n  cryptostream serve --storage /var/lib/cryptostream --port 8001");
  AddSetting(app, context, "--storage", "storage.path", "where the tables lie");
  AddSetting(app, context, "--port", "serve.port", "port of the API and the page; 0: any free one");
  AddSetting(app, context, "--address", "serve.address", "address of the API and the page");
  return {app, [](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            return config ? Finished(ServeLake(*config, context.stop), context) : exit_code;
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
  AddSetting(app, context, "--storage", "storage.path", "where the tables lie");
  app->add_flag("--exit-when-done", *exit_when_done, "close all windows and end when the input has ended");
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

Command AddBackfill(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("backfill", "past prices from CoinGecko's charts; safe to repeat");
  app->footer("Examples:\n  cryptostream backfill --days 30");
  auto days = std::make_shared<int>(1);
  app->add_option("--days", *days, "how far back")->check(CLI::Range(1, 365))->capture_default_str();
  AddSetting(app, context, "--storage", "storage.path", "where the tables lie");
  return {app, [days](CommandContext& context) {
            int exit_code = kExitDone;
            auto config = context.Load(&exit_code);
            return config ? Finished(BackfillLake(*config, *days, !context.quiet, context.stop), context) : exit_code;
          }};
}

}  // namespace

std::vector<Command> AddWritingCommands(CLI::App& program, CommandContext& context) {
  return {AddRun(program, context), AddServe(program, context), AddReplay(program, context), AddBackfill(program, context)};
}

}  // namespace cryptostream
