// Cutting an array into its elements, whole or not at all.
#include "source/json_array.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SplitJsonArray, CutsElementsByteForByte) {
  auto parts = SplitJsonArray(" [ {\"a\" : [1,2] } ,\n {\"b\":\"],[\\\"{\"},3 ] \n");
  ASSERT_TRUE(parts.has_value());
  EXPECT_THAT(*parts, ElementsAre("{\"a\" : [1,2] }", "{\"b\":\"],[\\\"{\"}", "3"));
}

TEST(SplitJsonArray, TakesTheEmptyArray) {
  EXPECT_TRUE(SplitJsonArray("[]").value().empty());
  EXPECT_TRUE(SplitJsonArray(" [ \n ] ").value().empty());
}

TEST(SplitJsonArray, KeepsBadBytesInsideTheirElement) {
  auto parts = SplitJsonArray("[{\"id\":\"\xff\"},{\"id\":\"b\"}]");
  ASSERT_TRUE(parts.has_value());
  EXPECT_THAT(*parts, ElementsAre("{\"id\":\"\xff\"}", "{\"id\":\"b\"}"));
}

TEST(SplitJsonArray, EveryTruncationIsRefused) {
  std::string whole = R"([{"id":"a","x":[1,{"y":"z\"]"}]},{"id":"b"}])";
  for (std::size_t n = 0; n < whole.size(); ++n) {
    EXPECT_FALSE(SplitJsonArray(whole.substr(0, n)).has_value()) << whole.substr(0, n);
  }
  EXPECT_EQ(SplitJsonArray(whole).value().size(), 2u);
}

TEST(SplitJsonArray, RefusesWhatIsNoArray) {
  EXPECT_EQ(SplitJsonArray("").error(), "empty body");
  EXPECT_EQ(SplitJsonArray("{\"error\":1}").error(), "not an array");
  EXPECT_THAT(SplitJsonArray("[1,]").error(), HasSubstr("missing"));
  EXPECT_THAT(SplitJsonArray("[1] x").error(), HasSubstr("after its end"));
}

TEST(SplitJsonArray, DepthCostsNoStack) {
  std::string deep = "[" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + ",1]";
  EXPECT_EQ(SplitJsonArray(deep).value().size(), 2u);
}

}  // namespace
}  // namespace cryptostream
