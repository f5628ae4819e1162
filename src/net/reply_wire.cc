// Answers on the wire. In: what a route says. Out: head and body bytes. Written by hand and not by Beast's serializer: a
// cached body then goes out in one gathered write without being copied into a message.
#include "net/reply_wire.h"

#include <arrow/util/compression.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <mutex>

#include "base/check.h"

namespace cryptostream {
namespace {

constexpr std::size_t kGzipFromBytes = 1400;  // smaller ones fit into one packet anyway

// What a browser must know of every answer: nothing is guessed, framed, or loaded from anywhere else.
constexpr std::string_view kSecurityHeaders =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Frame-Options: DENY\r\n"
    "Content-Security-Policy: default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n";

// The Date header, rendered once a second.
std::string DateText() {
  static std::mutex mutex;
  static std::time_t last = 0;
  static std::string text;
  std::time_t now = std::time(nullptr);
  std::lock_guard lock(mutex);
  if (now != last) {
    std::array<char, 64> buffer{};
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    text = buffer.data();
    last = now;
  }
  return text;
}

void AddHeader(std::string& head, std::string_view name, std::string_view value) {
  CS_CHECK(value.find_first_of("\r\n") == std::string_view::npos);
  head.append(name).append(": ").append(value).append("\r\n");
}

std::string_view WithoutWeakness(std::string_view etag) { return etag.starts_with("W/") ? etag.substr(2) : etag; }

bool IsCompressible(std::string_view content_type) {
  return content_type.starts_with("text/") || content_type.find("json") != std::string_view::npos;
}

// Chooses the form of the body that this client takes: gzip where it is ready-made, else zstd, which costs a third of it.
void Compress(const WebRequest& request, WebReply& reply) {
  const std::string_view accepted = request.Header("accept-encoding");
  if (AcceptsZstd(accepted) && (reply.body_gzip.empty() || !AcceptsGzip(accepted))) {
    auto packed = std::make_shared<const std::string>(Zstd(reply.body));
    if (packed->size() >= reply.body.size()) return;
    reply.SetBody(std::move(packed));
    reply.headers.emplace_back("Content-Encoding", "zstd");
    return;
  }
  if (!AcceptsGzip(accepted)) return;
  if (reply.body_gzip.empty()) {
    auto packed = std::make_shared<const std::string>(Gzip(reply.body));
    if (packed->size() >= reply.body.size()) return;
    reply.SetBody(std::move(packed));
  } else {
    reply.body = reply.body_gzip;
  }
  reply.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  CS_CHECK(deflateInit2(&stream, 3, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CS_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(std::string_view bytes) {
  constexpr int kLevel = 3;
  auto codec = arrow::util::Codec::Create(arrow::Compression::ZSTD, kLevel);
  CS_CHECK(codec.ok());
  const auto* input = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto size = static_cast<std::int64_t>(bytes.size());
  std::string out(static_cast<std::size_t>((*codec)->MaxCompressedLen(size, input)), '\0');
  auto packed =
      (*codec)->Compress(size, input, static_cast<std::int64_t>(out.size()), reinterpret_cast<std::uint8_t*>(out.data()));
  CS_CHECK(packed.ok());
  out.resize(static_cast<std::size_t>(*packed));
  return out;
}

namespace {

// True when the list takes one of these names.
bool Accepts(std::string_view accept_encoding, std::initializer_list<std::string_view> names) {
  while (!accept_encoding.empty()) {
    std::size_t comma = accept_encoding.find(',');
    std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(comma == std::string_view::npos ? accept_encoding.size() : comma + 1);
    std::size_t begin = item.find_first_not_of(' ');
    if (begin == std::string_view::npos) continue;
    item.remove_prefix(begin);
    std::string_view name = item.substr(0, item.find_first_of("; "));
    bool refused =
        item.find("q=0") != std::string_view::npos && item.find_first_of("123456789", item.find("q=0")) == std::string_view::npos;
    if (std::ranges::find(names, name) != names.end()) return !refused;
  }
  return false;
}

}  // namespace

bool AcceptsGzip(std::string_view accept_encoding) { return Accepts(accept_encoding, {"gzip", "*"}); }
// Not by "*": who does not name it may not have it.
bool AcceptsZstd(std::string_view accept_encoding) { return Accepts(accept_encoding, {"zstd"}); }

bool MatchesEtag(std::string_view if_none_match, std::string_view etag) {
  if (etag.empty() || if_none_match.empty()) return false;
  if (if_none_match == "*") return true;
  std::string_view wanted = WithoutWeakness(etag);
  for (std::size_t at = if_none_match.find(wanted); at != std::string_view::npos; at = if_none_match.find(wanted, at + 1)) {
    std::size_t end = at + wanted.size();
    if (end == if_none_match.size() || if_none_match[end] == ',' || if_none_match[end] == ' ') return true;
  }
  return false;
}

WireReply ToWire(const WebRequest& request, WebReply reply, bool keep_alive) {
  WireReply wire;
  bool readable = request.method == "GET" || request.method == "HEAD";
  if (reply.status == 200 && readable && MatchesEtag(request.Header("if-none-match"), reply.etag)) reply.status = 304;
  bool packable =
      reply.feed == nullptr && reply.status != 304 && reply.body.size() >= kGzipFromBytes && IsCompressible(reply.content_type);
  if (packable) Compress(request, reply);
  wire.status = reply.status;
  wire.head.reserve(700);
  wire.head.append("HTTP/1.1 ")
      .append(std::to_string(reply.status))
      .append(" ")
      .append(ReasonPhrase(reply.status))
      .append("\r\n");
  AddHeader(wire.head, "Date", DateText());
  AddHeader(wire.head, "Connection", keep_alive ? "keep-alive" : "close");
  if (!reply.content_type.empty() && reply.status != 304) AddHeader(wire.head, "Content-Type", reply.content_type);
  if (!reply.etag.empty()) AddHeader(wire.head, "ETag", reply.etag);
  if (packable) AddHeader(wire.head, "Vary", "Accept-Encoding");
  for (const auto& [name, value] : reply.headers) AddHeader(wire.head, name, value);
  wire.head.append(kSecurityHeaders);
  bool bodiless = reply.status == 304 || reply.status == 204;
  if (reply.feed == nullptr && !bodiless) AddHeader(wire.head, "Content-Length", std::to_string(reply.body.size()));
  wire.head.append("\r\n");
  if (bodiless || request.method == "HEAD") return wire;
  wire.body = reply.body;
  wire.owner = std::move(reply.owner);
  return wire;
}

}  // namespace cryptostream
