#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "market/name.h"

namespace cryptostream {

// A quote is the currency of a price, as a lower-case code: "usd", "usdt", "eur", "btc".

// Codes as they may be written; they are kept in lower case.
inline constexpr std::string_view kQuotePattern = "[A-Za-z0-9]{1,16}";
// True for 1 to 16 lower-case letters and digits.
bool IsQuote(std::string_view text);
// The same text in lower case, as a quote is kept.
std::string LowerQuote(std::string_view text);
// What an exchange's symbol is quoted in, told by how it ends: "BTCUSDT", "btc-usdt" and "BTC/USDT" -> "usdt". Empty: not known.
std::string QuoteOfSymbol(std::string_view symbol);

// Currencies of sources, as configured: source -> quote.
using QuoteSettings = std::map<std::string, std::string>;

// The currency that holds for a source's messages and rows that do not say it: as the lake has recorded it (delta/position.h), else as
// it is configured, else usdt of Binance and usd of all others.
class SourceQuotes {
 public:
  // One record: the `n`th of its source, for messages of bronze from version `from` on.
  struct Record {
    std::int64_t n = 0;
    std::int64_t from = 0;
    Name quote;
  };

  SourceQuotes() = default;
  explicit SourceQuotes(const QuoteSettings& configured);

  void Add(Name source, const Record& record);
  const std::map<Name, std::vector<Record>>& records() const { return records_; }
  const std::map<Name, Name>& configured() const { return configured_; }
  // The newest record of the source; null: there is none.
  const Record* Newest(Name source) const;

  // What is configured now.
  Name Configured(Name source) const;
  // Of a message in this version of bronze.
  Name At(Name source, std::int64_t bronze_version) const;
  // Of a row from before there was a column `quote`.
  Name OfOldRow(Name source) const;

 private:
  std::map<Name, Name> configured_;
  std::map<Name, std::vector<Record>> records_;  // ascending by n
};

}  // namespace cryptostream
