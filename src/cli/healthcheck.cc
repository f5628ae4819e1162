// `healthcheck`: whether the program that listens where the configuration says is ready, as an exit code: for containers and supervisors that
// have neither a shell nor curl.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>

#include "cli/command.h"
#include "net/http_client.h"
#include "net/url.h"
#include "query/print.h"

namespace cryptostream {
namespace {

// An answer takes milliseconds; Docker gives a check 5 s in our image.
constexpr std::chrono::milliseconds kPatience{4'000};

// Where who listens on `address` is reached from this machine: on every address means on loopback too.
std::string ReachedAt(const std::string& address) {
  if (address == "0.0.0.0") return "127.0.0.1";
  return address == "::" ? "::1" : address;
}

// The last line of /readyz, which is its verdict: "ready", "degraded", "not ready". Empty: it is not ours.
std::string Verdict(std::string body) {
  while (body.ends_with('\n')) body.pop_back();
  std::string line = body.substr(body.rfind('\n') + 1);
  return line == "ready" || line == "degraded" || line == "not ready" ? line : "";
}

struct Health {
  std::string url;
  HttpAnswer answer;
  std::string verdict;
};

// Errors: Invalid (a port that nobody can know), Unavailable (nothing answers, or something else does).
Result<Health> AskReady(const Config& config, StopToken stop) {
  if (config.serve.port == 0)
    return Invalid("serve.port is 0, any free one: which one was taken is not known here (give --port)");
  const std::string url = HttpAddress(ReachedAt(config.serve.address), config.serve.port) + "/readyz";
  CurlTransport transport({.connect_timeout = kPatience, .total_timeout = kPatience, .max_body_bytes = 100'000});
  auto answer = transport.Get({.url = url + "?verbose"}, stop);
  if (!answer) return Unavailable(url + ": " + answer.error().message);
  const std::string verdict = answer->damage.empty() ? Verdict(answer->body) : "";
  if (verdict.empty()) {
    return Unavailable(fmt::format("{}: what answers is not this program, or it refuses: status={}", url, answer->status));
  }
  return Health{url, std::move(*answer), verdict};
}

int RunHealthcheck(CommandContext& context) {
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code);
  if (!config) return exit_code;
  auto health = AskReady(*config, context.stop);
  if (!health) return Failed(health.error());
  if (context.json) {
    SqlRows rows;
    rows.columns = {{"url", "VARCHAR"}, {"state", "VARCHAR"}};
    rows.rows = {{health->url, health->verdict}};
    PrintRows(rows, RowFormat::kJson, std::cout);
  } else if (!context.quiet) {
    std::cout << health->answer.body;
  }
  return health->answer.status == 200 ? kExitDone : kExitFailure;
}

}  // namespace

Command AddHealthcheck(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("healthcheck", "whether the program that listens here is ready, as an exit code");
  app->footer(
      "Examples:\n  cryptostream healthcheck                 asks http://127.0.0.1:8000/readyz\n"
      "  cryptostream healthcheck --port 9000 -q   says nothing\n"
      "Exit 0: it can serve and write, also where a source or the database is in trouble (\"degraded\"). Exit 1: it cannot, or\n"
      "nothing answers within 4 s. It asks where the same configuration would listen.");
  AddSetting(app, context, "serve.address", "the IP address that it listens on");
  AddSetting(app, context, "serve.port", "the port that it listens on");
  return {app, RunHealthcheck};
}

}  // namespace cryptostream
