// A plan arrives as it was sent, or not at all.
#include "cluster/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using testing::HasSubstr;

TEST(Plan, APlanReadsBackAndAnotherVersionsIsRefused) {
  SilverPlan plan{.root = "/a lake\twith\nodd 100%/bytes", .silver_version = 7, .quarantined = 3, .buckets = 5, .fsync = false};
  plan.quotes = SourceQuotes(QuoteSettings{{"kraken", "eur"}});
  plan.quotes.Add(Name("kraken"), {1, 9, Name("gbp")});
  auto read = SilverPlan::Parse(plan.Encode());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->root, plan.root);
  EXPECT_EQ(read->silver_version, 7);
  EXPECT_EQ(read->buckets, 5);
  EXPECT_FALSE(read->fsync);
  EXPECT_EQ(read->quotes.At(Name("kraken"), 8).str(), plan.quotes.At(Name("kraken"), 8).str());
  EXPECT_EQ(read->quotes.At(Name("kraken"), 9).str(), "gbp");
  std::string other = plan.Encode();
  other.replace(other.find('\t') + 1, other.find('\n') - other.find('\t') - 1, "0.0.0");
  EXPECT_THAT(SilverPlan::Parse(other).error().message, HasSubstr("the driver's 0.0.0"));
  EXPECT_FALSE(SilverPlan::Parse(""));
}

}  // namespace
}  // namespace cryptostream
