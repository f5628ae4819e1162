// The gate before the HTTP parser. Debian's Boost.Beast (1.81) lacks later fixes against request smuggling: it accepts
// folded lines, Transfer-Encoding beside Content-Length and in HTTP/1.0. A message that a proxy before us could frame in
// another way than we do is refused here with 400, and the connection closed. Source: RFC 9112 sections 2.2, 5, 6, 7.
#include "net/request_check.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace cryptostream {
namespace {

std::unexpected<RequestRefusal> Refuse(std::string reason, int status = 400) {
  return std::unexpected(RequestRefusal{status, std::move(reason)});
}

bool IsTokenChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsToken(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar); }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Every CR is followed by LF, every LF preceded by CR, and there is no other control character but tab.
bool HasCleanBytes(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    unsigned char c = static_cast<unsigned char>(head[i]);
    if (c == '\r' && (i + 1 == head.size() || head[i + 1] != '\n')) return false;
    if (c == '\n' && (i == 0 || head[i - 1] != '\r')) return false;
    if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

// The host's name without its port, lower case; nullopt when malformed.
std::optional<std::string> HostName(std::string_view value) {
  std::string host = LowerCase(value);
  std::size_t port_at = host.starts_with('[') ? host.find(']') : host.find(':');
  if (host.starts_with('[')) {
    if (port_at == std::string::npos) return std::nullopt;
    ++port_at;
  }
  std::string name = host.substr(0, port_at), port = port_at < host.size() ? host.substr(port_at) : "";
  bool port_ok = port.empty() || (port.size() >= 2 && port[0] == ':' && port.size() <= 6 &&
                                  std::all_of(port.begin() + 1, port.end(), [](unsigned char c) { return std::isdigit(c); }));
  bool name_ok = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == '[' || c == ']' || c == ':';
  });
  if (!port_ok || !name_ok) return std::nullopt;
  return name;
}

// What the head says of framing, collected line by line.
struct Seen {
  int minor_version = 1;
  bool get_like = false;
  std::optional<std::size_t> content_length;
  bool chunked = false;
  std::optional<std::string> host;
  bool close = false, keep_alive = false, expects_continue = false;
};

std::expected<void, RequestRefusal> ReadRequestLine(std::string_view line, const RequestLimits& limits, Seen& seen) {
  std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return Refuse("malformed request line");
  std::string_view method = line.substr(0, first), target = line.substr(first + 1, last - first - 1),
                   version = line.substr(last + 1);
  if (!IsToken(method)) return Refuse("malformed method");
  if (target.size() > limits.max_target_bytes) return Refuse("target too long", 414);
  bool printable = std::all_of(target.begin(), target.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  bool form = target.starts_with('/') || (target == "*" && method == "OPTIONS");
  if (!printable || !form || target.find('#') != std::string_view::npos) return Refuse("malformed target");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return version.starts_with("HTTP/") ? Refuse("HTTP version not supported", 505) : Refuse("malformed version");
  }
  seen.minor_version = version.back() - '0';
  return {};
}

std::expected<void, RequestRefusal> ReadFraming(const std::string& name, std::string_view value, const RequestLimits& limits,
                                                Seen& seen) {
  if (name == "content-length") {
    if (seen.content_length) return Refuse("more than one Content-Length");
    bool digits = !value.empty() && value.size() <= 10 &&
                  std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isdigit(c); });
    if (!digits) return Refuse("malformed Content-Length");
    seen.content_length = std::stoull(std::string(value));
    if (*seen.content_length > limits.max_body_bytes) return Refuse("body too large", 413);
  } else if (name == "transfer-encoding") {
    if (seen.minor_version == 0) return Refuse("Transfer-Encoding in HTTP/1.0");
    if (seen.chunked || LowerCase(value) != "chunked") return Refuse("Transfer-Encoding other than one chunked");
    seen.chunked = true;
  } else if (name == "host") {
    if (seen.host) return Refuse("more than one Host");
    seen.host = HostName(value);
    if (!seen.host) return Refuse("malformed Host");
  } else if (name == "connection") {
    std::string text = LowerCase(value);
    seen.close = seen.close || text.find("close") != std::string::npos;
    seen.keep_alive = seen.keep_alive || text.find("keep-alive") != std::string::npos;
  } else if (name == "expect") {
    if (LowerCase(value) != "100-continue") return Refuse("unknown expectation", 417);
    seen.expects_continue = true;
  }
  return {};
}

std::expected<void, RequestRefusal> ReadHeaderLine(std::string_view line, const RequestLimits& limits, Seen& seen) {
  if (line.front() == ' ' || line.front() == '\t') return Refuse("folded header line");
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return Refuse("malformed header line");
  return ReadFraming(LowerCase(line.substr(0, colon)), Trim(line.substr(colon + 1)), limits, seen);
}

}  // namespace

std::expected<RequestFraming, RequestRefusal> CheckRequestHead(std::string_view head, const RequestLimits& limits) {
  if (head.size() > limits.max_head_bytes) return Refuse("head too large", 431);
  if (!head.ends_with("\r\n\r\n") || !HasCleanBytes(head)) return Refuse("bare CR, LF or control character");
  Seen seen;
  std::size_t headers = 0;
  head.remove_suffix(2);
  for (bool first = true; !head.empty(); first = false) {
    std::size_t end = head.find("\r\n");
    std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.empty()) return Refuse("empty line in the head");
    auto read = first ? ReadRequestLine(line, limits, seen) : ReadHeaderLine(line, limits, seen);
    if (!read) return std::unexpected(read.error());
    if (++headers > limits.max_headers + 1) return Refuse("too many headers", 431);
  }
  if (seen.chunked && seen.content_length) return Refuse("both Content-Length and Transfer-Encoding");
  if (seen.minor_version == 1 && !seen.host) return Refuse("no Host");
  RequestFraming framing;
  framing.chunked = seen.chunked;
  framing.content_length = seen.content_length.value_or(0);
  framing.keep_alive = !seen.close && (seen.minor_version == 1 || seen.keep_alive);
  framing.expects_continue = seen.expects_continue && seen.minor_version == 1;
  framing.host = seen.host.value_or("");
  return framing;
}

bool ChunkDecoder::Step(char c) {
  switch (state_) {
    case State::kSize: {
      if (c == '\r' && digits_ > 0) {
        state_ = State::kSizeLf;
        return true;
      }
      if (!std::isxdigit(static_cast<unsigned char>(c)) || ++digits_ > 8) return false;
      int digit = std::isdigit(static_cast<unsigned char>(c)) ? c - '0' : std::tolower(c) - 'a' + 10;
      left_ = left_ * 16 + static_cast<std::size_t>(digit);
      return true;
    }
    case State::kSizeLf: state_ = left_ == 0 ? State::kEndCr : State::kData; return c == '\n';
    case State::kData:
      body_ += c;
      if (--left_ == 0) state_ = State::kDataCr;
      return true;
    case State::kDataCr: state_ = State::kDataLf; return c == '\r';
    case State::kDataLf:
      state_ = State::kSize;
      digits_ = 0;
      return c == '\n';
    case State::kEndCr: state_ = State::kEndLf; return c == '\r';
    case State::kEndLf: state_ = State::kDone; return c == '\n';
    case State::kDone: return false;
  }
  return false;
}

std::expected<std::size_t, RequestRefusal> ChunkDecoder::Feed(std::string_view input) {
  std::size_t taken = 0;
  while (taken < input.size() && !done()) {
    if (!Step(input[taken])) return Refuse("malformed chunk");
    if (body_.size() + left_ > max_bytes_) return Refuse("body too large", 413);
    ++taken;
  }
  return taken;
}

}  // namespace cryptostream
