#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace cryptostream {

struct RequestLimits {
  std::size_t max_head_bytes = 16 * 1024;
  std::size_t max_target_bytes = 8 * 1024;
  std::size_t max_headers = 100;
  std::size_t max_body_bytes = 64 * 1024;
};

// Why a request is refused; the connection is closed after the answer, because where the next request begins cannot be
// trusted.
struct RequestRefusal {
  int status = 400;
  std::string reason;
};

// How the body of an accepted request is framed.
struct RequestFraming {
  bool chunked = false;
  std::size_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
  std::string host;  // of the Host header, lower case, without the port; empty in HTTP/1.0
};

// Checks a request's head, from the first byte to the empty line included, by the grammar of RFC 9112 without its
// tolerances: CRLF only, no folded lines, no space before a colon, one Host, at most one Content-Length of digits, or one
// "Transfer-Encoding: chunked" in HTTP/1.1, never both. What two parsers could read differently is refused.
std::expected<RequestFraming, RequestRefusal> CheckRequestHead(std::string_view head, const RequestLimits& limits);

// Decodes a chunked body as strictly: sizes of 1 to 8 hex digits, no extensions, no trailers.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  // Takes bytes off `input`; returns how many. Stops at the end of the body. Errors: the refusal.
  std::expected<std::size_t, RequestRefusal> Feed(std::string_view input);
  bool done() const { return state_ == State::kDone; }
  std::string& body() { return body_; }

 private:
  enum class State { kSize, kSizeLf, kData, kDataCr, kDataLf, kEndCr, kEndLf, kDone };
  bool Step(char c);

  const std::size_t max_bytes_;
  State state_ = State::kSize;
  int digits_ = 0;
  std::size_t left_ = 0;
  std::string body_;
};

}  // namespace cryptostream
