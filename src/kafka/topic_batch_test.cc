// Records as a client of librdkafka gets them, into batches: a record that comes again is taken once.
#include "kafka/topic_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kafka/mock_fixture.h"
#include "kafka/record.h"

namespace cryptostream {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// All records of the topic, by a reader of its own, which must outlive them.
struct Reading {
  std::unique_ptr<KafkaClient> client;
  std::vector<KafkaMessage> records;
};

Reading ReadRecords(const MockCluster& cluster, std::size_t count) {
  Reading reading{*KafkaClient::Create(RD_KAFKA_CONSUMER, cluster.Options(), {{"group.id", "test"}}), {}};
  KafkaPartitions all(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(all.get(), "t", 0)->offset = 0;
  rd_kafka_assign(reading.client->handle(), all.get());
  EXPECT_TRUE(Await([&] {
    KafkaMessage message(rd_kafka_consumer_poll(reading.client->handle(), 100));
    if (message && !message->err) reading.records.push_back(std::move(message));
    return reading.records.size() == count;
  }));
  return reading;
}

std::vector<std::int64_t> Offsets(const std::vector<std::shared_ptr<RawBatch>>& batches) {
  std::vector<std::int64_t> offsets;
  for (const auto& batch : batches) {
    for (std::size_t i = 0; i < batch->rows(); ++i) offsets.push_back(batch->row(i).offset);
  }
  return offsets;
}

TEST_F(MockTest, AnOffsetThatComesAgainIsTakenOnce) {
  Fill(5);
  auto [client, records] = ReadRecords(cluster_, 5);
  PartitionBatches batches("t", 0, "bronze/t:x/0", 2);
  for (const auto& record : records) batches.Add(RdRecord(*record), kClock.Now());
  for (const auto& record : records) batches.Add(RdRecord(*record), kClock.Now());  // in the same batch
  EXPECT_THAT(Offsets(batches.Take()), ElementsAre(2, 3, 4));
  for (const auto& record : records) batches.Add(RdRecord(*record), kClock.Now());  // and in the next one
  EXPECT_FALSE(batches.HasNews());
  EXPECT_THAT(batches.Take(), IsEmpty());
  EXPECT_EQ(batches.next(), 5);
}

TEST_F(MockTest, WhatWasForgottenComesAgain) {
  Fill(4);
  auto [client, records] = ReadRecords(cluster_, 4);
  PartitionBatches batches("t", 0, "bronze/t:x/0", 0);
  batches.Add(RdRecord(*records[0]), kClock.Now());
  EXPECT_THAT(Offsets(batches.Take()), ElementsAre(0));
  batches.Add(RdRecord(*records[1]), kClock.Now());
  batches.Add(RdRecord(*records[2]), kClock.Now());
  batches.Forget();
  EXPECT_EQ(batches.next(), 1) << "what was handed on stays so";
  for (const auto& record : records) batches.Add(RdRecord(*record), kClock.Now());
  EXPECT_THAT(Offsets(batches.Take()), ElementsAre(1, 2, 3));
}

// Records that were compacted away leave a hole; the end of the partition lies behind control records.
TEST_F(MockTest, HolesAndTheEndMoveThePosition) {
  Fill(4);
  auto [client, records] = ReadRecords(cluster_, 4);
  PartitionBatches batches("t", 0, "bronze/t:x/0", 0);
  batches.Add(RdRecord(*records[0]), kClock.Now());
  batches.Add(RdRecord(*records[3]), kClock.Now());
  auto taken = batches.Take();
  EXPECT_THAT(Offsets(taken), ElementsAre(0, 3));
  EXPECT_EQ(taken.back()->next_position, 4);
  batches.Skip(7);
  batches.Skip(2);
  taken = batches.Take();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0]->rows(), 0u);
  EXPECT_EQ(taken[0]->next_position, 7);
}

}  // namespace
}  // namespace cryptostream
