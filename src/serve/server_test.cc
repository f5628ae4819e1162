// The server as clients meet it, over a real lake and real sockets.
#include "serve/server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "live/testing.h"

namespace cryptostream {
namespace {

using namespace testing_lake;
using namespace std::chrono_literals;

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    Write(lake_, 100);
    static const Asset kAssets[] = {{"/", "text/html; charset=utf-8", "\"abc\"", "<p>page</p>", {}}};
    ServeOptions options;
    options.port = 0;
    options.storage_root = lake_.root();
    options.version = "1.2.3";
    options.assets = kAssets;
    options.coins = {"ethereum"};
    options.clock = &clock_;
    auto server = Server::Start(options);
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    WaitFor("/readyz", "HTTP/1.1 200 ");
  }
  static void Write(TestLake& lake, double price) {
    std::vector<GoldRow> rows;
    for (int m = 0; m < 12; ++m) rows.push_back(MakeRow(m, price + m));
    rows.push_back(MakeRow(0, 7, "ethereum"));
    lake.CommitSilver({MakeTick(12 * 60, price + 12)},
                      {{"cryptostream/silver/b", 1}, {"cryptostream/watermark/coingecko/0", ToMicros(Second(720))}});
    lake.CommitGold(rows, {{"cryptostream/closed/coingecko", ToMicros(MinuteAt(12))}});
  }
  // Sends one request and reads until `until` or the end.
  std::string Ask(const std::string& target, const std::string& extra = {}, const std::string& until = {},
                  const std::string& method = "GET") {
    int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(server_->port()), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    std::string request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + extra + "\r\n";
    EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::string out;
    char buffer[8192];
    pollfd wait{fd, POLLIN, 0};
    while ((until.empty() || out.find(until) == std::string::npos) && ::poll(&wait, 1, 5000) == 1) {
      ssize_t got = ::recv(fd, buffer, sizeof(buffer), 0);
      if (got <= 0) break;
      out.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(fd);
    return out;
  }
  void WaitFor(const std::string& target, const std::string& text) {
    auto end = std::chrono::steady_clock::now() + 10s;
    while (Ask(target).find(text) == std::string::npos && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
  }
  static int Count(const std::string& text, const std::string& what) {
    int n = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
  }

  TestLake lake_;
  FakeClock clock_{MinuteAt(13)};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, OriginalRoute) {
  std::string got = Ask("/metrics/bitcoin");
  EXPECT_EQ(Count(got, "\"window_start\""), 10);
  EXPECT_NE(
      got.find(
          R"([{"window_start":1723119120,"window_end":1723119180,"coin_id":"bitcoin","avg_price":112,"min_price":112,"max_price":112},)"),
      std::string::npos)
      << got;
  EXPECT_TRUE(Ask("/metrics/never-heard-of").ends_with("\r\n\r\n[]"));
  EXPECT_EQ(got.find("Access-Control-Allow-Origin"), std::string::npos);
  EXPECT_NE(
      Ask("/metrics/bitcoin", "Origin: http://localhost:3000\r\n").find("Access-Control-Allow-Origin: http://localhost:3000"),
      std::string::npos);
  EXPECT_EQ(Ask("/metrics/bitcoin", "Origin: http://evil.example\r\n").find("Access-Control-Allow-Origin"), std::string::npos);
  EXPECT_EQ(Ask("/api/v1/coins", "Origin: http://localhost:3000\r\n").find("Access-Control-Allow-Origin"), std::string::npos);
  std::string etag = got.substr(got.find("ETag: ") + 6, got.find("\r\n", got.find("ETag: ")) - got.find("ETag: ") - 6);
  EXPECT_TRUE(Ask("/metrics/bitcoin", "If-None-Match: " + etag + "\r\n").starts_with("HTTP/1.1 304 ")) << etag;
}

TEST_F(ServerTest, CoinsCandlesStatus) {
  std::string coins = Ask("/api/v1/coins");
  EXPECT_LT(coins.find("\"coin\":\"ethereum\""), coins.find("\"coin\":\"bitcoin\"")) << coins;
  EXPECT_NE(coins.find("\"freshness\":\"live\""), std::string::npos) << coins;
  clock_.Advance(5min);
  EXPECT_NE(Ask("/api/v1/coins").find("\"freshness\":\"delayed\""), std::string::npos);
  clock_.Advance(1h);
  EXPECT_EQ(Ask("/api/v1/coins").find("\"freshness\":\"delayed\""), std::string::npos);
  std::string candles = Ask("/api/v1/candles?coin=bitcoin&interval=5m&limit=2");
  EXPECT_NE(candles.find("\"open_time\":\"2024-08-08T12:05:00.000Z\""), std::string::npos) << candles;
  EXPECT_NE(
      candles.find("Link: </api/v1/candles?coin=bitcoin&interval=5m&limit=2&quote=usd&chosen=1&to=2024-08-08T12%3A05%3A00.000Z>; "
                   "rel=\"next\""),
      std::string::npos);
  for (const char* said : {"X-Forwarded-Prefix: /crypto\r\n", "Forwarded: for=10.0.0.1\r\n", "Via: 1.1 proxy\r\n"}) {
    std::string proxied = Ask("/api/v1/candles?coin=bitcoin&interval=5m&limit=2", said);
    EXPECT_NE(proxied.find("Link: <?coin=bitcoin&interval=5m&limit=2&quote=usd&chosen=1&to="), std::string::npos)
        << said << proxied;
  }
  EXPECT_NE(candles.find("\"samples\":3,\"source\":\"coingecko\",\"quote\":\"usd\",\"closed\":false,\"committed\":true"),
            std::string::npos);
  std::string status = Ask("/api/v1/status");
  EXPECT_NE(status.find("\"version\":\"1.2.3\",\"mode\":\"live\""), std::string::npos);
  EXPECT_NE(status.find("\"watermarks\":{\"coingecko\":\"2024-08-08T12:12:00.000Z\"}"), std::string::npos) << status;
}

TEST_F(ServerTest, Problems) {
  EXPECT_TRUE(Ask("/nothing").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(Ask("/api/v1/candles?coin=never-heard-of").starts_with("HTTP/1.1 404 "));
  std::string bad = Ask("/api/v1/candles?coin=bitcoin&intervall=1m");
  EXPECT_TRUE(bad.starts_with("HTTP/1.1 400 "));
  EXPECT_NE(bad.find("application/problem+json"), std::string::npos);
  EXPECT_NE(bad.find("did you mean 'interval'?"), std::string::npos);
  for (const char* query :
       {"", "?coin=a%20b", "?coin=bitcoin&limit=0", "?coin=bitcoin&limit=10001", "?coin=bitcoin&interval=2m",
        "?coin=bitcoin&from=x", "?coin=bitcoin&from=20&to=10", "?coin=bitcoin&fill=zero", "?coin=bitcoin&coin=x"}) {
    EXPECT_TRUE(Ask(std::string("/api/v1/candles") + query).starts_with("HTTP/1.1 400 ")) << query;
  }
  std::string post = Ask("/api/v1/coins", "", "", "POST");
  EXPECT_TRUE(post.starts_with("HTTP/1.1 405 "));
  EXPECT_NE(post.find("Allow: GET, HEAD, OPTIONS"), std::string::npos);
  EXPECT_TRUE(Ask("/livez?x=1").starts_with("HTTP/1.1 400 "));
}

TEST_F(ServerTest, HealthPageAndDescription) {
  EXPECT_TRUE(Ask("/livez").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(Ask("/readyz").starts_with("HTTP/1.1 200 "));
  server_->SetLakeState(false, "the disk is full: path=" + (lake_.root() / "gold").string());
  std::string ready = Ask("/readyz?verbose");
  EXPECT_TRUE(ready.starts_with("HTTP/1.1 503 "));
  EXPECT_NE(ready.find("[-] lake: the disk is full: path=gold\n"), std::string::npos) << ready;
  EXPECT_NE(Ask("/api/v1/status").find("\"state\":\"not ready\",\"troubles\":[\"lake: the disk is full"), std::string::npos);
  EXPECT_TRUE(Ask("/").ends_with("<p>page</p>"));
  EXPECT_NE(Ask("/version").find("\"version\":\"1.2.3\""), std::string::npos);
  std::string metrics = Ask("/metrics");
  EXPECT_NE(metrics.find("cryptostream_http_request_duration_seconds_count{"), std::string::npos);
  EXPECT_NE(metrics.find("cryptostream_price_age_seconds{coin=\"bitcoin\"}"), std::string::npos);
  EXPECT_EQ(Count(Ask("/openapi.json"), "\"get\":{"), 24);
}

// Each state of a source is either its work or trouble; trouble is told at once and is no 503.
TEST_F(ServerTest, TroubleOfASourceIsDegradedAndNot503) {
  for (SourceState state :
       {SourceState::kUnreachable, SourceState::kLimited, SourceState::kBanned, SourceState::kRefused, SourceState::kFailing}) {
    server_->SetSourceReport({"coingecko", state, "429 from the provider", {}, {}});
    std::string ready = Ask("/readyz");
    EXPECT_TRUE(ready.starts_with("HTTP/1.1 200 "));
    EXPECT_NE(ready.find("[-] source coingecko: 429 from the provider\n"), std::string::npos) << ready;
    EXPECT_TRUE(ready.ends_with("\ndegraded\n"));
    EXPECT_NE(Ask("/api/v1/status").find("\"troubles\":[\"source coingecko: 429 from the provider\"]"), std::string::npos);
  }
  for (SourceState state :
       {SourceState::kStarting, SourceState::kOk, SourceState::kWaiting, SourceState::kReplaying, SourceState::kDone}) {
    server_->SetSourceReport({"coingecko", state, "", {}, {}});
    EXPECT_TRUE(Ask("/readyz").ends_with("\r\n\r\nready\n")) << SourceStateName(state);
  }
  EXPECT_NE(Ask("/readyz?verbose").find("[+] data: 1 live, 1 stale\n"), std::string::npos) << Ask("/readyz?verbose");
  clock_.Advance(24h);
  std::string old = Ask("/readyz");
  EXPECT_TRUE(old.starts_with("HTTP/1.1 200 ") && old.find("[-] data: no price is fresh: the newest is 1d old") != old.npos)
      << old;
}

TEST_F(ServerTest, AStampFromTheFutureIsNoAge) {
  Tick tick = MakeTick(725, 900);
  tick.last_updated = tick.event_time + 24h;
  server_->live()->AddProvisional(1, {tick});
  WaitFor("/api/v1/coins", "\"price\":900");
  EXPECT_NE(Ask("/api/v1/coins").find("\"age_s\":55,\"freshness\":\"live\""), std::string::npos) << Ask("/api/v1/coins");
  clock_.Advance(1h);
  EXPECT_NE(Ask("/api/v1/coins").find("\"age_s\":3655,\"freshness\":\"stale\""), std::string::npos) << Ask("/api/v1/coins");
  clock_.Advance(-2h);  // the machine's clock was set back
  EXPECT_NE(Ask("/api/v1/coins").find("\"age_s\":0,\"freshness\":\"live\""), std::string::npos) << Ask("/api/v1/coins");
}

// What is wrong with the files is for the log; a client gets a sentence.
TEST_F(ServerTest, AFileThatHasGoneIsNoInsideOfAnAnswer) {
  TestLake other;
  std::vector<GoldRow> rows;
  for (int day = 0; day < 20; ++day) rows.push_back(MakeRow(day * 1440, 100 + day));
  for (int m = 0; m < 1440; ++m) rows.push_back(MakeRow(40 * 1440 + m, 200 + m));
  other.CommitSilver({MakeTick(41 * 86'400, 1)}, {{"cryptostream/watermark/coingecko/0", ToMicros(Second(41 * 86'400))}});
  other.CommitGold(rows, {{"cryptostream/closed/coingecko", ToMicros(MinuteAt(41 * 1440))}});
  LiveLimits small{.min_windows = 1};
  ServeOptions options;
  options.port = 0;
  options.storage_root = other.root();
  options.live_limits = small;
  options.clock = &clock_;
  auto server = Server::Start(options);
  ASSERT_TRUE(server) << server.error().message;
  server_ = *std::move(server);
  WaitFor("/readyz?verbose", "[+] tables: followed");
  const std::string question = "/api/v1/candles?coin=bitcoin&interval=1m&from=2024-08-08T00:00:00Z&limit=3";
  EXPECT_NE(Ask(question).find("\"close\":100"), std::string::npos) << Ask(question);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(other.root() / "gold")) {
    if (entry.path().string().find("date=2024-08-0") != std::string::npos && entry.path().extension() == ".parquet") {
      std::filesystem::remove(entry.path());
    }
  }
  for (const std::string& path : {question, question + "&fill=previous"}) {
    std::string gone = Ask(path);
    EXPECT_TRUE(gone.starts_with("HTTP/1.1 503 ")) << gone;
    EXPECT_NE(gone.find("Retry-After: "), std::string::npos);
    for (std::string_view inside : {"SELECT", "parquet", "/tmp", "IO Error", "reason="}) {
      EXPECT_EQ(gone.substr(gone.find("\r\n\r\n")).find(inside), std::string::npos) << gone;
    }
  }
}

TEST_F(ServerTest, AStreamOfAnUnknownCoinIsAProblem) {
  std::string unknown = Ask("/api/v1/stream?coins=bitcoin,never-heard-of");
  EXPECT_TRUE(unknown.starts_with("HTTP/1.1 404 ")) << unknown;
  EXPECT_NE(unknown.find("unknown coin: never-heard-of"), std::string::npos);
}

TEST_F(ServerTest, StreamSendsStateThenChanges) {
  std::string first = Ask("/api/v1/stream?coins=bitcoin", "", "event: status");
  EXPECT_NE(first.find("event: candle\nid: "), std::string::npos) << first;
  EXPECT_NE(first.find("event: tick\n"), std::string::npos);
  EXPECT_EQ(first.find("ethereum"), std::string::npos);
  std::string id = first.substr(first.find("id: ") + 4, first.find('\n', first.find("id: ")) - first.find("id: ") - 4);
  server_->live()->AddProvisional(1, {MakeTick(725, 900)});
  std::string resumed = Ask("/api/v1/stream?coins=bitcoin", "Last-Event-ID: " + id + "\r\n", "event: status");
  EXPECT_NE(resumed.find("\"close\":900"), std::string::npos) << resumed;
  EXPECT_NE(resumed.find("\"committed\":false"), std::string::npos);
  EXPECT_EQ(Count(resumed, "event: candle"), 1) << resumed;
  server_->live()->ApplyGold({MakeRow(0, 555)}, {}, 9);  // the oldest bar there is changes too
  resumed = Ask("/api/v1/stream?coins=bitcoin", "Last-Event-ID: " + id + "\r\n", "event: status");
  EXPECT_NE(resumed.find("\"close\":555"), std::string::npos) << resumed;
}

TEST_F(ServerTest, OneStreamCarriesSeveralIntervals) {
  std::string events = Ask("/api/v1/stream?coins=bitcoin&interval=5m,1m,5m", "", "event: status");
  EXPECT_EQ(Count(events, "\"interval\":\"5m\""), 1) << events;
  EXPECT_EQ(Count(events, "\"interval\":\"1m\""), 1);
  for (const char* bad : {"5m,", ",5m", "5m,,1m", "5m,2m", ""}) {
    EXPECT_TRUE(Ask(std::string("/api/v1/stream?interval=") + bad).starts_with("HTTP/1.1 400 ")) << bad;
  }
}

TEST_F(ServerTest, SwitchesToAnotherLakeAndMode) {
  TestLake other;
  Write(other, 5000);
  ASSERT_TRUE(server_->SetStorage(other.root()));
  server_->SetMode(ServeMode::kReplay);
  WaitFor("/metrics/bitcoin", "\"avg_price\":5012");
  EXPECT_NE(Ask("/metrics/bitcoin").find("\"avg_price\":5012"), std::string::npos);
  std::string coins = Ask("/api/v1/coins");
  EXPECT_NE(coins.find("\"mode\":\"replay\""), std::string::npos);
  EXPECT_NE(coins.find("\"freshness\":\"stale\""), std::string::npos);
  server_->live()->AddProvisional(1, {MakeTick(730, 5013)});
  EXPECT_NE(Ask("/api/v1/coins").find("\"freshness\":\"replay\""), std::string::npos);
  clock_.Advance(3min);
  EXPECT_EQ(Ask("/api/v1/coins").find("\"freshness\":\"replay\""), std::string::npos);
}

TEST_F(ServerTest, RefusesToBeReachedFromOutsideUnasked) {
  ServeOptions options;
  options.address = "0.0.0.0";
  options.port = 0;
  options.storage_root = lake_.root();
  auto refused = Server::Start(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace cryptostream
