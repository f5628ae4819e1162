// What operators ask: is it alive, is it ready and if not why, which version, and the metrics.
#include <map>

#include "base/metrics.h"
#include "serve/json_writer.h"
#include "serve/readiness.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

double EpochSeconds(Timestamp time) { return static_cast<double>(ToMicros(time)) / 1e6; }

WebReply TextReply(std::string text, const char* content_type = "text/plain; charset=utf-8") {
  WebReply reply;
  reply.content_type = content_type;
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.SetBody(std::move(text));
  return reply;
}

}  // namespace

// What is known here and not where it happens: it is looked up when somebody asks.
WebReply HandlePrometheus(RouteCall&& call) {
  auto backend = call.state.backend();
  SetGauge("cryptostream_build_info", "1, with the version as a label.", {{"version", call.state.options().version}}, 1);
  std::map<std::string, double> ages, watermarks, newest, versions, files;
  for (const CoinView& coin : backend->live()->Prices()) {
    ages[coin.coin.str()] = std::chrono::duration<double>(call.state.Age(coin)).count();
  }
  for (const auto& [source, time] : backend->follower().followed(SourcesLayout()).closed) watermarks[source] = EpochSeconds(time);
  for (const auto& [source, time] : backend->follower().watermarks()) newest[source] = EpochSeconds(time);
  for (const auto& [table, facts] : backend->follower().facts()) {
    if (facts.version == kNoVersion) continue;
    versions[table] = static_cast<double>(facts.version);
    files[table] = static_cast<double>(facts.files);
  }
  ReplaceGauges("cryptostream_price_age_seconds", "Age of a coin's newest price by the price's own time.", "coin", ages);
  ReplaceGauges("cryptostream_watermark_timestamp_seconds", "Event time up to which the windows of a source are complete.",
                "source", watermarks);
  ReplaceGauges("cryptostream_newest_event_timestamp_seconds",
                "Newest event time that silver has of a source, of its slowest partition.", "source", newest);
  ReplaceGauges("cryptostream_delta_table_version", "Newest version of a table.", "table", versions);
  ReplaceGauges("cryptostream_delta_files", "Live data files of a table.", "table", files);
  return TextReply(MetricsText(), "text/plain; version=0.0.4");
}

WebReply HandleLive(RouteCall&&) { return TextReply("ok\n"); }

WebReply HandleReady(RouteCall&& call) {
  const auto verbose = call.params.find("verbose");
  if (verbose != call.params.end() && !verbose->second.empty() && verbose->second != "1" && verbose->second != "true") {
    return ProblemReply(400, "bad value: verbose, must be empty, 1 or true");
  }
  ReadinessReport report = CheckReadiness(call.state);
  std::string text;
  if (verbose != call.params.end() || report.result != Readiness::kReady) {
    for (const ReadinessCheck& check : report.checks) {
      text += (check.result == Readiness::kReady ? "[+] " : "[-] ") + check.name + ": " + check.words + "\n";
    }
  }
  WebReply reply = TextReply(text + ReadinessName(report.result) + "\n");
  reply.status = report.result == Readiness::kNotReady ? 503 : 200;
  return reply;
}

WebReply HandleVersion(RouteCall&& call) {
  JsonWriter json;
  json.BeginObject().Key("name").Text("cryptostream").Key("version").Text(call.state.options().version).EndObject();
  return JsonReply(json.Take());
}

}  // namespace cryptostream
