// The HTTP client against a real socket on loopback: whole answers, broken ones, silence. TLS is tried by test/sources.
#include "net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <thread>

#include "base/check.h"

namespace cryptostream {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// A server on a free loopback port that answers one connection with fixed bytes and closes, or stays silent until told to end.
class OneShotServer {
 public:
  explicit OneShotServer(std::string answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CS_CHECK(listener_ >= 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~OneShotServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/x"; }
  const std::string& request() const { return request_; }

 private:
  void Serve() {
    int peer = accept(listener_, nullptr, nullptr);
    if (peer < 0) return;
    char buffer[4096];
    while (request_.find("\r\n\r\n") == std::string::npos && !request_.starts_with('\x16')) {  // or a TLS hello
      ssize_t got = recv(peer, buffer, sizeof(buffer), 0);
      if (got <= 0) break;
      request_.append(buffer, static_cast<std::size_t>(got));
    }
    std::string_view rest = answer_;
    while (!rest.empty()) {
      ssize_t sent = send(peer, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    while (answer_.empty() && recv(peer, buffer, sizeof(buffer), 0) > 0) continue;  // silent until the client goes
    close(peer);
  }

  std::string answer_, request_;
  int listener_ = -1;
  unsigned short port_ = 0;
  std::thread thread_;
};

std::string Many(char c, std::size_t times) {
  std::string text;
  text.resize(times, c);
  return text;
}

std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Response(const std::string& headers, const std::string& body) {
  return "HTTP/1.1 200 OK\r\n" + headers + "Connection: close\r\n\r\n" + body;
}

Result<HttpAnswer> Get(const std::string& url, HttpClientOptions options = {}, StopToken stop = {}) {
  return CurlTransport(std::move(options)).Get({url, "", {}}, stop);
}

TEST(HttpClient, GetsStatusHeadersAndBody) {
  OneShotServer server("HTTP/1.1 429 Too Many Requests\r\nRetry-After:  119 \r\nContent-Length: 2\r\n\r\n{}");
  auto answer = Get(server.Url());
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->Header("retry-after"), "119");
  EXPECT_EQ(answer->Header("age"), std::nullopt);
  EXPECT_EQ(answer->body, "{}");
  EXPECT_EQ(answer->damage, "");
}

TEST(HttpClient, SaysWhoItIsAndCarriesTheKeyInItsHeader) {
  OneShotServer server(Response("Content-Length: 0\r\n", ""));
  ASSERT_TRUE(CurlTransport({}).Get({server.Url(), "x-cg-demo-api-key", Secret("CG-1")}, {}).has_value());
  const std::string& request = server.request();
  EXPECT_THAT(request, HasSubstr("User-Agent: cryptostream/"));
  EXPECT_THAT(request, HasSubstr("x-cg-demo-api-key: CG-1\r\n"));
  EXPECT_THAT(request, HasSubstr("Accept-Encoding: gzip\r\n"));
}

TEST(HttpClient, UnpacksGzip) {
  std::string body = Gzip("[1,2,3]");
  OneShotServer server(Response("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(body.size()) + "\r\n", body));
  EXPECT_EQ(Get(server.Url())->body, "[1,2,3]");
}

TEST(HttpClient, KeepsWhatCameOfABodyThatBreaksOff) {
  OneShotServer server(Response("Content-Length: 100\r\n", "[{\"id\":"));
  auto answer = Get(server.Url());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "[{\"id\":");
  EXPECT_THAT(answer->damage, HasSubstr("cut short"));
}

TEST(HttpClient, ACutChunkIsDamage) {
  OneShotServer server(Response("Transfer-Encoding: chunked\r\n", "5\r\n[1,2,\r\nff\r\n3"));
  auto answer = Get(server.Url());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "[1,2,3");
  EXPECT_NE(answer->damage, "");
}

TEST(HttpClient, AGzipBombEndsAtTheBound) {
  std::string bomb = Gzip(Many('0', 50'000'000));
  OneShotServer server(Response("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(bomb.size()) + "\r\n", bomb));
  auto answer = Get(server.Url(), {.max_body_bytes = 1'000'000});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body.size(), 1'000'000u);
  EXPECT_THAT(answer->damage, HasSubstr("too large"));
}

TEST(HttpClient, ABodyOverTheBoundEndsThere) {
  OneShotServer server(Response("", Many('x', 11'000'000)));
  auto answer = Get(server.Url());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body.size(), 10'000'000u);
  EXPECT_THAT(answer->damage, HasSubstr("too large"));
}

TEST(HttpClient, AHeaderBeyondEveryBoundIsCalledThat) {
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "X-" + std::to_string(i) + ": " + std::string(80, 'x') + "\r\n";
  for (const std::string& header : {"X: " + std::string(2 << 20, 'x') + "\r\n", many}) {
    OneShotServer server("HTTP/1.1 200 OK\r\n" + header + "Content-Length: 2\r\n\r\n[]");
    auto answer = Get(server.Url());
    ASSERT_TRUE(answer.has_value());
    EXPECT_THAT(answer->damage, HasSubstr("header too large"));
  }
}

TEST(HttpClient, BrokenCompressionIsDamage) {
  OneShotServer server(Response("Content-Encoding: gzip\r\nContent-Length: 8\r\n", "not gzip"));
  auto answer = Get(server.Url());
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->damage, HasSubstr("compression broken"));
}

TEST(HttpClient, DoesNotFollowRedirects) {
  OneShotServer server("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(Get(server.Url())->status, 302);
}

TEST(HttpClient, SilenceRefusalAndPlaintextForTlsAreUnreachable) {
  OneShotServer silent("");
  auto timed_out = Get(silent.Url(), {.total_timeout = 50ms});
  EXPECT_EQ(timed_out.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(timed_out.error().message, HasSubstr("timed out"));
  auto refused = Get("http://127.0.0.1:1/");
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("no connection"));
  OneShotServer plain(Response("Content-Length: 0\r\n", ""));
  auto tls = Get("https" + plain.Url().substr(4));
  EXPECT_EQ(tls.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(tls.error().message, HasSubstr("TLS"));
  EXPECT_EQ(Get("https://no-such-name.invalid/").error().kind, ErrorKind::kUnavailable);
}

TEST(HttpClient, AStopEndsTheWaitAtOnce) {
  OneShotServer silent("");
  StopSource stop;
  std::thread stopper([&] { stop.request_stop(); });
  auto began = std::chrono::steady_clock::now();
  auto answer = Get(silent.Url(), {.total_timeout = 30s}, stop.get_token());
  stopper.join();
  EXPECT_EQ(answer.error().kind, ErrorKind::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
}

}  // namespace
}  // namespace cryptostream
