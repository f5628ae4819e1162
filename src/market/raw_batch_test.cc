// A batch's rows lie end to end; looking at all of them at once finds what looking at each would.
#include "market/raw_batch.h"

#include <gtest/gtest.h>

#include <vector>

namespace cryptostream {
namespace {

RawBatch Of(const std::vector<std::string_view>& values) {
  RawBatch batch;
  for (std::string_view value : values) batch.Add({std::nullopt, value, Timestamp(), static_cast<std::int64_t>(batch.rows())});
  return batch;
}

TEST(RawBatch, GivesBackItsRows) {
  RawBatch batch;
  batch.Reserve(2, 100);
  batch.Add({std::nullopt, "one", FromMicros(1), 7});
  EXPECT_FALSE(batch.has_keys());
  EXPECT_EQ(batch.row(0).key, std::nullopt);
  batch.Add({"k", "", FromMicros(2), 9});
  EXPECT_EQ(batch.row(0).value, "one");
  EXPECT_EQ(batch.row(0).key, std::nullopt);
  EXPECT_EQ(batch.row(1).key, "k");
  EXPECT_EQ(batch.row(1).value, "");
  EXPECT_EQ(batch.row(1).offset, 9);
}

TEST(RawBatch, TellsWhetherAllOfItIsText) {
  EXPECT_TRUE(Of({}).AllText(10));
  EXPECT_TRUE(Of({"plain", "", "caf\xC3\xA9"}).AllText(10));
  EXPECT_FALSE(Of({"plain", "\xFF"}).AllText(10));
  EXPECT_FALSE(Of({"caf\xC3", "\xA9"}).AllText(10));  // two halves of a letter are text only together
  EXPECT_FALSE(Of({"caf\xC3", "plain"}).AllText(10));
  EXPECT_FALSE(Of({"longer than ten"}).AllText(10));
  for (std::size_t bad : {0, 255, 256, 511, 700}) {  // wherever it stands among many
    std::vector<std::string_view> rows(701, "plain");
    EXPECT_TRUE(Of(rows).AllText(10));
    rows[bad] = "\xA9 half";
    EXPECT_FALSE(Of(rows).AllText(10)) << bad;
  }
}

TEST(RawBatch, WeighsByRowsOrBytesAndNeverNothing) {
  EXPECT_EQ(Of({}).weight(), RawBatch::kFullRows / 100);
  EXPECT_NEAR(static_cast<double>(Of({std::string(RawBatch::kFullBytes, 'x')}).weight()), RawBatch::kFullRows,
              RawBatch::kFullRows / 50.0);
}

}  // namespace
}  // namespace cryptostream
