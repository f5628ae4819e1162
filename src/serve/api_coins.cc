// GET /api/v1/coins: the headline of every coin in memory, the configured ones first and in their order. Many coins are
// rendered by a worker, so that other requests do not wait for them.
#include <algorithm>

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

}  // namespace

WebReply HandleCoins(RouteCall&& call) {
  constexpr std::size_t kQuick = 50;
  if (call.state.backend()->live()->coin_count() <= kQuick) return RenderCoins(call.state);
  WebReply reply;
  reply.later = [&state = call.state] { return RenderCoins(state); };
  return reply;
}

}  // namespace cryptostream
