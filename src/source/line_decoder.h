#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "market/raw_batch.h"

namespace cryptostream {

// What the lines of a recording are.
enum class ReplayFormat {
  kMessages,          // a message of topic crypto-raw each, the original's four-key form included
  kCoinGeckoMarkets,  // a /coins/markets array each, or {"received": <epoch>, "body": [...]}
  kBinanceFrames,     // "<receive time> <WebSocket frame>" each
  kOhlcvCsv,          // a bar each, as comma-separated values, a header before them
};
// "messages", "coingecko-markets", "binance-frames" or "ohlcv-csv". Errors: Invalid, naming the nearest.
Result<ReplayFormat> ParseReplayFormat(std::string_view text);
std::string_view FormatName(ReplayFormat format);

// What an exchange's symbol stands for.
struct Symbol {
  std::string coin;   // "bitcoin"
  std::string quote;  // "usdt"; empty: told by how the symbol ends
  Symbol() = default;
  Symbol(std::string coin_id, std::string of_price = "") : coin(std::move(coin_id)), quote(std::move(of_price)) {}
  Symbol(const char* coin_id) : coin(coin_id) {}
  friend bool operator==(const Symbol&, const Symbol&) = default;
};
using SymbolMap = std::map<std::string, Symbol, std::less<>>;
SymbolMap DefaultSymbols();
// With the currency of each symbol, where its end tells it.
SymbolMap WithQuotes(SymbolMap symbols);

// What the lines of a table of bars do not say.
struct BarForm {
  std::string columns;                         // names of its columns, "time=Date,volume=Vol": empty where they are usual ones
  std::string symbol;                          // where no column says it
  std::optional<std::chrono::seconds> length;  // of a bar, where no column says its end
};

// Turns lines of a recording into rows of a batch, in two steps, because the pace is decided between them.
class LineDecoder {
 public:
  virtual ~LineDecoder() = default;

  // Reads a line and keeps a view of it. Out: when it was received, or else when it happened; nullopt when neither is known or
  // `want_stamp` is false.
  virtual std::optional<Timestamp> Read(std::string_view line, bool want_stamp) = 0;
  // Adds the line last read to `batch`: rows, or a reject, or nothing (and counts it as skipped).
  // In: its offset; the time now, which is the receive time of what has no stamp of its own.
  virtual void Append(std::int64_t offset, Timestamp now, RawBatch& batch) = 0;
  // The bronze column `source` of these lines.
  virtual std::string_view source() const = 0;
  // The longest line that is taken.
  virtual std::size_t max_line_bytes() const = 0;

  // Lines that are not what the format is replayed for, by kind.
  const std::map<std::string, std::int64_t>& skipped() const { return skipped_; }

 protected:
  void Skip(std::string_view kind);

 private:
  std::map<std::string, std::int64_t> skipped_;
};

// In: an empty `source` takes the format's own (coingecko, coingecko, binance_spot, ohlcv_csv); `symbols` matters to frames and bars.
std::unique_ptr<LineDecoder> MakeLineDecoder(ReplayFormat format, std::string source, SymbolMap symbols, BarForm bars = {});

}  // namespace cryptostream
