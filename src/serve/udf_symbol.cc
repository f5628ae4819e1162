// Coins as TradingView's charts know symbols. In: the live memory, the names that bronze has. Out: the JSON of /udf/symbols and
// /udf/search. A symbol is a coin id; charts write symbols in capitals, so that both are found.
#include "serve/udf_symbol.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "market/name.h"

namespace cryptostream {
namespace {

std::string_view WithoutExchange(std::string_view symbol) {
  const std::string prefix = std::string(kUdfExchange) + ":";
  return LowerCase(symbol.substr(0, prefix.size())) == prefix ? symbol.substr(prefix.size()) : symbol;
}

CoinLabel LabelOf(const ServerState& state, const std::string& coin) {
  return state.backend()->follower().labels().Find(coin).value_or(CoinLabel());
}

std::string DescriptionOf(const CoinLabel& label, const std::string& coin) { return label.name.empty() ? coin : label.name; }

}  // namespace

std::optional<std::chrono::minutes> UdfInterval(std::string_view resolution) {
  if (resolution == "D" || resolution == "1D") return ParseInterval("1d");
  if (resolution == "60") return ParseInterval("1h");
  if (resolution == "240") return ParseInterval("4h");
  if (std::ranges::find(kUdfResolutions, resolution) == std::end(kUdfResolutions)) return std::nullopt;
  return ParseInterval(std::string(resolution) + "m");
}

std::optional<CoinView> FindSymbol(const ServerState& state, std::string_view symbol) {
  symbol = WithoutExchange(symbol);
  auto live = state.backend()->live();
  if (auto exact = live->Coin(symbol)) return exact;
  return live->Coin(LowerCase(symbol));
}

Result<std::string> CoinOfSymbol(std::string_view symbol) {
  symbol = WithoutExchange(symbol);
  if (!IsValidName(symbol)) return Invalid("bad symbol: a coin id, for example bitcoin");
  return std::string(symbol);
}

std::int64_t PriceScale(double price) {
  if (!std::isfinite(price) || price <= 0) return 100;
  const int digits = std::clamp(6 - static_cast<int>(std::floor(std::log10(price))), 2, 12);
  std::int64_t scale = 1;
  for (int i = 0; i < digits; ++i) scale *= 10;
  return scale;
}

bool HasVolume(const ServerState& state, const std::string& coin) {
  const CoinWindows newest = state.backend()->live()->NewestWindows(coin, 1);
  return !newest.windows.empty() && std::isfinite(newest.windows.back().row.volume);
}

void WriteSymbol(JsonWriter& json, const ServerState& state, const std::string& coin, const std::optional<CoinView>& view) {
  const bool volume = HasVolume(state, coin);
  json.BeginObject()
      .Key("name")
      .Text(coin)
      .Key("ticker")
      .Text(coin)
      .Key("full_name")
      .Text(std::string(kUdfExchange) + ":" + coin);
  json.Key("description").Text(DescriptionOf(LabelOf(state, coin), coin)).Key("type").Text("crypto");
  json.Key("session").Text("24x7").Key("timezone").Text("Etc/UTC");
  json.Key("exchange").Text(kUdfExchange).Key("listed_exchange").Text(kUdfExchange);
  json.Key("currency_code").Text(view ? view->quote.str() : "").Key("format").Text("price");
  json.Key("minmov").Integer(1).Key("pricescale").Integer(PriceScale(view ? view->price : kNull));
  json.Key("has_intraday").Bool(true).Key("has_daily").Bool(true).Key("has_weekly_and_monthly").Bool(false);
  json.Key("has_empty_bars")
      .Bool(false)
      .Key("has_no_volume")
      .Bool(!volume)
      .Key("visible_plots_set")
      .Text(volume ? "ohlcv" : "ohlc");
  json.Key("volume_precision").Integer(volume ? 8 : 0).Key("data_status").Text("streaming");
  json.Key("intraday_multipliers").BeginArray();
  for (std::string_view resolution : kUdfResolutions) {
    if (!resolution.ends_with('D')) json.Text(resolution);
  }
  json.EndArray().Key("supported_resolutions").BeginArray();
  for (std::string_view resolution : kUdfResolutions) json.Text(resolution);
  json.EndArray().EndObject();
}

void WriteSearch(JsonWriter& json, const ServerState& state, const SymbolSearch& search) {
  const std::string wanted = LowerCase(WithoutExchange(search.query)), exchange = LowerCase(search.exchange),
                    type = LowerCase(search.type);
  const std::vector<std::string>& first = state.options().coins;
  std::vector<std::string> coins;
  for (Name coin : state.backend()->live()->CoinIds()) coins.push_back(coin.str());
  std::ranges::sort(coins, {},
                    [&](const std::string& coin) { return std::pair(std::ranges::find(first, coin) - first.begin(), coin); });
  std::size_t found = 0;
  json.BeginArray();
  for (const std::string& coin : coins) {
    if (found == search.limit || (!type.empty() && type != "crypto") || (!exchange.empty() && exchange != kUdfExchange)) break;
    const CoinLabel label = LabelOf(state, coin);
    bool matches = std::ranges::any_of(std::vector<std::string>{coin, label.name, label.symbol},
                                       [&](const std::string& text) { return LowerCase(text).contains(wanted); });
    if (!matches) continue;
    ++found;
    json.BeginObject().Key("symbol").Text(coin).Key("full_name").Text(std::string(kUdfExchange) + ":" + coin);
    json.Key("description").Text(DescriptionOf(label, coin)).Key("exchange").Text(kUdfExchange);
    json.Key("ticker").Text(coin).Key("type").Text("crypto").EndObject();
  }
  json.EndArray();
}

}  // namespace cryptostream
