// Vectors of request smuggling against the gate: each is either refused or framed in the only way there is.
#include "net/request_check.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

std::string Head(std::string_view extra, std::string_view line = "POST / HTTP/1.1") {
  return std::string(line) + "\r\nHost: localhost\r\n" + std::string(extra) + "\r\n";
}

int StatusOf(const std::string& head) {
  auto framing = CheckRequestHead(head, {});
  return framing ? 200 : framing.error().status;
}

TEST(CheckRequestHead, AcceptsPlainRequests) {
  auto framing = CheckRequestHead("GET /metrics/bitcoin?x=1 HTTP/1.1\r\nHost: LocalHost:8000\r\nAccept: */*\r\n\r\n", {});
  ASSERT_TRUE(framing);
  EXPECT_EQ(framing->host, "localhost");
  EXPECT_TRUE(framing->keep_alive);
  framing = CheckRequestHead("GET / HTTP/1.0\r\n\r\n", {});
  ASSERT_TRUE(framing);
  EXPECT_FALSE(framing->keep_alive);
  framing = CheckRequestHead("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", {});
  EXPECT_TRUE(framing->keep_alive);
  framing = CheckRequestHead(Head("Content-Length: 5\r\nConnection: close\r\nExpect: 100-continue\r\n"), {});
  ASSERT_TRUE(framing);
  EXPECT_EQ(framing->content_length, 5u);
  EXPECT_FALSE(framing->keep_alive);
  EXPECT_TRUE(framing->expects_continue);
  framing = CheckRequestHead("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", {});
  ASSERT_TRUE(framing);
  EXPECT_EQ(framing->host, "[::1]");
  EXPECT_TRUE(CheckRequestHead(Head("Transfer-Encoding: Chunked\r\n"), {})->chunked);
}

TEST(CheckRequestHead, RefusesWhatCouldBeReadTwoWays) {
  const std::string vectors[] = {
      Head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      Head("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
      Head("Content-Length: 5\r\nContent-Length: 5\r\n"),
      Head("Content-Length: 5\r\nContent-Length: 6\r\n"),
      Head("Content-Length: 5, 5\r\n"),
      Head("Content-Length: +5\r\n"),
      Head("Content-Length: -1\r\n"),
      Head("Content-Length: 0x5\r\n"),
      Head("Content-Length: 5 5\r\n"),
      Head("Content-Length: \r\n"),
      Head("Content-Length: 99999999999999999999\r\n"),
      Head("Content-Length : 5\r\n"),
      Head("Transfer-Encoding : chunked\r\n"),
      Head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      Head("Transfer-Encoding: gzip, chunked\r\n"),
      Head("Transfer-Encoding: chunked, identity\r\n"),
      Head("Transfer-Encoding: xchunked\r\n"),
      Head("Transfer-Encoding: \"chunked\"\r\n"),
      Head("Transfer-Encoding:\x0b"
           "chunked\r\n"),
      Head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"),
      Head("X: a\r\n folded: b\r\n"),
      Head("X: a\r\n\tfolded\r\n"),
      Head(" X: a\r\n"),
      Head("X: a\nTransfer-Encoding: chunked\r\n"),
      Head("X: a\rTransfer-Encoding: chunked\r\n"),
      Head("X: a\r\r\n"),
      Head(std::string_view("X: a\0b\r\n", 8)),
      Head("X\r\n"),
      Head(": a\r\n"),
      Head("X[]: a\r\n"),
      Head("Host: other\r\n"),
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a/../b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a:99999999\r\n\r\n",
      "GET / HTTP/1.1\nHost: localhost\n\n",
      "\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /\r\nHost: localhost\r\n\r\n",
      "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /#f HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /\xc3\xa4 HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "G(T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET / http/1.1\r\nHost: localhost\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n",
  };
  for (const std::string& head : vectors) EXPECT_EQ(StatusOf(head), 400) << head;
}

TEST(CheckRequestHead, KeepsLimits) {
  EXPECT_EQ(StatusOf(Head("Content-Length: 65537\r\n")), 413);
  EXPECT_EQ(StatusOf("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
  EXPECT_EQ(StatusOf(Head("X: " + std::string(17'000, 'a') + "\r\n")), 431);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "X: a\r\n";
  EXPECT_EQ(StatusOf(Head(many)), 431);
  EXPECT_EQ(StatusOf(Head("", "GET / HTTP/2.0")), 505);
  EXPECT_EQ(StatusOf(Head("Expect: gold\r\n")), 417);
}

TEST(ChunkDecoder, DecodesInPiecesOfAnySize) {
  const std::string wire = "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\nGET";
  for (std::size_t piece = 1; piece < wire.size(); ++piece) {
    ChunkDecoder decoder(100);
    std::size_t at = 0;
    while (!decoder.done()) {
      auto taken = decoder.Feed(std::string_view(wire).substr(at, piece));
      ASSERT_TRUE(taken);
      at += *taken;
    }
    EXPECT_EQ(decoder.body(), "hello0123456789");
    EXPECT_EQ(wire.substr(at), "GET");
  }
}

TEST(ChunkDecoder, RefusesBadChunks) {
  for (std::string_view wire :
       {"\r\n", "g\r\n", "5\nhello\r\n", "5;a=b\r\nhello\r\n", "5 \r\nhello\r\n", "0x5\r\nhello\r\n", "-1\r\n", "5\r\nhelloX",
        "5\r\nhello\n", "000000005\r\nhello", "0\r\nTrailer: x\r\n\r\n", "0\r\n\n", "+5\r\nhello"}) {
    ChunkDecoder decoder(100);
    EXPECT_FALSE(decoder.Feed(wire)) << wire;
  }
  ChunkDecoder small(4);
  auto refused = small.Feed("5\r\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 413);
}

}  // namespace
}  // namespace cryptostream
