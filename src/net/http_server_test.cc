// The server over real sockets: framing, limits, deadlines, streams.
#include "net/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

#include "base/metrics.h"

namespace cryptostream {
namespace {

using namespace std::chrono_literals;

// A client that sends exactly these bytes.
class RawClient {
 public:
  // `from`: its own address, any of 127.0.0.0/8.
  explicit RawClient(std::uint16_t port, std::uint32_t from = INADDR_LOOPBACK) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (fd_ < 0) {
      ADD_FAILURE() << "no socket";
      return;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(from);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~RawClient() { ::close(fd_); }
  void Send(std::string_view bytes) { EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize_t(bytes.size())); }
  // Reads until `until` is seen, the peer closes, or 5 s passed.
  std::string Read(std::string_view until = {}) {
    std::string out;
    char buffer[4096];
    while (until.empty() || out.find(until) == std::string::npos) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, 5000) != 1) break;
      ssize_t got = ::recv(fd_, buffer, sizeof(buffer), 0);
      if (got <= 0) {
        closed_ = true;
        break;
      }
      out.append(buffer, static_cast<std::size_t>(got));
    }
    return out;
  }
  bool closed() const { return closed_; }

 private:
  int fd_;
  bool closed_ = false;
};

struct CountFeed : EventFeed {
  std::atomic<int>* number;
  int seen = 0;
  std::vector<std::shared_ptr<const std::string>> Take(bool idle) override {
    int now = *number;
    if (now == seen && !idle) return {};
    std::string text = now == seen ? ": idle\n\n" : "data: " + std::to_string(now) + "\n\n";
    seen = now;
    return {std::make_shared<const std::string>(text)};
  }
};

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    auto server = HttpServer::Start(options, [this](const WebRequest& request) { return Handle(request); });
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }
  WebReply Handle(const WebRequest& request) {
    WebReply reply;
    reply.content_type = "text/plain";
    if (request.path == "/big") {
      reply.etag = "W/\"1\"";
      reply.SetBody(std::string(100'000, 'a'));
    } else if (request.path == "/later") {
      reply.later = [] {
        WebReply made;
        made.content_type = "text/plain";
        made.SetBody("made by a worker");
        return made;
      };
    } else if (request.path == "/stream") {
      return StreamReply();
    } else if (request.path == "/later-stream") {
      reply.later = [this] { return StreamReply(); };
    } else {
      reply.SetBody(request.method + " " + request.path + " [" + request.body + "]");
    }
    return reply;
  }
  WebReply StreamReply() {
    auto feed = std::make_shared<CountFeed>();
    feed->number = &number_;
    WebReply reply;
    reply.content_type = "text/event-stream";
    reply.feed = feed;
    return reply;
  }
  std::string Ask(std::string_view bytes, std::string_view until = {}) {
    RawClient client(server_->port());
    client.Send(bytes);
    return client.Read(until);
  }

  std::atomic<int> number_{0};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  std::string got =
      Ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
          "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
          "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
  std::size_t a = got.find("GET /a []"), b = got.find("POST /b [abc]"), later = got.find("made by a worker"),
              c = got.find("POST /c [hi]");
  ASSERT_NE(c, std::string::npos) << got;
  EXPECT_TRUE(a < b && b < later && later < c) << got;
  EXPECT_NE(got.find("X-Content-Type-Options: nosniff"), std::string::npos);
  EXPECT_NE(got.find("Content-Security-Policy: default-src 'self'"), std::string::npos);
}

TEST_F(HttpServerTest, RefusedRequestEndsTheConnection) {
  Start();
  for (std::string_view attack :
       {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil "
        "HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    RawClient client(server_->port());
    client.Send(attack);
    std::string got = client.Read();
    EXPECT_TRUE(got.starts_with("HTTP/1.1 400 ")) << got;
    EXPECT_EQ(got.find("/evil"), std::string::npos);
    EXPECT_TRUE(client.closed());
  }
}

TEST_F(HttpServerTest, HeadGzipAndNotModified) {
  Start();
  std::string head = Ask("HEAD /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 100000"), std::string::npos) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  std::string packed = Ask("GET /big HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br, gzip\r\nConnection: close\r\n\r\n");
  EXPECT_NE(packed.find("Content-Encoding: gzip"), std::string::npos);
  EXPECT_LT(packed.size(), 3000u);
  std::string plain = Ask("GET /big HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip;q=0\r\nConnection: close\r\n\r\n");
  EXPECT_GT(plain.size(), 100'000u);
  std::string same = Ask("GET /big HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"0\", \"1\"\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(same.starts_with("HTTP/1.1 304 ")) << same;
}

TEST_F(HttpServerTest, RefusesForeignHostNames) {
  Start({.allowed_hosts = {"localhost", "127.0.0.1"}, .host_advice = "allow it"});
  std::string refused = Ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 421 "));
  EXPECT_NE(refused.find("the host name evil.example is not served here: allow it"), std::string::npos) << refused;
  EXPECT_TRUE(Ask("GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n", "[]").starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, DeadlinesEndSlowClients) {
  Start({.head_timeout = 150ms, .body_timeout = 150ms, .idle_timeout = 150ms});
  RawClient silent(server_->port());
  EXPECT_EQ(silent.Read(), "");
  EXPECT_TRUE(silent.closed());
  for (std::string_view part : {"GET / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"}) {
    RawClient slow(server_->port());
    slow.Send(part);
    EXPECT_EQ(slow.Read(), "");
    EXPECT_TRUE(slow.closed());
  }
  RawClient idle(server_->port());
  idle.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(idle.Read().find("200 OK"), std::string::npos);
  EXPECT_TRUE(idle.closed());
}

// One byte of a next request must not buy the time of an idle connection.
TEST_F(HttpServerTest, EveryHeadHasItsDeadline) {
  Start({.head_timeout = 150ms, .idle_timeout = 60s});
  for (std::string_view bytes : {"GET /a HTTP/1.1\r\nHost: x\r\n\r\nG", "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET / HT"}) {
    RawClient client(server_->port());
    client.Send(bytes);
    EXPECT_TRUE(client.Read().starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(client.closed()) << bytes;
  }
  RawClient late(server_->port());
  late.Send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  late.Read("[]");
  late.Send("G");
  late.Read();
  EXPECT_TRUE(late.closed());
}

TEST_F(HttpServerTest, IdleConnectionsGoWhenAPlaceIsNeeded) {
  for (HttpServerOptions options :
       {HttpServerOptions{.max_connections = 2}, HttpServerOptions{.max_connections_per_address = 2}}) {
    Start(options);
    RawClient oldest(server_->port());
    oldest.Send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    oldest.Read("[]");
    RawClient half(server_->port());
    half.Send("GET /b HTTP/1.1\r\nHost: x\r\n\r\nGET");
    half.Read("[]");
    for (std::string_view path : {"/c", "/d"}) {
      RawClient next(server_->port());
      next.Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      EXPECT_TRUE(next.Read().starts_with("HTTP/1.1 200 ")) << path;
    }
    oldest.Read();
    EXPECT_TRUE(oldest.closed()) << "it waited longest";
  }
}

TEST_F(HttpServerTest, WhatIsAtWorkKeepsItsPlace) {
  Start({.max_connections_per_address = 2});
  RawClient a(server_->port()), b(server_->port());
  for (RawClient* stream : {&a, &b}) {
    stream->Send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    stream->Read("\r\n\r\n");
  }
  RawClient c(server_->port());
  EXPECT_TRUE(c.Read().starts_with("HTTP/1.1 503 "));
  number_ = 3;
  server_->Wake();
  EXPECT_NE(a.Read("data: 3").find("data: 3"), std::string::npos);
}

// One address cannot take all the streams; a proxy, behind which are many clients, can.
TEST_F(HttpServerTest, AnAddressHasItsShareOfStreams) {
  Start({.max_streams = 6, .max_streams_per_address = 2, .proxies = {"127.0.0.1"}});
  constexpr std::uint32_t kGreedy = INADDR_LOOPBACK + 1, kOther = INADDR_LOOPBACK + 2;
  auto open = [&](std::uint32_t from, std::string* answer) {
    auto client = std::make_unique<RawClient>(server_->port(), from);
    client->Send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    *answer = client->Read("\r\n\r\n");
    return client;
  };
  std::string first, second, third, other;
  auto a = open(kGreedy, &first), b = open(kGreedy, &second), c = open(kGreedy, &third), d = open(kOther, &other);
  EXPECT_TRUE(first.starts_with("HTTP/1.1 200 ") && second.starts_with("HTTP/1.1 200 ")) << first << second;
  EXPECT_TRUE(third.starts_with("HTTP/1.1 429 ")) << third;
  EXPECT_NE(third.find("Retry-After: "), std::string::npos) << third;
  EXPECT_NE((third + c->Read()).find("this address has 2 event streams"), std::string::npos);
  EXPECT_TRUE(other.starts_with("HTTP/1.1 200 ")) << other;
  a.reset();
  std::string again;
  for (int tries = 0; tries < 100 && !again.starts_with("HTTP/1.1 200 "); ++tries) a = open(kGreedy, &again);
  EXPECT_TRUE(again.starts_with("HTTP/1.1 200 ")) << "the place of one that ended is free: " << again;
  std::vector<std::unique_ptr<RawClient>> proxied;
  for (int i = 0; i < 3; ++i) {
    std::string answer;
    proxied.push_back(open(INADDR_LOOPBACK, &answer));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  }
  std::string full;
  auto late = open(INADDR_LOOPBACK, &full);
  EXPECT_TRUE(full.starts_with("HTTP/1.1 503 ")) << full;
  EXPECT_NE(full.find("Retry-After: "), std::string::npos) << full;
}

// An answer that a worker makes may be a stream as well.
TEST_F(HttpServerTest, AWorkerMayBeginAStream) {
  Start({.stream_gap = 1ms});
  RawClient client(server_->port());
  client.Send("GET /later-stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.Read("\r\n\r\n").starts_with("HTTP/1.1 200 "));
  number_ = 5;
  server_->Wake();
  EXPECT_NE(client.Read("data: 5").find("data: 5"), std::string::npos);
}

TEST_F(HttpServerTest, ARefusedHeadIsTimedFromItsOwnBeginning) {
  Start();
  EXPECT_TRUE(Ask("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a') + "\r\n").starts_with("HTTP/1.1 431 "));
  std::string text = MetricsText();
  std::size_t at = text.find("cryptostream_http_request_duration_seconds_sum{code=\"431\"");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LT(std::stod(text.substr(text.find("} ", at) + 2)), 60);
}

TEST_F(HttpServerTest, StreamSendsNewsAndHeartbeats) {
  Start({.heartbeat = 100ms, .stream_gap = 1ms});
  RawClient client(server_->port());
  client.Send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string got = client.Read(": idle");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << got;
  number_ = 7;
  server_->Wake();
  EXPECT_NE(client.Read("data: 7").find("data: 7"), std::string::npos);
}

TEST_F(HttpServerTest, StopEndsOpenStreamsAtOnce) {
  Start();
  RawClient client(server_->port());
  client.Send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  client.Read("\r\n\r\n");
  auto begin = std::chrono::steady_clock::now();
  server_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST_F(HttpServerTest, SaysWhoHoldsThePort) {
  Start();
  auto second = HttpServer::Start({.port = server_->port()}, [](const WebRequest&) { return WebReply(); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
  EXPECT_NE(second.error().message.find("(pid " + std::to_string(::getpid()) + ")"), std::string::npos) << second.error().message;
}

}  // namespace
}  // namespace cryptostream
