// Currencies: told by a symbol's end, and of what does not say its own.
#include "market/quote.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

TEST(Quote, IsToldByTheEndOfASymbol) {
  EXPECT_EQ(QuoteOfSymbol("BTCUSDT"), "usdt");
  EXPECT_EQ(QuoteOfSymbol("btcusd"), "usd");
  EXPECT_EQ(QuoteOfSymbol("BTCFDUSD"), "fdusd");
  EXPECT_EQ(QuoteOfSymbol("ETHBTC"), "btc");
  EXPECT_EQ(QuoteOfSymbol("XBT/EUR"), "eur");
  EXPECT_EQ(QuoteOfSymbol("ETH/XBT"), "btc");
  EXPECT_EQ(QuoteOfSymbol("BTC-USD"), "usd");
  EXPECT_EQ(QuoteOfSymbol("USDT"), "");  // the whole of it is no end
  EXPECT_EQ(QuoteOfSymbol("BTCXYZ"), "");
  EXPECT_EQ(QuoteOfSymbol("BTCUSD_PERP"), "");
  EXPECT_EQ(QuoteOfSymbol(""), "");
}

TEST(Quote, IsALowerCaseCode) {
  EXPECT_TRUE(IsQuote("usd") && IsQuote("usd1"));
  EXPECT_FALSE(IsQuote("") || IsQuote("USD") || IsQuote("us d") || IsQuote("a/b") || IsQuote("12345678901234567"));
  EXPECT_EQ(LowerQuote("Eur"), "eur");
}

TEST(SourceQuotes, TheRecordThatHoldsForAVersion) {
  SourceQuotes quotes(QuoteSettings{{"coingecko", "gbp"}});
  const Name source("coingecko"), other("binance_spot");
  EXPECT_EQ(quotes.At(source, 7).str(), "gbp");  // nothing recorded: as configured
  EXPECT_EQ(quotes.At(other, 7).str(), "usdt");
  EXPECT_EQ(quotes.OfOldRow(Name("kraken")).str(), "usd");
  quotes.Add(source, {1, 10, Name("eur")});
  quotes.Add(source, {0, 3, Name("usd")});
  EXPECT_EQ(quotes.At(source, 1).str(), "usd");  // older than the first record
  EXPECT_EQ(quotes.At(source, 9).str(), "usd");
  EXPECT_EQ(quotes.At(source, 10).str(), "eur");
  EXPECT_EQ(quotes.OfOldRow(source).str(), "usd");
  EXPECT_EQ(quotes.Newest(source)->quote.str(), "eur");
  EXPECT_EQ(quotes.Newest(other), nullptr);
}

}  // namespace
}  // namespace cryptostream
