// How far event time has come, with a steady clock that the test turns: the watermark by itself, and what the engine closes by
// it. Time stands still unless a test moves it, so nothing closes by chance.
#include "lake/watermark.h"

#include "lake/engine_fixture.h"

namespace cryptostream {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const std::chrono::steady_clock::time_point kStart{1000s};
Timestamp At(std::int64_t second) { return FromMicros(second * 1'000'000); }

TEST(Watermark, IsTheSmallestOverPartitionsMinusLateness) {
  WatermarkTracker tracker(30s, 60s);
  tracker.Advance(Name("kraken"), 0, At(1000), kStart);
  tracker.Advance(Name("kraken"), 1, At(900), kStart);
  EXPECT_EQ(tracker.Of(Name("kraken"), true, kStart), At(870));
}

TEST(Watermark, NeverGoesBackWithinAPartition) {
  WatermarkTracker tracker(30s, 60s);
  tracker.Advance(Name("kraken"), 0, At(1000), kStart);
  tracker.Advance(Name("kraken"), 0, At(500), kStart);
  EXPECT_EQ(tracker.Of(Name("kraken"), true, kStart), At(970));
}

TEST(Watermark, AnIdlePartitionDoesNotCountOnceCaughtUp) {
  WatermarkTracker tracker(30s, 60s);
  tracker.Advance(Name("kraken"), 0, At(1000), kStart + 61s);
  tracker.Advance(Name("kraken"), 1, At(900), kStart);
  EXPECT_EQ(tracker.Of(Name("kraken"), true, kStart + 61s), At(970));
  EXPECT_EQ(tracker.Of(Name("kraken"), false, kStart + 61s), At(870));
  EXPECT_EQ(tracker.Of(Name("kraken"), true, kStart + 300s), std::nullopt);
}

TEST(Watermark, IsPerSource) {
  WatermarkTracker tracker(0s, 60s);
  tracker.Advance(Name("kraken"), 0, At(10), kStart);
  tracker.Advance(Name("coingecko"), 0, At(99), kStart);
  EXPECT_EQ(tracker.Of(Name("coingecko"), true, kStart), At(99));
  EXPECT_EQ(tracker.Sources().size(), 2u);
}

constexpr double kNoon = 1'700'049'600;  // 2023-11-15T12:00:00Z

class WatermarkEngineTest : public EngineTest {
 protected:
  void StartStill() {
    auto lake = Lake::Open(options_);
    ASSERT_TRUE(lake) << lake.error().message;
    lake_ = *std::move(lake);
    engine_ = std::make_unique<Engine>(*lake_, still_, EngineHooks{});
  }
  ~WatermarkEngineTest() override { Stop(); }  // before the clock goes

  // Rows of one source and partition at seconds after noon, as a broker would hand them over.
  void FeedAt(const std::string& source, int partition, const std::vector<double>& seconds) {
    RawBatch batch;
    batch.source = source;
    batch.topic = "crypto-raw";
    batch.partition = partition;
    batch.position_id = "bronze/" + source + "/" + std::to_string(partition);
    std::int64_t& offset = offsets_[batch.position_id];
    for (double s : seconds) {
      batch.Add({std::nullopt, Message(kNoon + s, "bitcoin", 100 + s / 1000), received_, offset++});
    }
    batch.next_position = offset;
    Feed(std::move(batch));
    Drain(false);
  }
  // The minutes after noon that gold holds of a source, once everything fed was folded.
  std::vector<int> Minutes(const std::string& source) {
    std::vector<int> minutes;
    Timestamp noon = FromMicros(static_cast<std::int64_t>(kNoon) * 1'000'000);
    for (const GoldRow& row : Gold()) {
      if (row.key.source.str() != source) continue;
      minutes.push_back(static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(row.key.start - noon).count()));
    }
    return minutes;
  }
  // Gold closes what may be closed with the next look at its input; a look is at most a poll away.
  template <class Done>
  bool Soon(Done done) {
    for (int i = 0; i < 500 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return done();
  }
  std::vector<int> Later(const std::string& source) {
    std::this_thread::sleep_for(std::chrono::milliseconds(350));
    return Minutes(source);
  }

  const Timestamp received_ = FromMicros((static_cast<std::int64_t>(kNoon) + 3600) * 1'000'000);
  FakeClock still_{received_};
  std::map<std::string, std::int64_t> offsets_;
};

TEST_F(WatermarkEngineTest, AWindowClosesWhenTheNewestRowIsTheLatenessPastItsEnd) {
  StartStill();
  FeedAt("coingecko", 0, {5, 89.999999});
  EXPECT_THAT(Later("coingecko"), IsEmpty());
  FeedAt("coingecko", 0, {90});
  EXPECT_TRUE(Soon([&] { return Minutes("coingecko") == std::vector{0}; }));
}

TEST_F(WatermarkEngineTest, EachSourceHasItsOwn) {
  StartStill();
  FeedAt("coingecko", 0, {5, 65});
  FeedAt("binance_spot", 0, {5, 65, 1205});
  EXPECT_TRUE(Soon([&] { return Minutes("binance_spot") == std::vector{0, 1}; }));
  EXPECT_THAT(Later("coingecko"), IsEmpty());
  FeedAt("coingecko", 0, {95});
  EXPECT_TRUE(Soon([&] { return Minutes("coingecko") == std::vector{0}; }));
  EXPECT_THAT(Minutes("binance_spot"), ElementsAre(0, 1));
}

TEST_F(WatermarkEngineTest, TheSlowestPartitionDecides) {
  StartStill();
  FeedAt("coingecko", 0, {5});
  FeedAt("coingecko", 1, {6, 1205});
  EXPECT_THAT(Later("coingecko"), IsEmpty());
  FeedAt("coingecko", 0, {155});
  EXPECT_TRUE(Soon([&] { return Minutes("coingecko") == std::vector{0}; }));
  EXPECT_EQ(Gold()[0].samples, 2);  // of both partitions
}

TEST_F(WatermarkEngineTest, AnIdlePartitionHoldsNothing) {
  StartStill();
  FeedAt("coingecko", 0, {5});
  still_.Advance(std::chrono::seconds(50));
  FeedAt("coingecko", 1, {6, 1205});
  EXPECT_THAT(Later("coingecko"), IsEmpty());
  still_.Advance(std::chrono::seconds(11));  // 61 s since the first partition was heard, 11 s since the second
  EXPECT_TRUE(Soon([&] { return Minutes("coingecko") == std::vector{0}; }));
  // It comes back behind the others: its rows are late, and are worked in.
  FeedAt("coingecko", 0, {7});
  EXPECT_TRUE(Soon([&] { return Gold()[0].samples == 3; }));
}

TEST_F(WatermarkEngineTest, WithNoDataAtAllWindowsCloseAfterTheIdleTime) {
  StartStill();
  FeedAt("coingecko", 0, {5});
  FeedAt("coingecko", 1, {65});
  still_.Advance(std::chrono::seconds(60));
  EXPECT_THAT(Later("coingecko"), IsEmpty());
  still_.Advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(Soon([&] { return Minutes("coingecko") == (std::vector{0, 1}); }));
}

TEST_F(WatermarkEngineTest, AFutureStampMovesNothing) {
  StartStill();
  FeedAt("coingecko", 0, {5, 3600 + 5.000001, 86'400, 1e9});
  EXPECT_EQ(CountRows(lake_->quarantine()), 3);
  EXPECT_THAT(Later("coingecko"), IsEmpty());
  FeedAt("coingecko", 0, {3600 + 5});  // just within the tolerance
  EXPECT_EQ(CountRows(lake_->quarantine()), 3);
  EXPECT_TRUE(Soon([&] { return Minutes("coingecko") == std::vector{0}; }));
}

TEST_F(WatermarkEngineTest, ARestartKnowsWhatWasClosed) {
  StartStill();
  FeedAt("coingecko", 0, {5, 65, 1205});
  EXPECT_TRUE(Soon([&] { return Minutes("coingecko") == (std::vector{0, 1}); }));
  Stop();
  StartStill();
  FeedAt("coingecko", 0, {6});  // late: minute 0 is closed
  EXPECT_TRUE(Soon([&] { return Gold()[0].samples == 2; }));
  EXPECT_THAT(Later("coingecko"), ElementsAre(0, 1));
}

}  // namespace
}  // namespace cryptostream
