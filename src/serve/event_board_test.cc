// Boards: rendered once, nothing missed whatever a client knows, bars that close without a row.
#include "serve/event_board.h"

#include "live/testing.h"

namespace cryptostream {
namespace {

using namespace testing_lake;
using namespace std::chrono_literals;

class EventBoardTest : public testing::Test {
 protected:
  void SetUp() override {
    BackendOptions options;
    options.root = lake_.root();  // empty: the test alone feeds the memory
    auto backend = Backend::Open(options);
    ASSERT_TRUE(backend) << backend.error().message;
    backend_ = *backend;
  }
  Live& live() { return *backend_->live(); }
  static int Count(const EventBoard::Bytes& bytes, std::string_view what) {
    int n = 0;
    for (std::size_t at = bytes ? bytes->find(what) : std::string::npos; at != std::string::npos; at = bytes->find(what, at + 1))
      ++n;
    return n;
  }
  // The sequence numbers of the ids in a send, in their order.
  static std::vector<std::uint64_t> Ids(const EventBoard::Bytes& bytes) {
    std::vector<std::uint64_t> ids;
    for (std::size_t at = bytes->find("id: "); at != std::string::npos; at = bytes->find("id: ", at + 1)) {
      ids.push_back(std::stoull(bytes->substr(bytes->find('-', at) + 1)));
    }
    return ids;
  }

  TestLake lake_;
  std::shared_ptr<Backend> backend_;
};

TEST_F(EventBoardTest, AllClientsShareWhatIsRenderedOnce) {
  EventBoard board(backend_);
  const auto all_coins = board.Watch({}, {"1m"});
  EXPECT_FALSE(board.Since(0, all_coins).bytes) << "nothing before the first refresh";
  live().ApplyGold({MakeRow(0, 1), MakeRow(1, 2), MakeRow(0, 7, "ethereum")}, {}, 1);
  board.Refresh();
  auto first = board.Since(0, all_coins);
  EXPECT_EQ(Count(first.bytes, "event: candle"), 2) << *first.bytes;  // the newest of each coin
  EXPECT_EQ(Count(first.bytes, "event: tick"), 2);
  EXPECT_EQ(board.Since(0, all_coins).bytes, first.bytes) << "the same bytes, not equal ones";
  EXPECT_FALSE(board.Since(first.sequence, all_coins).bytes);
  board.Refresh();
  EXPECT_EQ(board.Since(0, all_coins).bytes, first.bytes) << "nothing changed, nothing is rendered";

  live().AddProvisional(1, {MakeTick(125, 3)});
  board.Refresh();
  auto news = board.Since(first.sequence, all_coins);
  EXPECT_EQ(Count(news.bytes, "event: candle"), 1) << *news.bytes;
  EXPECT_EQ(board.Since(first.sequence, all_coins).bytes, news.bytes);
  EXPECT_FALSE(board.Since(first.sequence, board.Watch({"ethereum"}, {"1m"})).bytes);
  EXPECT_EQ(Count(board.Since(first.sequence, board.Watch({"bitcoin", "nope"}, {"1m"})).bytes, "event: tick"), 1);
}

TEST_F(EventBoardTest, WhoLagsBehindGetsTheLatestStateOfWhatChanged) {
  EventBoard board(backend_);
  const auto all_coins = board.Watch({}, {"1m"});
  live().ApplyGold({MakeRow(0, 1)}, {}, 1);
  board.Refresh();
  const std::uint64_t old = board.Since(0, all_coins).sequence;
  for (int i = 1; i <= 50; ++i) {
    live().AddProvisional(static_cast<std::uint64_t>(i), {MakeTick(60 + i, 100 + i), MakeTick(i * 60 + 120, i, "ethereum")});
    board.Refresh();
  }
  auto news = board.Since(old, board.Watch({"bitcoin"}, {"1m"}));
  EXPECT_EQ(Count(news.bytes, "event: candle"), 1) << "one bar changed fifty times";
  EXPECT_EQ(Count(news.bytes, "\"close\":150"), 1);
  EXPECT_EQ(Count(board.Since(old, board.Watch({"ethereum"}, {"1m"})).bytes, "event: candle"), 50);
}

// Wherever a send is cut, the last id that came through asks for everything that did not.
TEST_F(EventBoardTest, AnIdNeverClaimsMoreThanWasSent) {
  EventBoard board(backend_);
  const auto all_coins = board.Watch({}, {"1m"});
  live().ApplyGold({MakeRow(0, 1), MakeRow(0, 1, "ethereum"), MakeRow(0, 1, "cardano")}, {}, 1);
  live().AddProvisional(1, {MakeTick(60, 2), MakeTick(60, 2, "cardano")});
  live().AddProvisional(2, {MakeTick(61, 3), MakeTick(120, 3, "ethereum")});
  board.Refresh();
  const std::string all = *board.Since(1, all_coins).bytes;
  const auto ids = Ids(board.Since(1, all_coins).bytes);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  for (std::size_t cut = all.find("\n\n"); cut != std::string::npos; cut = all.find("\n\n", cut + 1)) {
    std::string got = all.substr(0, cut + 2);
    std::size_t at = got.rfind("id: ");
    auto rest = board.Since(std::stoull(got.substr(got.find('-', at) + 1)), all_coins).bytes;
    // Each event of the send came before the cut, or comes again.
    std::size_t begin = 0;
    for (std::size_t end = all.find("\n\n"); end != std::string::npos; begin = end + 2, end = all.find("\n\n", begin)) {
      std::string event = all.substr(begin, end + 2 - begin);
      if (event.starts_with("id: ")) continue;
      EXPECT_TRUE(got.find(event) != std::string::npos || (rest && rest->find(event) != std::string::npos)) << event;
    }
  }
}

TEST_F(EventBoardTest, AnIntervalThatComesLaterIsLoadedWholeAndOneThatGoesIsDropped) {
  EventBoard board(backend_);
  auto minutes = board.Watch({}, {"1m"});
  live().ApplyGold({MakeRow(0, 1), MakeRow(1, 2), MakeRow(7, 3)}, {}, 1);
  board.Refresh();
  EXPECT_EQ(Count(board.Since(0, minutes).bytes, "event: candle"), 1);
  const std::uint64_t loaded = board.Since(0, minutes).sequence;
  EXPECT_EQ(Count(board.Since(loaded - 1, minutes).bytes, "event: candle"), 3) << "who was away for all of it gets all of it";
  {
    auto both = board.Watch({"bitcoin"}, {"1m", "5m"});
    EXPECT_FALSE(board.Since(0, both).bytes) << "not before it is whole";
    board.Refresh();
    EXPECT_EQ(Count(board.Since(0, both).bytes, "\"interval\":\"5m\""), 1);
    EXPECT_EQ(Count(board.Since(0, both).bytes, "event: tick"), 1);
    live().AddProvisional(1, {MakeTick(7 * 60 + 1, 4)});
    live().ApplyGold({MakeRow(8, 4)}, {}, 2);
    board.Refresh();
    EXPECT_EQ(Count(board.Since(loaded, both).bytes, "event: candle"), 2);
  }
  board.Refresh();
  EXPECT_EQ(Count(board.Since(0, minutes).bytes, "\"interval\":\"5m\""), 0);
}

TEST_F(EventBoardTest, ABarClosesWithoutARowInItsLastMinute) {
  EventBoard board(backend_);
  const auto all_coins = board.Watch({}, {"5m"});
  live().ApplyGold({MakeRow(0, 1)}, {{"coingecko", MinuteAt(1)}}, 1);
  board.Refresh();
  auto open = board.Since(0, all_coins);
  EXPECT_EQ(Count(open.bytes, "\"closed\":false"), 1) << *open.bytes;
  live().ApplyGold({}, {{"coingecko", MinuteAt(5)}}, 2);
  board.Refresh();
  auto closed = board.Since(open.sequence, all_coins);
  EXPECT_EQ(Count(closed.bytes, "\"closed\":true"), 1);
}

TEST_F(EventBoardTest, ABarOfWhichMemoryHasNoBeginningIsNotSent) {
  EventBoard board(backend_);
  const auto all_coins = board.Watch({}, {"1h"});
  live().SetCompleteFrom({{"coingecko", MinuteAt(30)}}, MinuteAt(30));
  live().ApplyGold({MakeRow(40, 1)}, {}, 1);
  board.Refresh();
  auto first = board.Since(0, all_coins);
  EXPECT_EQ(Count(first.bytes, "event: candle"), 0);
  EXPECT_EQ(Count(first.bytes, "event: tick"), 1);
  live().ApplyGold({MakeRow(60, 1)}, {}, 2);
  board.Refresh();
  EXPECT_EQ(Count(board.Since(first.sequence, all_coins).bytes, "event: candle"), 1);
}

}  // namespace
}  // namespace cryptostream
