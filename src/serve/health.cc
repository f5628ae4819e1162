// What operators ask: is it alive, is it ready and if not why, which version, and the metrics.
#include "base/metrics.h"
#include "serve/json_writer.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

struct Check {
  std::string name;
  bool ok;
  std::string detail;
};

// A source is in trouble when it says so; that it only waits for its turn is not trouble.
bool IsHealthy(SourceState state) {
  return state == SourceState::kOk || state == SourceState::kWaiting || state == SourceState::kReplaying ||
         state == SourceState::kDone || state == SourceState::kStarting;
}

std::vector<Check> AllChecks(const ServerState& state) {
  std::vector<Check> checks;
  auto backend = state.backend();
  std::string trouble = backend->follower().trouble();
  bool loaded = backend->follower().loaded();
  checks.push_back({"tables", trouble.empty() && loaded, !trouble.empty() ? trouble : loaded ? "followed" : "loading"});
  for (const auto& [source, report] : state.reports()) {
    checks.push_back(
        {"source " + source, IsHealthy(report.state), report.message.empty() ? SourceStateName(report.state) : report.message});
  }
  std::string best = "stale";
  for (const CoinView& coin : backend->live()->Coins()) {
    std::string freshness = state.Freshness(coin);
    if (freshness != "stale") best = freshness;
  }
  checks.push_back({"data", best != "stale", best == "stale" ? "no price is fresh" : best});
  if (auto lake = state.lake(); lake.known) {
    checks.push_back({"lake", lake.writable, lake.writable ? "writable" : lake.reason});
  }
  return checks;
}

WebReply TextReply(std::string text, const char* content_type = "text/plain; charset=utf-8") {
  WebReply reply;
  reply.content_type = content_type;
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.SetBody(std::move(text));
  return reply;
}

}  // namespace

WebReply HandlePrometheus(RouteCall&& call) {
  auto backend = call.state.backend();
  SetGauge("cryptostream_build_info", "1, with the version as a label.", {{"version", call.state.options().version}}, 1);
  for (const CoinView& coin : backend->live()->Coins()) {
    Timestamp since = coin.last_updated != kNoTime ? coin.last_updated : coin.event_time;
    SetGauge("cryptostream_price_age_seconds", "Age of the newest price by its own time.", {{"coin", coin.coin.str()}},
             static_cast<double>((call.state.now() - since).count()) / 1e6);
  }
  for (const auto& [source, time] : backend->follower().watermarks()) {
    SetGauge("cryptostream_watermark_timestamp_seconds", "Newest event time that silver has of a source.", {{"source", source}},
             static_cast<double>(ToMicros(time)) / 1e6);
  }
  for (const auto& [table, facts] : backend->follower().facts()) {
    SetGauge("cryptostream_delta_table_version", "Newest version of a table.", {{"table", table}},
             static_cast<double>(facts.version));
    SetGauge("cryptostream_delta_files", "Live files of a table.", {{"table", table}}, static_cast<double>(facts.files));
  }
  return TextReply(MetricsText(), "text/plain; version=0.0.4; charset=utf-8");
}

WebReply HandleLive(RouteCall&&) { return TextReply("ok\n"); }

WebReply HandleReady(RouteCall&& call) {
  std::vector<Check> checks = AllChecks(call.state);
  bool ready = true;
  std::string text;
  for (const Check& check : checks) {
    ready = ready && check.ok;
    text += std::string(check.ok ? "[+] " : "[-] ") + check.name + ": " + check.detail + "\n";
  }
  bool verbose = call.params.contains("verbose");
  WebReply reply = TextReply((verbose || !ready ? text : "") + (ready ? "ready\n" : "not ready\n"));
  reply.status = ready ? 200 : 503;
  return reply;
}

WebReply HandleVersion(RouteCall&& call) {
  JsonWriter json;
  json.BeginObject().Key("name").Text("cryptostream").Key("version").Text(call.state.options().version).EndObject();
  return JsonReply(json.Take());
}

}  // namespace cryptostream
