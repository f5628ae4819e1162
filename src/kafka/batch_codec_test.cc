// A batch comes back as it was, and bytes that are no batch are told.
#include "kafka/batch_codec.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

RawBatch Sample() {
  RawBatch batch;
  batch.source = "coingecko";
  batch.topic = "t";
  batch.partition = 3;
  batch.position_id = "bronze/direct/coingecko";
  batch.next_position = 12;
  batch.live = false;
  batch.Add({"bitcoin", "{\"price\":1}", FromMicros(5), 10});
  batch.Add({std::nullopt, "", FromMicros(-6), 11});
  batch.rejects.push_back({"s", "t", 1, 2, "source", "why", std::string("\0\xff", 2), FromMicros(9), 4});
  Gap gap;
  gap.source = "coingecko";
  gap.from_time = FromMicros(1);
  gap.to_offset = 7;
  gap.reason = "down";
  batch.gaps.push_back(gap);
  return batch;
}

TEST(BatchCodec, GivesBackEverything) {
  auto back = DecodeBatch(EncodeBatch(Sample()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->position_id, "bronze/direct/coingecko");
  EXPECT_EQ(back->next_position, 12);
  EXPECT_FALSE(back->live);
  ASSERT_EQ(back->rows(), 2u);
  EXPECT_EQ(back->row(0).key, "bitcoin");
  EXPECT_EQ(back->row(0).value, "{\"price\":1}");
  EXPECT_EQ(back->row(1).key, std::nullopt);
  EXPECT_EQ(back->row(1).received, FromMicros(-6));
  ASSERT_EQ(back->rejects.size(), 1u);
  EXPECT_EQ(back->rejects[0].value, std::string("\0\xff", 2));
  EXPECT_EQ(back->rejects[0].position, 4);
  ASSERT_EQ(back->gaps.size(), 1u);
  EXPECT_EQ(back->gaps[0].from_time, FromMicros(1));
  EXPECT_EQ(back->gaps[0].from_offset, std::nullopt);
  EXPECT_EQ(back->gaps[0].to_offset, 7);
  EXPECT_EQ(EncodeBatch(*back), EncodeBatch(Sample()));
}

TEST(BatchCodec, NoPrefixAndNoExtensionIsABatch) {
  std::string whole = EncodeBatch(Sample());
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(DecodeBatch(whole.substr(0, size))) << size;
  EXPECT_FALSE(DecodeBatch(whole + "x"));
}

}  // namespace
}  // namespace cryptostream
