// The JSON of the API's things. In: views. Out: text. docs/api.md shows each shape.
#include "serve/render.h"

#include "serve/readiness.h"

namespace cryptostream {

void WriteCandle(JsonWriter& json, const Candle& candle) {
  json.BeginObject().Key("open_time").Time(candle.open_time).Key("close_time").Time(candle.close_time);
  json.Key("open").Number(candle.open).Key("high").Number(candle.high).Key("low").Number(candle.low);
  json.Key("close").Number(candle.close).Key("avg").Number(candle.avg);
  json.Key("volume").Number(candle.volume).Key("vwap").Number(candle.vwap);
  json.Key("samples").Integer(candle.samples).Key("source").Text(candle.source.str());
  json.Key("closed").Bool(candle.closed).Key("committed").Bool(candle.committed).EndObject();
}

void WriteCoin(JsonWriter& json, const CoinView& coin, const ServerState& state) {
  const CoinLabel label = state.backend()->follower().labels().Find(coin.coin.str()).value_or(CoinLabel());
  auto text = [&](const char* key, const std::string& value) {
    json.Key(key);
    if (value.empty()) {
      json.Null();
    } else {
      json.Text(value);
    }
  };
  json.BeginObject().Key("coin").Text(coin.coin.str());
  text("name", label.name);
  text("symbol", coin.symbol.empty() ? label.symbol : coin.symbol.str());
  text("image", label.image);
  json.Key("source").Text(coin.source.str()).Key("price").Number(coin.price);
  json.Key("change_24h_pct").Number(coin.change_24h_pct).Key("market_cap").Number(coin.market_cap);
  json.Key("volume_24h").Number(coin.volume_24h).Key("last_updated").Time(coin.last_updated);
  json.Key("event_time").Time(coin.event_time);
  auto age_ms = std::chrono::floor<std::chrono::milliseconds>(state.Age(coin)).count();
  json.Key("age_s").Number(static_cast<double>(age_ms) / 1000);
  json.Key("freshness").Text(state.Freshness(coin)).Key("spark").BeginArray();
  for (double close : coin.spark) json.Number(close);
  json.EndArray().EndObject();
}

namespace {

void WriteReport(JsonWriter& json, const SourceReport& report, const ServerState& state) {
  json.BeginObject().Key("source").Text(report.source).Key("state").Text(SourceStateName(report.state));
  json.Key("message").Text(state.WithoutPaths(report.message)).Key("last_success").Time(report.last_success);
  json.Key("next_attempt").Time(report.next_attempt).EndObject();
}

// The verdict of /readyz, and what it complains of.
void WriteHealth(JsonWriter& json, const ReadinessReport& report) {
  json.Key("health").BeginObject().Key("state").Text(ReadinessName(report.result)).Key("troubles").BeginArray();
  for (const ReadinessCheck& check : report.checks) {
    if (check.result != Readiness::kReady) json.Text(check.name + ": " + check.words);
  }
  json.EndArray().EndObject();
}

void WriteTables(JsonWriter& json, const std::map<std::string, TableFacts>& tables) {
  json.Key("tables").BeginObject();
  for (const char* name : {"bronze", "silver", "gold", "gold_1h", "gold_1d"}) {
    auto found = tables.find(name);
    TableFacts facts = found == tables.end() ? TableFacts() : found->second;
    json.Key(name).BeginObject().Key("version");
    if (facts.version == kNoVersion) {
      json.Null();
    } else {
      json.Integer(facts.version);
    }
    json.Key("rows").Integer(facts.rows).Key("files").Integer(facts.files).Key("bytes").Integer(facts.bytes).EndObject();
  }
  json.EndObject();
}

}  // namespace

std::string RenderStatus(const ServerState& state) {
  auto backend = state.backend();
  JsonWriter json;
  json.BeginObject().Key("version").Text(state.options().version);
  json.Key("mode").Text(state.mode() == ServeMode::kReplay ? "replay" : "live").Key("now").Time(state.now());
  WriteHealth(json, CheckReadiness(state));
  json.Key("sources").BeginArray();
  for (const auto& [source, report] : state.reports()) WriteReport(json, report, state);
  json.EndArray();
  WriteTables(json, backend->follower().facts());
  json.Key("watermarks").BeginObject();
  for (const auto& [source, time] : backend->follower().watermarks()) json.Key(source).Time(time);
  json.EndObject();
  json.Key("freshness").BeginObject().Key("live_s").Integer(state.ages().live().count());
  json.Key("delayed_s").Integer(state.ages().delayed().count()).EndObject().EndObject();
  return json.Take();
}

}  // namespace cryptostream
