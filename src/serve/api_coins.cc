// GET /api/v1/coins: the headline of every coin in memory, the configured ones first and in their order. Many coins are
// rendered by a worker, so that other requests do not wait for them. /api/v1/coins/{coin_id}: one of them; a coin that memory does not
// have is looked for in silver.
#include <arrow/api.h>

#include <algorithm>

#include "live/table_rows.h"
#include "serve/render.h"
#include "serve/routes.h"

namespace cryptostream {

namespace {

WebReply RenderCoins(const ServerState& state) {
  std::vector<CoinView> coins = state.backend()->live()->Coins();
  const std::vector<std::string>& first = state.options().coins;
  auto rank = [&](const CoinView& coin) {
    return std::pair(std::find(first.begin(), first.end(), coin.coin.str()) - first.begin(), coin.coin);
  };
  std::sort(coins.begin(), coins.end(), [&](const CoinView& a, const CoinView& b) { return rank(a) < rank(b); });
  JsonWriter json;
  json.BeginObject().Key("coins").BeginArray();
  for (const CoinView& coin : coins) WriteCoin(json, coin, state);
  json.EndArray().Key("mode").Text(state.mode() == ServeMode::kReplay ? "replay" : "live").EndObject();
  return JsonReply(json.Take());  // no ETag: ages and freshness change with the clock
}

template <class Scalar>
auto ValueOf(const arrow::Table& rows, const char* column) -> std::optional<decltype(Scalar::value)> {
  auto scalar = rows.GetColumnByName(column)->GetScalar(0);
  if (!scalar.ok() || !(*scalar)->is_valid) return std::nullopt;
  return static_cast<const Scalar&>(**scalar).value;
}

Name NameOf(const arrow::Table& rows, const char* column) {
  auto text = ValueOf<arrow::StringScalar>(rows, column);
  return text ? Name((*text)->ToString()) : Name();
}

double NumberOf(const arrow::Table& rows, const char* column) {
  return ValueOf<arrow::DoubleScalar>(rows, column).value_or(kNull);
}

Timestamp TimeOf(const arrow::Table& rows, const char* column) {
  auto micros = ValueOf<arrow::TimestampScalar>(rows, column);
  return micros ? FromMicros(*micros) : kNoTime;
}

// The headline of a coin out of its newest row of silver; nullopt: there is none.
Result<std::optional<CoinView>> NewestInSilver(Backend& backend, const std::string& coin) {
  RowsAsked asked{.layout = &SilverLayout(), .time_column = "api_timestamp", .equal = {{"coin_id", coin}}, .limit = 1};
  CS_ASSIGN(auto page, ReadTableRows(backend.duck(), backend.follower().followed(SilverLayout()), asked,
                                     backend.follower().QuoteSql(), backend.query_timeout()));
  if (page.rows->num_rows() == 0) return std::optional<CoinView>();
  const arrow::Table& row = *page.rows;
  CoinView view;
  view.coin = NameOf(row, "coin_id");
  view.source = NameOf(row, "source");
  view.quote = NameOf(row, "quote");
  view.symbol = NameOf(row, "symbol");
  view.price = NumberOf(row, "price");
  view.change_24h_pct = NumberOf(row, "price_change_percentage_24h");
  view.market_cap = NumberOf(row, "market_cap");
  view.volume_24h = NumberOf(row, "volume_24h");
  view.last_updated = TimeOf(row, "last_updated");
  view.event_time = TimeOf(row, "api_timestamp");
  return std::optional(view);
}

WebReply RenderCoin(const CoinView& coin, const ServerState& state) {
  JsonWriter json;
  WriteCoin(json, coin, state);
  return JsonReply(json.Take());  // no ETag, as above
}

}  // namespace

WebReply HandleCoin(RouteCall&& call) {
  auto coin = ParseCoin(call.path_value);
  if (!coin) return BadQuestion(coin.error());
  WebReply reply;
  reply.later = [&state = call.state, backend = call.state.backend(), coin = *std::move(coin)] {
    return AnswerFromFiles(*backend, [&]() -> Result<WebReply> {
      for (const CoinView& view : backend->live()->Knows(coin) ? backend->live()->Coins() : std::vector<CoinView>()) {
        if (view.coin.str() == coin) return RenderCoin(view, state);
      }
      CS_ASSIGN(auto older, NewestInSilver(*backend, coin));
      return older ? RenderCoin(*older, state) : UnknownCoin(coin);
    });
  };
  return reply;
}

WebReply HandleCoins(RouteCall&& call) {
  constexpr std::size_t kQuick = 50;
  if (call.state.backend()->live()->coin_count() <= kQuick) return RenderCoins(call.state);
  WebReply reply;
  reply.later = [&state = call.state] { return RenderCoins(state); };
  return reply;
}

}  // namespace cryptostream
