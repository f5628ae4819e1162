// The poller against a scripted provider and a clock that waiting turns: no sleep, no network.
#include "source/coingecko.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/metrics.h"
#include "source/scripted_transport.h"

namespace cryptostream {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kTwo = R"([{"id":"bitcoin","current_price":1,"last_updated":"2025-11-22T08:26:00.000Z"},)"
                             R"({"id":"ethereum","current_price":2,"last_updated":"2025-11-22T08:25:40.000Z"}])";

class CoinGeckoTest : public ::testing::Test {
 protected:
  CoinGeckoOptions options_{.coins = {"bitcoin", "ethereum"}};
  SourceStage stage_;

  // Runs the source over the scripted answers; it stops when they are used up.
  void Run(std::int64_t position = 0) {
    CoinGeckoSource source(stage_.Client(options_));
    ASSERT_TRUE(source.Run(position, stage_.Output(), stage_.stop.get_token()).has_value());
  }
  void Answer(Result<HttpAnswer> answer) { stage_.script.answers.push_back(std::move(answer)); }
};

TEST_F(CoinGeckoTest, OnePollIsOneBatch) {
  Answer(JsonAnswer(kTwo));
  Run(7);
  ASSERT_EQ(stage_.batches.size(), 1u);
  const RawBatch& batch = stage_.batches[0];
  EXPECT_EQ(batch.source, "coingecko");
  EXPECT_EQ(batch.position_id, "bronze/direct/coingecko");
  EXPECT_EQ(batch.next_position, 8);
  ASSERT_EQ(batch.rows(), 2u);
  EXPECT_EQ(batch.row(0).key, "bitcoin");
  EXPECT_EQ(batch.row(0).offset, 7);
  EXPECT_EQ(batch.row(0).received, FromMicros(1'763'800'000'123'457));
  EXPECT_TRUE(batch.row(1).value.starts_with(R"({"timestamp":1763800000.123457,"coin_id":"ethereum","price":2,)"));
  EXPECT_TRUE(batch.live);
}

TEST_F(CoinGeckoTest, AsksForAllCoinsInOneCallWithoutASpace) {
  Answer(JsonAnswer(kTwo));
  Run();
  EXPECT_EQ(stage_.script.requests[0].url, "https://api.coingecko.com/api/v3/coins/markets?vs_currency=usd&ids=bitcoin,ethereum");
  EXPECT_EQ(stage_.script.requests[0].secret_header, "");
}

TEST_F(CoinGeckoTest, EachPlanHasItsHeaderAndBase) {
  auto request = [](CoinGeckoPlan plan) {
    SourceStage stage;
    stage.script.answers.push_back(JsonAnswer(kTwo));
    CoinGeckoSource source(stage.Client({.plan = plan, .key = Secret("CG-canary")}));
    EXPECT_TRUE(source.Run(0, stage.Output(), stage.stop.get_token()).has_value());
    return stage.script.requests.at(0);
  };
  EXPECT_EQ(request(CoinGeckoPlan::kDemo).secret_header, "x-cg-demo-api-key");
  EXPECT_TRUE(request(CoinGeckoPlan::kDemo).url.starts_with("https://api.coingecko.com/api/v3/coins/markets?"));
  EXPECT_EQ(request(CoinGeckoPlan::kPro).secret_header, "x-cg-pro-api-key");
  EXPECT_TRUE(request(CoinGeckoPlan::kPro).url.starts_with("https://pro-api.coingecko.com/api/v3/coins/markets?"));
  EXPECT_EQ(request(CoinGeckoPlan::kPro).url.find("canary"), std::string::npos);
}

TEST_F(CoinGeckoTest, WaitsForTheProvidersCacheToExpire) {
  Answer(JsonAnswer(kTwo, 200, {{"Cache-Control", "public, max-age=60"}, {"Age", "20"}}));
  Answer(JsonAnswer(kTwo));
  Run();
  EXPECT_THAT(stage_.waits, ElementsAre(40s, 15s));
}

TEST_F(CoinGeckoTest, A429IsWaitedForAsToldSaidOnceAndLeavesAGap) {
  Answer(JsonAnswer(kTwo));
  for (int i = 0; i < 2; ++i) {
    Answer(JsonAnswer(R"({"status":{"error_code":429,"error_message":"slow"}})", 429, {{"Retry-After", "119"}}));
  }
  Answer(JsonAnswer(kTwo));
  Run();
  EXPECT_THAT(stage_.waits, ElementsAre(15s, 119s, 119s, 60s));  // the pace widens: 15 s, doubled twice
  ASSERT_EQ(stage_.batches.size(), 2u);
  ASSERT_EQ(stage_.batches[1].gaps.size(), 1u);
  const Gap& gap = stage_.batches[1].gaps[0];
  EXPECT_EQ(gap.source, "coingecko");
  EXPECT_EQ(gap.from_time, stage_.batches[0].row(0).received);
  EXPECT_EQ(*gap.to_time - *gap.from_time, 15s + 119s + 119s);
  EXPECT_THAT(gap.reason, HasSubstr("429"));
  EXPECT_TRUE(stage_.batches[0].gaps.empty());
  EXPECT_EQ(stage_.reports[2].state, SourceState::kLimited);
  EXPECT_THAT(stage_.reports[2].message, HasSubstr("next try in 1m59s"));
}

TEST_F(CoinGeckoTest, A429ToTheProbeOrTheBackfillIsTroubleOfThePollerToo) {
  Answer(JsonAnswer("{}", 429, {{"Retry-After", "300"}}));
  Answer(JsonAnswer(kTwo));
  auto client = stage_.Client(options_);
  EXPECT_EQ(CoinGeckoProbe(*client, stage_.stop.get_token()).reach, ProbeResult::Reach::kTrouble);
  CoinGeckoSource source(client);
  ASSERT_TRUE(source.Run(0, stage_.Output(), stage_.stop.get_token()).has_value());
  EXPECT_EQ(stage_.reports[1].state, SourceState::kLimited);
  EXPECT_THAT(stage_.reports[1].message, HasSubstr("too many calls"));
  const Gap& gap = stage_.batches.at(0).gaps.at(0);
  EXPECT_EQ(*gap.to_time - *gap.from_time, 5min);
}

TEST_F(CoinGeckoTest, ABanKeepsItAwayForLong) {
  Answer(HttpAnswer{403, {{"Content-Type", "text/plain"}}, "error code: 1020", ""});
  Answer(JsonAnswer(kTwo));
  Run();
  EXPECT_GE(stage_.waits[0], 10min);
  EXPECT_EQ(stage_.reports[1].state, SourceState::kBanned);
}

TEST_F(CoinGeckoTest, AnUnreachableProviderIsTriedAgainSoonAndThenLessOften) {
  for (int i = 0; i < 8; ++i) Answer(Unavailable("name not found: Could not resolve host"));
  Answer(JsonAnswer(kTwo));
  Run();
  EXPECT_LE(stage_.waits[0], 2s);
  EXPECT_GE(stage_.waits[7], 30s);
  EXPECT_LE(stage_.waits[7], 60s);
  EXPECT_EQ(stage_.reports[1].state, SourceState::kUnreachable);
  EXPECT_EQ(stage_.batches.at(0).gaps.size(), 1u);
}

TEST_F(CoinGeckoTest, ABodyThatBreaksAnywhereIsSetAsideWhole) {
  std::string half(kTwo, std::string(kTwo).size() - 20);
  Answer(JsonAnswer(half));
  Answer(JsonAnswer(kTwo));
  Run(3);
  ASSERT_EQ(stage_.batches.size(), 2u);
  EXPECT_EQ(stage_.batches[0].rows(), 0u);
  ASSERT_EQ(stage_.batches[0].rejects.size(), 1u);
  const Reject& reject = stage_.batches[0].rejects[0];
  EXPECT_EQ(reject.value, half);
  EXPECT_EQ(reject.stage, "source");
  EXPECT_EQ(reject.position, 4);
  EXPECT_THAT(reject.reason, HasSubstr("cut short"));
  EXPECT_EQ(stage_.batches[1].rows(), 2u);
  EXPECT_EQ(stage_.batches[1].next_position, 5);
}

TEST_F(CoinGeckoTest, ABigBadBodyIsKeptBounded) {
  Answer(HttpAnswer{200, {{"Content-Type", "text/html"}}, std::string(5'000'000, '<'), ""});
  Run();
  EXPECT_EQ(stage_.batches.at(0).rejects.at(0).value.size(), 64u * 1024);
}

TEST_F(CoinGeckoTest, OneBadCoinCostsOnlyItself) {
  Answer(JsonAnswer("[{\"id\":\"bitcoin\",\"name\":\"\xff\"},{\"id\":\"ethereum\",\"current_price\":2}]"));
  Run();
  ASSERT_EQ(stage_.batches.size(), 1u);
  EXPECT_EQ(stage_.batches[0].rows(), 1u);
  EXPECT_EQ(stage_.batches[0].rejects.at(0).reason, "not_utf8");
}

TEST_F(CoinGeckoTest, ACoinThatIsNotAnsweredIsCounted) {
  double before = MetricValue("cryptostream_source_missing_coins_total", {{"coin", "no-such-coin"}});
  options_.coins.push_back("no-such-coin");
  Answer(JsonAnswer(kTwo));
  Answer(JsonAnswer(kTwo));
  Run();
  EXPECT_EQ(MetricValue("cryptostream_source_missing_coins_total", {{"coin", "no-such-coin"}}) - before, 2);
  EXPECT_THAT(stage_.reports[1].message, HasSubstr("no price for no-such-coin"));
  EXPECT_EQ(stage_.reports[1].state, SourceState::kOk);  // the others have theirs
}

TEST_F(CoinGeckoTest, AnAnswerWithoutAnyCoinIsTroubleAndAGap) {
  Answer(JsonAnswer(kTwo));
  Answer(JsonAnswer("[]"));
  Answer(JsonAnswer("[]"));
  Answer(JsonAnswer(kTwo));
  Run();
  EXPECT_EQ(stage_.reports[2].state, SourceState::kFailing);
  EXPECT_THAT(stage_.reports[2].message, HasSubstr("bitcoin, ethereum"));
  EXPECT_THAT(stage_.reports[2].message, HasSubstr("next try in 15s"));
  EXPECT_EQ(stage_.reports[2].last_success, stage_.batches[0].row(0).received);
  ASSERT_EQ(stage_.batches.size(), 2u);
  ASSERT_EQ(stage_.batches[1].gaps.size(), 1u);
  EXPECT_EQ(*stage_.batches[1].gaps[0].to_time - *stage_.batches[1].gaps[0].from_time, 45s);
  EXPECT_EQ(stage_.reports[4].state, SourceState::kOk);
}

TEST_F(CoinGeckoTest, EachTroubleHasItsState) {
  auto state = [](HttpAnswer answer) {
    SourceStage stage;
    stage.script.answers.push_back(std::move(answer));
    CoinGeckoSource source(stage.Client({.coins = {"bitcoin"}}));
    EXPECT_TRUE(source.Run(0, stage.Output(), stage.stop.get_token()).has_value());
    EXPECT_THAT(stage.reports[1].message, HasSubstr("next try in"));
    EXPECT_TRUE(IsTrouble(stage.reports[1].state));
    return stage.reports[1].state;
  };
  EXPECT_EQ(state(JsonAnswer(R"({"status":{"error_code":10002,"error_message":"API Key Missing"}})", 401)),
            SourceState::kRefused);
  EXPECT_EQ(state(JsonAnswer(R"({"error":"not found"})", 404)), SourceState::kRefused);
  EXPECT_EQ(state(JsonAnswer("", 503)), SourceState::kFailing);
  EXPECT_EQ(state(HttpAnswer{200, {{"Content-Type", "text/html"}}, "<html>", ""}), SourceState::kFailing);
  EXPECT_EQ(state(JsonAnswer("[]")), SourceState::kFailing);
  EXPECT_EQ(state(JsonAnswer(R"({"status":{"error_code":20000,"error_message":"Blocked"}})")), SourceState::kRefused);
}

TEST_F(CoinGeckoTest, AStampInTheFutureIsToldAndMakesNoNegativeAge) {
  options_.coins = {"bitcoin"};
  Answer(JsonAnswer(R"([{"id":"bitcoin","current_price":1,"last_updated":"2025-11-23T08:26:40.000Z"}])"));
  Run();
  EXPECT_EQ(MetricValue("cryptostream_price_age_seconds", {{"coin", "bitcoin"}}), 0);
  EXPECT_THAT(stage_.reports[1].message, HasSubstr("in the future by the provider: bitcoin"));
}

TEST_F(CoinGeckoTest, TheTimeBeforeAStartIsAGapFromTheLastDurableRow) {
  for (auto [away, gaps] : {std::pair(29s, 0u), {30s, 1u}, {3600s, 1u}}) {
    SourceStage stage;
    stage.script.answers.push_back(JsonAnswer(kTwo));
    auto output = stage.Output();
    Timestamp newest = stage.clock.Now() - away;
    output.newest = [&](std::string_view source) -> Result<std::optional<Timestamp>> {
      EXPECT_EQ(source, "coingecko");
      return newest;
    };
    CoinGeckoSource source(stage.Client(options_));
    ASSERT_TRUE(source.Run(0, output, stage.stop.get_token()).has_value());
    ASSERT_EQ(stage.batches.at(0).gaps.size(), gaps);
    if (gaps > 0) {
      EXPECT_EQ(stage.batches[0].gaps[0].from_time, newest);
    }
  }
}

TEST_F(CoinGeckoTest, TellsAgeAndRequestsAsMetrics) {
  double before = MetricValue("cryptostream_source_requests_total", {{"source", "coingecko"}, {"status", "200"}});
  Answer(JsonAnswer(kTwo));
  Run();
  EXPECT_NEAR(MetricValue("cryptostream_price_age_seconds", {{"coin", "ethereum"}}), 60.123457, 1e-6);
  EXPECT_EQ(MetricValue("cryptostream_source_requests_total", {{"source", "coingecko"}, {"status", "200"}}) - before, 1);
}

TEST_F(CoinGeckoTest, StopsWhenTheMonthIsUsedUpUntilTheNext) {
  options_.calls_per_month = 1;
  options_.pace = 15s;
  Answer(JsonAnswer(kTwo));
  Answer(JsonAnswer(kTwo));
  Run();
  ASSERT_EQ(stage_.batches.size(), 2u);
  EXPECT_GE(stage_.batches[1].row(0).received, ParseRfc3339("2025-12-01T00:00:00Z").value());
  EXPECT_THAT(stage_.batches[1].gaps.at(0).reason, HasSubstr("used up"));
}

TEST_F(CoinGeckoTest, ThePaceFollowsTheBudgetOrTheUser) {
  auto words = [](CoinGeckoOptions options) {
    SourceStage stage;
    auto client = stage.Client(std::move(options));
    return PollPace(*client).Words();
  };
  CoinGeckoOptions keyed{.plan = CoinGeckoPlan::kDemo, .key = Secret("k"), .calls_per_month = 2'000};
  EXPECT_EQ(words({}), "one call per 15s, no monthly limit");
  EXPECT_EQ(words(keyed), "2000 calls a month = one per 6m13s, 2000 left until 2025-12-01");
  keyed.pace = 15s;
  EXPECT_EQ(words(keyed), "2000 calls a month = one per 15s, 2000 left until 2025-12-01 (used up on 2025-11-22 at this pace)");
  keyed.pace.reset();
  keyed.run_out = DateOf(ParseRfc3339("2025-11-24T00:00:00Z").value());
  EXPECT_THAT(words(keyed), HasSubstr("one per 1m11s"));
  keyed.run_out = DateOf(ParseRfc3339("2025-11-20T00:00:00Z").value());  // in the past: the month's end counts
  EXPECT_THAT(words(keyed), HasSubstr("one per 6m13s"));
}

TEST_F(CoinGeckoTest, RefusesOptionsThatCannotWork) {
  auto reason = [](CoinGeckoOptions options) {
    FakeClock clock{Timestamp()};
    auto client = CoinGeckoClient::Create(std::move(options), clock);
    return client ? std::string("accepted") : client.error().message;
  };
  EXPECT_EQ(reason({}), "accepted");
  EXPECT_THAT(reason({.coins = {}}), HasSubstr("no coin to ask for"));
  EXPECT_THAT(reason({.coins = {"bit coin"}}), HasSubstr("not a coin id"));
  EXPECT_THAT(reason({.plan = CoinGeckoPlan::kPro}), HasSubstr("needs a key"));
  EXPECT_THAT(reason({.plan = CoinGeckoPlan::kDemo, .key = Secret("k\n")}), HasSubstr("line end"));
  EXPECT_THAT(reason({.plan = CoinGeckoPlan::kDemo, .key = Secret("k"), .base_url = "http://example.org"}), HasSubstr("https"));
  EXPECT_EQ(reason({.plan = CoinGeckoPlan::kDemo, .key = Secret("k"), .base_url = "http://127.0.0.1:1"}), "accepted");
  for (const char* elsewhere :
       {"http://localhost:x@example.org/api", "http://127.0.0.1.example.org/api", "http://localhost.example.org"}) {
    EXPECT_NE(reason({.plan = CoinGeckoPlan::kDemo, .key = Secret("k"), .base_url = elsewhere}), "accepted") << elsewhere;
  }
  EXPECT_THAT(reason({.base_url = "ftp://example.org"}), HasSubstr("coingecko.base_url"));
  EXPECT_THAT(reason({.base_url = "https://me:pw@example.org"}), HasSubstr("user name"));
}

TEST_F(CoinGeckoTest, TheProbeTellsSilenceFromARefusal) {
  auto probe = [](Result<HttpAnswer> answer) {
    SourceStage stage;
    stage.script.answers.push_back(std::move(answer));
    auto client = stage.Client({});
    return CoinGeckoProbe(*client, stage.stop.get_token()).reach;
  };
  using Reach = ProbeResult::Reach;
  EXPECT_EQ(probe(JsonAnswer(R"({"gecko_says":"(V3) To the Moon!"})")), Reach::kReachable);
  EXPECT_EQ(probe(Unavailable("no connection")), Reach::kUnreachable);
  EXPECT_EQ(probe(JsonAnswer("{}", 429)), Reach::kTrouble);
  EXPECT_EQ(probe(HttpAnswer{200, {{"Content-Type", "text/html"}}, "<html>", ""}), Reach::kTrouble);
}

TEST(Secret, NeverPrintsItsText) {
  Secret key("CG-canary");
  std::ostringstream out;
  out << key;
  EXPECT_EQ(out.str(), "***");
  EXPECT_EQ(fmt::format("{}", key), "***");
}

}  // namespace
}  // namespace cryptostream
