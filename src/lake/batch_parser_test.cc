// Parsing a commit's batches gives every row's tick or reason, in the rows' order, on one thread as on several.
#include "lake/batch_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace cryptostream {
namespace {

constexpr std::int64_t kReceived = 1'800'000'000'000'000;

// `count` messages from number `first` on; every 1,000th is no JSON, every 1,500th is stamped in the future.
RawBatchPtr Messages(const std::string& source, std::int64_t first, std::int64_t count) {
  RawBatch batch;
  batch.source = source;
  for (std::int64_t i = first; i < first + count; ++i) {
    double time = static_cast<double>(kReceived) / 1e6 + (i % 1'500 == 7 ? 60 : -1);
    std::string text =
        i % 1'000 == 3 ? "no JSON" : fmt::format(R"({{"timestamp":{:.0f},"coin_id":"c","price":{}}})", time, i + 1);
    batch.Add({std::nullopt, text, FromMicros(kReceived), i});
  }
  return std::make_shared<const RawBatch>(std::move(batch));
}

// Prices are the rows' numbers, so the order of the ticks can be seen.
void ExpectInOrder(const BronzeBatchList& batches, const ParsedRows& parsed) {
  std::size_t tick = 0, rejected = 0;
  for (std::uint32_t b = 0; b < batches.size(); ++b) {
    for (std::uint32_t i = 0; i < batches[b]->rows(); ++i) {
      std::int64_t number = batches[b]->row(i).offset;
      if (number % 1'000 == 3 || number % 1'500 == 7) {
        ASSERT_LT(rejected, parsed.rejected.size());
        EXPECT_EQ(parsed.rejected[rejected].origin.batch, b);
        EXPECT_EQ(parsed.rejected[rejected].origin.row, i);
        EXPECT_EQ(parsed.rejected[rejected++].reason.starts_with("future_timestamp"), number % 1'000 != 3);
      } else {
        ASSERT_LT(tick, parsed.ticks.size());
        ASSERT_EQ(parsed.ticks[tick].price, static_cast<double>(number + 1));
        EXPECT_EQ(parsed.ticks[tick].source.str(), batches[b]->source);
        EXPECT_EQ(parsed.origins[tick].batch, b);
        EXPECT_EQ(parsed.origins[tick++].row, i);
      }
    }
  }
  EXPECT_EQ(tick, parsed.ticks.size());
  EXPECT_EQ(rejected, parsed.rejected.size());
}

TEST(BatchParser, AFewRowsAndNone) {
  BatchParser parser;
  BronzeBatchList batches{Messages("a", 0, 20), Messages("b", 20, 0), Messages("c", 20, 5)};
  ExpectInOrder(batches, parser.Parse(batches, SourceQuotes(), 1));
  EXPECT_TRUE(parser.Parse({}, SourceQuotes(), 1).ticks.empty());
}

// Enough for several threads; the runs end within batches.
TEST(BatchParser, ManyRowsKeepTheirOrder) {
  BatchParser parser;
  BronzeBatchList batches{Messages("a", 0, 33'333), Messages("b", 33'333, 1), Messages("a", 33'334, 28'001)};
  ExpectInOrder(batches, parser.Parse(batches, SourceQuotes(), 1));
  ExpectInOrder(batches, parser.Parse(batches, SourceQuotes(), 1));
}

TEST(BatchParser, AMessageWithoutACurrencyIsInItsSources) {
  SourceQuotes quotes(QuoteSettings{{"a", "eur"}, {"b", "gbp"}});
  quotes.Add(Name("a"), {0, 0, Name("usd")});
  quotes.Add(Name("a"), {1, 5, Name("eur")});
  RawBatch said;
  said.source = "a";
  said.Add({std::nullopt, R"({"timestamp":1,"coin_id":"c","price":1,"quote":"BTC"})", FromMicros(kReceived), 0});
  BronzeBatchList batches{Messages("a", 10, 1), Messages("b", 10, 1), std::make_shared<const RawBatch>(std::move(said)),
                          Messages("binance_spot", 10, 1), Messages("kraken", 10, 1)};
  auto words = [&](Version version) {
    std::string out;
    for (const Tick& tick : BatchParser().Parse(batches, quotes, version).ticks) out += tick.quote.str() + " ";
    return out;
  };
  EXPECT_EQ(words(4), "usd gbp btc usdt usd ");
  EXPECT_EQ(words(5), "eur gbp btc usdt usd ");
}

}  // namespace
}  // namespace cryptostream
