#pragma once

#include "market/column.h"
#include "market/raw_batch.h"
#include "market/tick.h"
#include "market/window.h"

namespace cryptostream {

// THE table of columns: every column of every table, once, in the order in which it is on disk (partition columns last).
// A new column says with which format it came; tables of an earlier one get it by an upgrade (docs/upgrade.md), null in their rows.
// What follows from it: the tables' schemas, writer, reader and comparison of rows (market/), the list of what verify
// compares (verify/), `cryptostream schema` and the lists in docs/tables.md (tools/tables-doc).
// Names and types are state on disk: a change here is an upgrade of every lake there is.

inline constexpr auto kBronzeColumns = std::tuple(
    OtherColumn{{"key", ColumnType::kString, "message key, the coin id; null where there was none"}},
    OtherColumn{{"value", ColumnType::kString, "the message, byte for byte"}},
    OtherColumn{{"timestamp", ColumnType::kTimestamp, "when it was received; in a replay the recording's own receive time"}},
    OtherColumn{{"source", ColumnType::kString, "venue and market: `coingecko`, `coingecko_chart`, `binance_spot`"}},
    OtherColumn{{"topic", ColumnType::kString,
                 "Kafka topic; file name of a replay; null for a live source; `quarantine:` and the former one for what was sent "
                 "again"}},
    OtherColumn{{"partition", ColumnType::kInt, "0 without a broker"}},
    OtherColumn{{"offset", ColumnType::kLong,
                 "of the topic; line of a replay; of a live source the number of the batch; of what was sent again its id in "
                 "quarantine"}},
    Partition("date", ColumnType::kDate, "of receiving"));

// The hour of the UTC day in which a tick happened.
inline std::int32_t HourOf(const Tick& tick) {
  Timestamp t = tick.event_time;
  return static_cast<std::int32_t>(std::chrono::floor<std::chrono::hours>(t - DateOf(t)).count());
}

// The key of a trade is marked as such: an observation has none (lake/dedup.cc).
inline constexpr auto kSilverColumns = std::tuple(
    Value<&Tick::coin>("coin_id", "CoinGecko's id"),
    Value<&Tick::price>("price", "the nearest double to the decimal text; finite, greater than 0"),
    Value<&Tick::volume_24h>("volume_24h", "rolling 24 h figure of the provider, in `quote`"),
    Value<&Tick::event_time>("api_timestamp", "event time"), Value<&Tick::ingested>("ingestion_timestamp", "receive time"),
    Value<&Tick::market_cap>("market_cap", "as the provider says, null where it does not"),
    Value<&Tick::price_change_24h>("price_change_24h", "the same"),
    Value<&Tick::price_change_percentage_24h>("price_change_percentage_24h", "the same"),
    Value<&Tick::high_24h>("high_24h", "the same"), Value<&Tick::low_24h>("low_24h", "the same"),
    Value<&Tick::last_updated>("last_updated", "when the provider last changed the price"),
    Key<&Tick::source>("source", "venue and market, as in bronze"),
    Key<&Tick::symbol>("symbol", "the venue's name of what is traded; null where it gives none"),
    Key<&Tick::trade_id>("trade_id", "trades only"),
    Value<&Tick::quantity>("quantity", "of trades and bars, in the coin's own units"),
    ComputedColumn<HourOf>{{"hour", ColumnType::kInt, "of event time"}},
    Since(2, Value<&Tick::quote>(
                 "quote",
                 "currency of the price and of all figures of money, a lower-case code (`usd`, `usdt`, `eur`, `btc`); "
                 "null in rows from before there was this column: the source's (see below)")),
    Since(2, OfBars(Value<&Tick::open>("open", "bars only: the first price"))),
    Since(2, OfBars(Value<&Tick::high>("high", "bars only: the greatest price"))),
    Since(2, OfBars(Value<&Tick::low>("low", "bars only: the least price; the last one is `price`"))),
    Since(2, OfBars(Value<&Tick::bar_s>("bar_s", "bars only: the length in seconds; `api_timestamp` is the last instant"))),
    Since(2, OfBars(Value<&Tick::vwap>("vwap", "bars only: the mean price by quantity, where the source says it"))),
    Since(2, OfBars(Value<&Tick::trades>("trades", "bars only: how many trades, where the source says it"))),
    Partition("year", ColumnType::kInt, "of event time"), Partition("month", ColumnType::kInt, "of event time"),
    Partition("day", ColumnType::kInt, "of event time"));
static_assert(BytesOfColumns<Tick>(kSilverColumns) == sizeof(Tick), "a member of Tick without a column");

// Gold's and its rollups'.
inline constexpr auto kGoldColumns = std::tuple(
    Key<&GoldRow::key, &WindowKey::start>("window", "`[start, end)`: a minute; of a rollup its hour or UTC day",
                                          ColumnType::kWindow),
    Key<&GoldRow::key, &WindowKey::coin>("coin_id", "as in silver"),
    Value<&GoldRow::avg_price>("avg_price", "mean of the prices", Exactness::kSums),
    Value<&GoldRow::max_price>("max_price", "greatest price", Exactness::kBits),
    Value<&GoldRow::min_price>("min_price", "least price", Exactness::kBits),
    Value<&GoldRow::open>("open", "first price by (event time, trade id, price)", Exactness::kBits),
    Value<&GoldRow::close>("close", "last price, likewise", Exactness::kBits),
    Value<&GoldRow::price_change>("price_change", "close - open", Exactness::kBits),
    Value<&GoldRow::price_change_pct>("price_change_pct", "price_change / open * 100", Exactness::kBits),
    Value<&GoldRow::volatility>("volatility", "population standard deviation of the prices", Exactness::kTolerance),
    Value<&GoldRow::range_pct>("range_pct", "(max - min) / avg * 100", Exactness::kSums),
    Value<&GoldRow::samples>("samples", "rows of silver; a bar counts as four", Exactness::kBits),
    Value<&GoldRow::updates>("updates", "distinct `last_updated`, and each trade and each bar", Exactness::kBits),
    Value<&GoldRow::volume>("volume", "sum of the quantities, in the coin's own units; trades and bars only", Exactness::kSums),
    Value<&GoldRow::vwap>("vwap", "mean price by quantity; trades and bars only", Exactness::kSums),
    Value<&GoldRow::volume_24h>("volume_24h", "the last known in the window", Exactness::kBits),
    Value<&GoldRow::market_cap>("market_cap", "the last known in the window", Exactness::kBits),
    Value<&GoldRow::first_event>("first_event", "least event time", Exactness::kBits),
    Value<&GoldRow::last_event>("last_event", "greatest event time", Exactness::kBits),
    Value<&GoldRow::max_source_age_s>("max_source_age_s", "greatest (event time - last_updated)", Exactness::kBits),
    Key<&GoldRow::key, &WindowKey::source>("source", "as in silver; null in a chosen hour or day that several sources made"),
    Since(2, Key<&GoldRow::key, &WindowKey::quote>("quote",
                                                   "currency of the prices and of all figures of money; null in rows from "
                                                   "before there was this column: the source's")),
    Partition("date", ColumnType::kDate, "of the window's start"));
static_assert(BytesOfColumns<GoldRow>(kGoldColumns) == sizeof(GoldRow), "a member of GoldRow without a column");

inline constexpr auto kQuarantineColumns = std::tuple(
    Value<&Reject::source>("source", "of the message"),
    Value<&Reject::topic>("topic", "of the message; of what a producer's source could not read, the topic of marks"),
    Value<&Reject::partition>("partition", "of the message, or of its mark"),
    Value<&Reject::offset>("offset", "of the message, or of its mark"),
    Value<&Reject::stage>("stage", "which stage refused it: source, bronze or silver"),
    Value<&Reject::reason>("reason", "a word, perhaps \": detail\""),
    Value<&Reject::value>("value", "its bytes, perhaps cut", Exactness::kUnstated, ColumnType::kBinary),
    Value<&Reject::received>("timestamp", "receive time"), Partition("date", ColumnType::kDate, "on which it was rejected"));

inline constexpr auto kGapColumns = std::tuple(
    Value<&Gap::source>("source", "what is missing is missing from it"),
    Value<&Gap::topic>("topic", "Kafka topic; null for a live source"), Value<&Gap::partition>("partition", "0 without a broker"),
    Value<&Gap::from_offset>("from_offset", "`[from_offset, to_offset)` is missing, where it is offsets"),
    Value<&Gap::to_offset>("to_offset", "see from_offset"),
    Value<&Gap::from_time>("from_time", "`[from_time, to_time)` is missing, where it is time"),
    Value<&Gap::to_time>("to_time", "see from_time"), Value<&Gap::reason>("reason", "why"),
    Value<&Gap::detected_at>("detected_at", "when that was seen"), Partition("date", ColumnType::kDate, "of detected_at"));

}  // namespace cryptostream
