#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/live.h"
#include "serve/json_writer.h"
#include "serve/state.h"

namespace cryptostream {

// What TradingView's charts call a symbol: a coin, as it is known now.

inline constexpr std::string_view kUdfExchange = "cryptostream";
// The lengths of bars as UDF names them.
inline constexpr std::string_view kUdfResolutions[] = {"1", "5", "15", "60", "240", "1D"};
// "1m" for "1", "1d" for "1D" and "D"; nullopt for a resolution that is not served.
std::optional<std::chrono::minutes> UdfInterval(std::string_view resolution);

// The coin of a symbol: "bitcoin", "BITCOIN", "cryptostream:bitcoin"; nullopt where memory has none such.
std::optional<CoinView> FindSymbol(const ServerState& state, std::string_view symbol);
// The same in the tables, for a coin that memory does not have: the text itself, without the exchange. Errors: Invalid.
Result<std::string> CoinOfSymbol(std::string_view symbol);

// How many parts a unit of the price is shown in: 100 for 60569.59, 1000000 for 1.
std::int64_t PriceScale(double price);
// Whether the coin's bars have a volume.
bool HasVolume(const ServerState& state, const std::string& coin);

// Writes what /symbols answers.
void WriteSymbol(JsonWriter& json, const ServerState& state, const std::string& coin, const std::optional<CoinView>& view);
// The coins that a search finds, the configured ones first.
struct SymbolSearch {
  std::string query, type, exchange;
  std::size_t limit = 30;
};
void WriteSearch(JsonWriter& json, const ServerState& state, const SymbolSearch& search);

}  // namespace cryptostream
