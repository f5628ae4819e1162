// One connection from accept to close. In: bytes. Out: checked requests to the handler, answers in order. The head goes through
// our own gate (request_check.h) first and through Beast's parser second: what only one of the two takes is refused. Bodies
// are framed by us alone. Every step has a deadline, and a refused request ends the connection.
#include "net/connection.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <array>

#include "base/metrics.h"
#include "base/text.h"

namespace cryptostream {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

std::string_view View(const boost::beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

// A problem as RFC 9457 has it. The reasons are texts of ours without anything to escape.
WebReply PlainReply(int status, const std::string& reason) {
  WebReply reply;
  reply.status = status;
  reply.content_type = "application/problem+json";
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.SetBody("{\"type\":\"about:blank\",\"title\":\"" + std::string(ReasonPhrase(status)) +
                "\",\"status\":" + std::to_string(status) + ",\"detail\":\"" + reason + "\"}\n");
  return reply;
}

WebReply BusyReply(int status, const std::string& reason, int retry_after_s) {
  WebReply reply = PlainReply(status, reason);
  reply.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  return reply;
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, ServerShared& shared, std::string address)
    : shared_(shared), address_(std::move(address)), stream_(std::move(socket)), timer_(shared.io) {
  shared_.connections.insert(this);
  ++shared_.per_address[address_];
}

Connection::~Connection() {
  Leave();
  CountStream(false);
}

void Connection::Start() {
  AwaitHead(true);
  ReadHead();
}

void Connection::Close() {
  closed_ = true;
  timer_.cancel();
  stream_.close();
  Leave();
}

void Connection::Leave() {
  if (shared_.connections.erase(this) == 0) return;
  if (--shared_.per_address[address_] == 0) shared_.per_address.erase(address_);
}

void Connection::Enter(Phase phase) {
  phase_ = phase;
  phase_since_ = std::chrono::steady_clock::now();
}

std::optional<Connection::Dispensable> Connection::IsDispensable() const {
  constexpr std::chrono::seconds kPatience{1};
  switch (phase_) {
    case Phase::kHead: return Dispensable{.stalled = false, .since = phase_since_};
    case Phase::kClient:
      if (std::chrono::steady_clock::now() - phase_since_ < kPatience) return std::nullopt;
      return Dispensable{.stalled = true, .since = phase_since_};
    case Phase::kBusy: return std::nullopt;
  }
  return std::nullopt;
}

// A head has its own deadline from its first byte on, however it dribbles in and whichever request of the connection it is;
// on a new connection it begins at once.
void Connection::AwaitHead(bool begun) {
  Enter(Phase::kHead);
  head_begun_ = begun;
  stream_.expires_after(begun ? shared_.options.head_timeout : shared_.options.idle_timeout);
}

void Connection::BeginRequest() {
  Enter(Phase::kBusy);
  started_ = phase_since_;
  request_ = {};
  framing_ = {};
  route_ = "none";
}

void Connection::ReadHead() {
  std::string_view have = View(buffer_);
  std::size_t end = have.find("\r\n\r\n");
  if (end != std::string_view::npos) return OnHead(end + 4);
  if (have.size() >= shared_.options.request.max_head_bytes) {
    BeginRequest();
    return Refuse({431, "head too large"});
  }
  if (!have.empty() && !head_begun_) AwaitHead(true);
  stream_.async_read_some(buffer_.prepare(8192), [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
    if (error) return self->Close();  // a deadline closes the socket without an answer: that is Beast's way
    self->buffer_.commit(bytes);
    self->ReadHead();
  });
}

void Connection::OnHead(std::size_t head_bytes) {
  BeginRequest();
  std::string head(View(buffer_).substr(0, head_bytes));
  buffer_.consume(head_bytes);
  auto framing = CheckRequestHead(head, shared_.options.request);
  if (!framing) return Refuse(framing.error());
  framing_ = *std::move(framing);
  if (!ParseHead(head)) return Refuse({400, "malformed request"});
  const auto& hosts = shared_.options.allowed_hosts;
  if (!hosts.empty() && !framing_.host.empty() && std::find(hosts.begin(), hosts.end(), framing_.host) == hosts.end()) {
    return Refuse({421, "the host name " + framing_.host + " is not served here: " + shared_.options.host_advice});
  }
  chunks_ = framing_.chunked ? std::make_unique<ChunkDecoder>(shared_.options.request.max_body_bytes) : nullptr;
  if (!framing_.chunked && framing_.content_length == 0) return Answer();
  Enter(Phase::kClient);
  stream_.expires_after(shared_.options.body_timeout);
  if (!framing_.expects_continue) return ReadBody();
  static const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](ErrorCode error, std::size_t) {
    if (error) return self->Close();
    self->ReadBody();
  });
}

bool Connection::ParseHead(std::string_view head) {
  http::request_parser<http::empty_body> parser;
  parser.skip(true);
  parser.header_limit(static_cast<std::uint32_t>(shared_.options.request.max_head_bytes));
  ErrorCode error;
  std::size_t used = parser.put(asio::buffer(head), error);
  if (error || used != head.size() || !parser.is_header_done()) return false;
  const auto& message = parser.get();
  request_.method = std::string(message.method_string());
  std::string_view target(message.target().data(), message.target().size());
  std::size_t question = target.find('?');
  request_.query = question == std::string_view::npos ? "" : std::string(target.substr(question + 1));
  for (const auto& field : message) {
    request_.headers.emplace_back(LowerCase({field.name_string().data(), field.name_string().size()}),
                                  std::string(field.value()));
  }
  return PercentDecode(target.substr(0, question), false, request_.path);
}

bool Connection::TakeBody() {
  std::string_view have = View(buffer_);
  if (!framing_.chunked) {
    std::size_t want = framing_.content_length - request_.body.size();
    std::string_view part = have.substr(0, want);
    request_.body.append(part);
    buffer_.consume(part.size());
    if (request_.body.size() < framing_.content_length) return false;
  } else {
    auto taken = chunks_->Feed(have);
    if (!taken) {
      Refuse(taken.error());
      return true;
    }
    buffer_.consume(*taken);
    if (!chunks_->done()) return false;
    request_.body = std::move(chunks_->body());
  }
  Answer();
  return true;
}

void Connection::ReadBody() {
  if (TakeBody()) return;
  stream_.async_read_some(buffer_.prepare(8192), [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
    if (error) return self->Close();
    self->buffer_.commit(bytes);
    self->ReadBody();
  });
}

void Connection::Answer() {
  Enter(Phase::kBusy);
  stream_.expires_never();
  if (!IsProxy() && !shared_.requests.Take(address_, started_)) {
    return Send(BusyReply(429, "too many requests of one address: " + shared_.options.requests_advice, 1));
  }
  WebReply reply = shared_.handler(request_);
  route_ = reply.route.empty() ? "none" : reply.route;
  // Compressing much takes long, too.
  constexpr std::size_t kMuch = 64 * 1024;
  if (!reply.later && !reply.feed && !reply.socket && reply.body_gzip.empty() && reply.body.size() > kMuch) {
    WebReply packed;
    packed.later = [reply = std::move(reply)] { return reply; };
    return AnswerLater(std::move(packed));
  }
  if (reply.later) return AnswerLater(std::move(reply));
  Send(std::move(reply));
}

void Connection::AnswerLater(WebReply reply) {
  if (shared_.waiting_jobs >= shared_.options.max_waiting_jobs) {
    return Send(BusyReply(503, "too many requests are waiting", 1));
  }
  ++shared_.waiting_jobs;
  asio::post(*shared_.workers, [self = shared_from_this(), later = std::move(reply.later)]() mutable {
    WebReply made = later();
    auto& io = self->shared_.io;
    // Handed over, not shared: the connection must die on the I/O thread.
    if (made.feed || made.socket) {
      asio::post(io, [self = std::move(self), made = std::move(made)]() mutable {
        --self->shared_.waiting_jobs;
        self->Send(std::move(made));
      });
      return;
    }
    auto wire = std::make_shared<WireReply>(ToWire(self->request_, std::move(made), self->framing_.keep_alive));
    asio::post(io, [self = std::move(self), wire] {
      --self->shared_.waiting_jobs;
      self->Write(std::move(*wire), !self->framing_.keep_alive);
    });
  });
}

void Connection::Send(WebReply reply) {
  if (reply.feed && request_.method == "GET") {
    if (auto busy = NoPlaceForStream()) return Write(ToWire(request_, *std::move(busy), false), true);
    std::shared_ptr<EventFeed> feed = reply.feed;
    return BecomeStream(std::move(feed), ToWire(request_, std::move(reply), false));
  }
  if (reply.socket && request_.method == "GET") {
    if (auto busy = NoPlaceForStream()) return Write(ToWire(request_, *std::move(busy), false), true);
    // Nothing may come before the answer to the upgrade: what does was meant for somebody else.
    if (buffer_.size() > 0) return Refuse({400, "bytes after the request to upgrade"});
    return BecomeSocket(std::move(reply.socket));
  }
  bool keep_alive = framing_.keep_alive && !reply.feed;
  Write(ToWire(request_, std::move(reply), keep_alive), !keep_alive);
}

bool Connection::IsProxy() const { return std::ranges::find(shared_.options.proxies, address_) != shared_.options.proxies.end(); }

std::optional<WebReply> Connection::NoPlaceForStream() const {
  constexpr int kRetryAfter_s = 10;
  const HttpServerOptions& options = shared_.options;
  if (shared_.streams >= options.max_streams) {
    return BusyReply(503, "all " + std::to_string(options.max_streams) + " event streams are taken: try again later",
                     kRetryAfter_s);
  }
  if (IsProxy()) return std::nullopt;
  auto used = shared_.streams_per_address.find(address_);
  if (used == shared_.streams_per_address.end() || used->second < options.max_streams_per_address) return std::nullopt;
  return BusyReply(
      429,
      "this address has " + std::to_string(used->second) + " event streams, as many as one may have: " + options.streams_advice,
      kRetryAfter_s);
}

void Connection::Refuse(const RequestRefusal& refusal) {
  WebReply reply = PlainReply(refusal.status, refusal.reason);
  Write(ToWire(request_, std::move(reply), false), true);
}

void Connection::Write(WireReply wire, bool last) {
  Observe(wire.status);
  Enter(Phase::kClient);
  writing_ = std::move(wire);
  stream_.expires_after(shared_.options.write_timeout + std::chrono::seconds(writing_.body.size() / 65536));
  std::array<asio::const_buffer, 2> bytes{asio::buffer(writing_.head), asio::buffer(writing_.body.data(), writing_.body.size())};
  asio::async_write(stream_, bytes, [self = shared_from_this(), last](ErrorCode error, std::size_t) {
    self->writing_ = {};
    if (error) return self->Close();
    if (last) {
      ErrorCode ignored;
      self->stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
      self->stream_.expires_after(std::chrono::milliseconds(500));
      return self->Linger(64);
    }
    self->AwaitHead(false);
    self->ReadHead();
  });
}

void Connection::Linger(int reads_left) {
  stream_.async_read_some(asio::buffer(discard_), [self = shared_from_this(), reads_left](ErrorCode error, std::size_t) {
    if (error || reads_left == 0) return self->Close();
    self->Linger(reads_left - 1);
  });
}

void Connection::Observe(int status) {
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - started_;
  // A method is a client's text: only those that exist become a label.
  const char* method = request_.method == "GET" ? "GET" : request_.method == "HEAD" ? "HEAD" : "other";
  ObserveSeconds("cryptostream_http_request_duration_seconds", "Time from a request's head to its answer.",
                 {{"route", route_}, {"method", method}, {"code", std::to_string(status)}}, took.count());
}

}  // namespace cryptostream
