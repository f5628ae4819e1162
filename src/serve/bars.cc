// Bars as every door asks for them. In: a coin, a series, a range. Out: bars, out of memory where that suffices, else with the help of the
// tables, and the tag of what they depend on.
#include "serve/bars.h"

#include "delta/position.h"
#include "market/derived_table.h"

namespace cryptostream {
namespace {

// What memory has of the coin now, and the tag of an answer made from it.
struct Recent {
  CoinWindows windows;
  TimesBySource closed;
  std::string etag;
};

Recent ReadMemory(Backend& backend, const BarsAsked& asked) {
  Recent recent{backend.live()->Windows(asked.coin, kNoTime, Timestamp::max(), asked.series), backend.live()->Closed(), {}};
  recent.etag = "W/\"" + backend.epoch() + "-" + std::to_string(recent.windows.gold_version) + "-" +
                std::to_string(recent.windows.sequence);
  for (const DerivedTable* table : DerivedTables()) {
    bool is_asked = (table->rows == RowPer::kCoin) == asked.series.chosen();
    if (!is_asked || asked.query.interval % table->period != std::chrono::minutes(0)) continue;
    FollowedTable followed = backend.follower().followed(*table->layout);
    if (followed.snapshot) recent.etag += "-" + std::to_string(followed.snapshot->version());
  }
  recent.etag += "\"";
  return recent;
}

// The bars of what is in memory and in these files.
Result<std::optional<Bars>> BarsOf(GoldStore& store, const GoldStore::Files& files, const BarsAsked& asked,
                                   const Recent& recent) {
  const SeriesAsked& series = asked.series;
  CoinRows of{asked.coin, series.quote.empty() ? recent.windows.quote.str() : series.quote, series.source, series.chosen()};
  if (of.quote.empty()) {
    CS_ASSIGN(of.quote, store.NewestQuote(files, of));
  }
  OlderMinutes older{
      .read = [&](Timestamp from, Timestamp to) { return store.Parts(files, of, {from, to}, asked.query.interval); },
      .newest_before = [&](Timestamp time) { return store.NewestBefore(files, of, time); },
      .oldest_from = [&](Timestamp time) { return store.OldestFrom(files, of, time); },
      .oldest = files.oldest()};
  auto page = BuildCandles(asked.query, recent.windows, recent.closed, &older);
  if (!page) return std::unexpected(page.error());
  if (!*page) return Internal("the tables did not suffice for bars");
  return std::optional(Bars{**std::move(page), recent.windows.gold_version, recent.etag});
}

}  // namespace

Result<std::optional<Bars>> BarsInMemory(Backend& backend, const BarsAsked& asked) {
  Recent recent = ReadMemory(backend, asked);
  if (!recent.windows.known) return std::optional<Bars>();
  CS_ASSIGN(auto page, BuildCandles(asked.query, recent.windows, recent.closed, nullptr));
  if (!page) return std::optional<Bars>();
  return std::optional(Bars{*std::move(page), recent.windows.gold_version, std::move(recent.etag)});
}

Result<std::optional<Bars>> BarsFromTables(Backend& backend, const BarsAsked& asked) {
  GoldStore& store = backend.store();
  const Recent recent = ReadMemory(backend, asked);
  if (!recent.windows.known) {
    CS_ASSIGN(bool known, store.Knows(asked.coin));
    if (!known) return std::optional<Bars>();
  }
  CS_ASSIGN(auto files, store.Pin());
  return BarsOf(store, *files, asked, recent);
}

Result<std::optional<Bars>> BarsAsOf(Backend& backend, const BarsAsked& asked, const AsOf& as_of) {
  GoldStore& store = backend.store();
  if (!backend.live()->Knows(asked.coin)) {
    CS_ASSIGN(bool known, store.Knows(asked.coin));
    if (!known) return std::optional<Bars>();
  }
  CS_ASSIGN(auto tables, OpenWindowsAsOf(backend.root(), as_of));
  SourceOrders orders = backend.follower().orders();
  if (auto gold = tables.find(&GoldLayout()); gold != tables.end()) {
    CS_ASSIGN(auto positions, gold->second.snapshot->Txns());
    orders = OrdersOf(positions, orders);
  }
  CS_ASSIGN(auto files, GoldStore::FilesOf(tables, std::move(orders)));
  const FollowedTable& sources = tables[&SourcesLayout()];
  Recent recent;
  recent.windows.complete_from = files->end();  // memory has nothing of it
  recent.windows.gold_version = sources.snapshot->version();
  recent.closed = sources.closed;
  recent.etag = "W/\"" + backend.epoch() + "-as-of";
  for (const auto& [layout, table] : tables) recent.etag += "-" + std::to_string(table.snapshot->version());
  recent.etag += "\"";
  return BarsOf(store, *files, asked, recent);
}

}  // namespace cryptostream
