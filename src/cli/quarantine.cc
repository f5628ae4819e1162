// `quarantine`: what was rejected, and sending it again once its cause is mended.
#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command.h"
#include "query/lake_views.h"
#include "query/print.h"
#include "run/resend.h"

namespace cryptostream {
namespace {

struct Flags {
  RejectedFilter filter;
  std::string since;
  std::string to = "lake";
  bool dry_run = false;
};

void AddFilter(CLI::App* app, CommandContext& context, Flags& flags, const std::string& limit_help) {
  app->add_option("--source", flags.filter.source, "only from this source, such as coingecko");
  app->add_option("--stage", flags.filter.stage, "only what this stage refused: source, bronze or silver")
      ->check(CLI::IsMember({"source", "bronze", "silver"}));
  app->add_option("--reason", flags.filter.reason, "only for this reason, such as unmapped_symbol");
  app->add_option("--since", flags.since, "only what was received at or after this time: 2026-11-26 or RFC 3339");
  app->add_option("--limit", flags.filter.limit, limit_help)->check(CLI::Range(1, 1'000'000));
  AddSetting(app, context, "storage.path", "where the tables are");
}

// Reads what the flags leave as text. Out: false after saying what is wrong.
bool ReadSince(Flags& flags) {
  if (flags.since.empty()) return true;
  auto time = ParseRfc3339(flags.since.size() == 10 ? flags.since + "T00:00:00Z" : flags.since);
  if (time) flags.filter.since = *time;
  if (time) return true;
  std::cerr << "cryptostream: bad --since: value=" << flags.since << " (2026-11-26 or 2026-11-26T12:00:00Z)\n";
  return false;
}

int List(Flags& flags, CommandContext& context) {
  if (!ReadSince(flags)) return kExitUsage;
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  context.UseTheLakeThatIsThere(*config);
  auto views = OpenLakeViews(config->lake.root);
  if (!views) return Failed(views.error());
  auto rows = ListRejected(*views->duck, flags.filter);
  if (!rows) return Failed(rows.error());
  PrintRows(*rows, context.json ? RowFormat::kJson : RowFormat::kTable, std::cout);
  return kExitDone;
}

void Print(const QuarantineReplayed& report, bool dry_run, bool json) {
  SqlRows rows;
  rows.columns = {{dry_run ? "would_send" : "sent", "BIGINT"},
                  {"bytes", "BIGINT"},
                  {"rejected_again", "BIGINT"},
                  {"no_message_yet", "BIGINT"},
                  {"in_topic", "BIGINT"},
                  {"in_tables", "BIGINT"},
                  {"left_out_cut", "BIGINT"},
                  {"left_out_no_message", "BIGINT"},
                  {"left_out_old", "BIGINT"}};
  rows.rows.push_back({report.sent, report.bytes, report.rejected_again, report.refused_here, report.in_topic, report.in_tables,
                       report.cut, report.no_message, report.too_old});
  PrintRows(rows, json ? RowFormat::kJson : RowFormat::kTable, std::cout);
}

int Replay(Flags& flags, CommandContext& context) {
  if (!ReadSince(flags)) return kExitUsage;
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  auto report = ReplayQuarantine(*config, {flags.filter, flags.to == "topic", flags.dry_run}, context.stop);
  if (!report) return Failed(report.error());
  Print(*report, flags.dry_run, context.json);
  bool in_vain = !flags.dry_run && report->sent > 0 && report->rejected_again >= report->sent;
  int done = in_vain ? kExitFailure : kExitDone;
  if (in_vain) std::cerr << "cryptostream: all of it was rejected again (mend the cause first: `quarantine list` shows it)\n";
  if (context.quiet) return done;
  std::cerr << "cryptostream: " << report->sent << (flags.dry_run ? " would be sent" : " sent") << ", " << report->rejected_again
            << " rejected again";
  if (report->cut > 0) std::cerr << ", " << report->cut << " left out of which only the beginning is kept";
  if (report->no_message > 0) std::cerr << ", " << report->no_message << " left out that are no messages";
  if (report->too_old > 0) std::cerr << ", " << report->too_old << " left out that are older than what bronze keeps";
  std::cerr << "\n";
  return done;
}

Command AddList(CLI::App& quarantine, CommandContext& context) {
  CLI::App* app = quarantine.add_subcommand("list", "the newest rejected messages");
  app->footer(
      "Examples:\n  cryptostream quarantine list\n  cryptostream quarantine list --stage source --reason unmapped_symbol --json\n"
      "State: open, or sent again into this lake. Works while another process writes.");
  auto flags = std::make_shared<Flags>();
  flags->filter.limit = 20;
  AddFilter(app, context, *flags, "how many (default 20)");
  return {app, [flags](CommandContext& context) { return List(*flags, context); }};
}

Command AddReplay(CLI::App& quarantine, CommandContext& context) {
  CLI::App* app = quarantine.add_subcommand("replay", "sends rejected messages again, each once");
  app->footer(
      "Examples:\n  cryptostream quarantine replay --dry-run                          what would be sent\n"
      "  cryptostream quarantine replay --reason unmapped_symbol           after a line was added to [symbols]\n"
      "  cryptostream quarantine replay --to topic --broker kafka:9092     for the program that reads the topic\n"
      "Into the lake it needs the lake for itself: stop the program that writes it. Repeat it as you like: what went in is not\n"
      "sent again; what is refused once more is a row of quarantine once more. Choose one way, lake or topic.");
  auto flags = std::make_shared<Flags>();
  app->add_option("--to", flags->to, "lake or topic")->check(CLI::IsMember({"lake", "topic"}))->capture_default_str();
  AddFilter(app, context, *flags, "only the newest N (default: all)");
  app->add_flag("--dry-run", flags->dry_run, "only say what would be sent");
  AddSetting(app, context, "kafka.broker", "with --to topic: HOST:PORT (default localhost:19092)");
  AddSetting(app, context, "kafka.topic", "with --to topic: the topic (default crypto-raw)");
  return {app, [flags](CommandContext& context) { return Replay(*flags, context); }};
}

}  // namespace

std::vector<Command> AddQuarantineCommands(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("quarantine", "rejected messages: list them, send them again");
  app->footer("Examples:\n  cryptostream quarantine list\n  cryptostream quarantine replay --dry-run");
  app->require_subcommand(1);
  app->fallthrough();
  return {AddList(*app, context), AddReplay(*app, context)};
}

}  // namespace cryptostream
