// What of the lake goes where: the tables of the database (sql/), column by column. A column that comes later
// is a line here and a new SQL file; which rows of the lake a table has, and how, follows from its kind
// (feed.cc).
#include "sink/target.h"

namespace cryptostream {
namespace {

using enum PgType;

std::vector<TargetColumn> CandleColumns(bool of_sources) {
  return {{"coin_id", "coin_id", kText},
          {"interval", "", kText},
          {"open_time", "window.start", kTime},
          {"open", "open", kDouble},
          {"high", "max_price", kDouble},
          {"low", "min_price", kDouble},
          {"close", "close", kDouble},
          {"avg", "avg_price", kDouble},
          {"volume", "volume", kDouble},
          {"vwap", "vwap", kDouble},
          {"samples", "samples", kLong},
          {"updates", "updates", kLong},
          {"price_change", "price_change", kDouble},
          {"price_change_pct", "price_change_pct", kDouble},
          {"volatility", "volatility", kDouble},
          {"range_pct", "range_pct", kDouble},
          {"volume_24h", "volume_24h", kDouble},
          {"market_cap", "market_cap", kDouble},
          {"first_event", "first_event", kTime},
          {"last_event", "last_event", kTime},
          {"max_source_age_s", "max_source_age_s", kDouble},
          {"source", "source", kText, of_sources},
          {"quote", "quote", kText, of_sources}};
}

Target Candles() {
  return {.name = "candles",
          .columns = CandleColumns(false),
          .key = {"coin_id", "interval", "open_time"},
          .time_column = "open_time",
          .monthly = true,
          .feeds = {{&GoldLayout(), "1m"}, {&GoldHourLayout(), "1h"}, {&GoldDayLayout(), "1d"}}};
}

Target CandlesBySource() {
  return {.name = "candles_by_source",
          .columns = CandleColumns(true),
          .key = {"coin_id", "interval", "open_time", "source", "quote"},
          .time_column = "open_time",
          .monthly = true,
          .feeds = {{&SourcesLayout(), "1m"}, {&SourcesHourLayout(), "1h"}, {&SourcesDayLayout(), "1d"}}};
}

// Its rows are made of ticks (newest.cc).
Target Prices() {
  return {.name = "prices",
          .kind = TargetKind::kNewest,
          .columns = {{"coin_id", "", kText},
                      {"source", "", kText},
                      {"quote", "", kText},
                      {"price", "", kDouble},
                      {"event_time", "", kTime},
                      {"trade_id", "", kLong},
                      {"received", "", kTime},
                      {"volume_24h", "", kDouble},
                      {"market_cap", "", kDouble},
                      {"price_change_24h", "", kDouble},
                      {"price_change_percentage_24h", "", kDouble}},
          .key = {"coin_id", "source", "quote"},
          .feeds = {{&SilverLayout(), ""}}};
}

Target Observations() {
  return {.name = "observations",
          .kind = TargetKind::kRows,
          .columns = {{"coin_id", "coin_id", kText},
                      {"event_time", "api_timestamp", kTime},
                      {"price", "price", kDouble},
                      {"quantity", "quantity", kDouble},
                      {"volume_24h", "volume_24h", kDouble},
                      {"market_cap", "market_cap", kDouble},
                      {"price_change_24h", "price_change_24h", kDouble},
                      {"price_change_percentage_24h", "price_change_percentage_24h", kDouble},
                      {"high_24h", "high_24h", kDouble},
                      {"low_24h", "low_24h", kDouble},
                      {"last_updated", "last_updated", kTime},
                      {"received", "ingestion_timestamp", kTime},
                      {"source", "source", kText},
                      {"quote", "quote", kText},
                      {"symbol", "symbol", kText},
                      {"trade_id", "trade_id", kLong},
                      {"open", "open", kDouble},
                      {"high", "high", kDouble},
                      {"low", "low", kDouble},
                      {"bar_s", "bar_s", kInt},
                      {"vwap", "vwap", kDouble},
                      {"trades", "trades", kLong}},
          .time_column = "event_time",
          .monthly = true,
          .feeds = {{&SilverLayout(), ""}}};
}

Target Quarantine() {
  return {.name = "quarantine",
          .kind = TargetKind::kRows,
          .columns = {{"rejected_on", "date", kDate},
                      {"received", "timestamp", kTime},
                      {"source", "source", kText},
                      {"topic", "topic", kText},
                      {"partition", "partition", kInt},
                      {"offset", "offset", kLong},
                      {"stage", "stage", kText},
                      {"reason", "reason", kText},
                      {"value", "value", kBytes}},
          .time_column = "rejected_on",
          .feeds = {{&QuarantineLayout(), ""}}};
}

}  // namespace

const std::vector<Target>& Targets() {
  static const std::vector<Target> targets{Candles(), Prices(), CandlesBySource(), Observations(), Quarantine()};
  return targets;
}

std::vector<std::string> TargetNames() {
  std::vector<std::string> names;
  for (const Target& target : Targets()) names.push_back(target.name);
  return names;
}

std::string PositionName(const Target& target, const TargetFeed& feed) { return target.name + "/" + feed.layout->name; }

}  // namespace cryptostream
