// Currencies through the stages: a series is (coin, source, quote), and what holds for messages without one is in silver's positions.
#include "lake/silver.h"

#include "lake/engine_fixture.h"
#include "verify/verify.h"

namespace cryptostream {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

std::string In(const std::string& quote, double timestamp, double price) {
  std::string message = Message(timestamp, "bitcoin", price);
  message.pop_back();
  return message + R"(, "quote": ")" + quote + "\"}";
}

class QuotesTest : public EngineTest {
 protected:
  void StartIn(const std::string& quote) {
    options_.quotes["coingecko"] = quote;
    Start();
  }
  // Lines behind those that came before.
  void FeedMore(const std::vector<std::string>& lines) {
    Feed(Lines(lines, fed_));
    fed_ += static_cast<std::int64_t>(lines.size());
    Drain(true);
  }
  std::vector<std::string> Words() {
    std::vector<std::string> words;
    for (const GoldRow& row : Gold()) words.push_back(fmt::format("{} {} x{}", row.key.quote.str(), row.close, row.samples));
    return words;
  }
  std::vector<std::string> Records() {
    std::vector<std::string> records;
    for (const auto& [id, from] : PositionsBelow(*lake_->silver().Txns(), AppId("quote/"))) {
      records.push_back(fmt::format("{}={}", id, from));
    }
    return records;
  }
  void ExpectSound() {
    auto report = VerifyLake(root_, "all");
    ASSERT_TRUE(report) << report.error().message;
    for (const cryptostream::Check& check : report->checks) {
      EXPECT_TRUE(check.ok && check.not_checked.empty()) << check.name << ": " << testing::PrintToString(check.places);
    }
  }
  std::int64_t fed_ = 0;
};

TEST_F(QuotesTest, TwoCurrenciesOfACoinAreTwoSeries) {
  StartIn("usd");
  FeedMore({In("usd", 1'700'000'000, 60'008), In("eur", 1'700'000'001, 55'009), In("EUR", 1'700'000'002, 55'010),
            In("usd", 1'700'007'200, 60'009)});
  EXPECT_THAT(Words(), ElementsAre("eur 55010 x2", "usd 60008 x1", "usd 60009 x1"));
  auto hours = Rows(lake_->derived(SourcesHourly()), *lake_->derived(SourcesHourly()).snapshot());
  ASSERT_THAT(hours, SizeIs(2));
  EXPECT_EQ(hours[0].key.quote.str() + " " + hours[1].key.quote.str(), "eur usd");
  ExpectSound();
}

TEST_F(QuotesTest, AChangedSettingHoldsForWhatComesLater) {
  StartIn("usd");
  FeedMore({Message(1'700'000'000, "bitcoin", 1)});
  Version first = lake_->bronze().version();
  EXPECT_THAT(Records(), ElementsAre(fmt::format("0/coingecko/usd={}", first)));
  Stop();
  StartIn("eur");
  FeedMore({Message(1'700'000'001, "bitcoin", 2)});
  EXPECT_THAT(Words(), ElementsAre("eur 2 x1", "usd 1 x1"));
  EXPECT_THAT(Records(), ElementsAre(fmt::format("0/coingecko/usd={}", first), fmt::format("1/coingecko/eur={}", first + 1)));
  Stop();
  StartIn("eur");  // nothing changed: nothing recorded
  FeedMore({Message(1'700'000'002, "bitcoin", 3)});
  EXPECT_THAT(Words(), ElementsAre("eur 3 x2", "usd 1 x1"));
  EXPECT_THAT(Records(), SizeIs(2));
  ExpectSound();
}

TEST_F(QuotesTest, TheSameMessageInAnotherCurrencyIsNoDuplicate) {
  StartIn("usd");
  FeedMore({In("usd", 1'700'000'000, 1), Message(1'700'000'000, "bitcoin", 1), In("eur", 1'700'000'000, 1)});
  EXPECT_THAT(Silver(), SizeIs(2));  // what says nothing is in usd
}

TEST_F(QuotesTest, ALateRowCorrectsTheWindowOfItsCurrency) {
  StartIn("usd");
  FeedMore({In("usd", 1'700'000'000, 100), In("eur", 1'700'000'000, 90)});
  FeedMore({In("eur", 1'700'000'005, 91)});
  EXPECT_THAT(Words(), ElementsAre("eur 91 x2", "usd 100 x1"));
}

}  // namespace
}  // namespace cryptostream
