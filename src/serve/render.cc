// The JSON of the API's things. In: views. Out: text. docs/api.md shows each shape.
#include "serve/render.h"

#include "serve/readiness.h"

namespace cryptostream {
namespace {

void Write(JsonWriter& json, double value) { json.Number(value); }
void Write(JsonWriter& json, std::int64_t value) { json.Integer(value); }
void Write(JsonWriter& json, Name value) { value.empty() ? json.Null() : json.Text(value.str()); }

constexpr std::string_view SchemaType(double) { return "\"number\""; }
constexpr std::string_view SchemaType(std::int64_t) { return "\"integer\""; }
constexpr std::string_view SchemaType(const Name&) { return "\"string\""; }

}  // namespace

std::string CandleSchema() {
  std::string required, properties;
  ForEachColumn(kBarFields, [&]<class Field>(const Field& field) {
    std::string name = "\"" + std::string(field.name) + "\"", type(SchemaType(Field::Of(BarFigures())));
    required += "," + name;
    properties += "," + name + ":{\"type\":" + (field.may_be_null ? "[" + type + ",\"null\"]" : type) + "}";
  });
  return R"({"type":"object","required":["open_time","close_time","closed","committed")" + required +
         R"(],"properties":{"open_time":{"type":"string","format":"date-time"},"close_time":{"type":"string",)"
         R"("format":"date-time"},"closed":{"type":"boolean"},"committed":{"type":"boolean"})" +
         properties + "}}";
}

void WriteCandle(JsonWriter& json, const Candle& candle) {
  json.BeginObject().Key("open_time").Time(candle.open_time).Key("close_time").Time(candle.close_time);
  ForEachColumn(kBarFields, [&]<class Field>(const Field& field) {
    json.Key(field.name);
    Write(json, Field::Of(candle));
  });
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
  json.Key("source").Text(coin.source.str()).Key("quote").Text(coin.quote.str()).Key("price").Number(coin.price);
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
  for (const char* name :
       {"bronze", "silver", "gold_sources", "gold_sources_1h", "gold_sources_1d", "gold", "gold_1h", "gold_1d"}) {
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
