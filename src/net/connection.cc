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

WebReply PlainReply(int status, std::string text) {
  WebReply reply;
  reply.status = status;
  reply.content_type = "application/problem+json";
  reply.headers.emplace_back("Cache-Control", "no-store");
  // The reasons are fixed texts of ours, so they need no escaping.
  reply.SetBody("{\"type\":\"about:blank\",\"title\":\"" + text + "\",\"status\":" + std::to_string(status) + "}\n");
  return reply;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, ServerShared& shared, std::string address)
    : shared_(shared), address_(std::move(address)), stream_(std::move(socket)), timer_(shared.io) {
  shared_.connections.insert(this);
  ++shared_.per_address[address_];
}

Connection::~Connection() {
  shared_.connections.erase(this);
  if (--shared_.per_address[address_] == 0) shared_.per_address.erase(address_);
  if (feed_) SetGauge("cryptostream_sse_clients", "Clients of the event stream.", {}, --shared_.streams);
}

void Connection::Start() {
  stream_.expires_after(shared_.options.head_timeout);
  ReadHead();
}

void Connection::Close() {
  closed_ = true;
  timer_.cancel();
  stream_.close();
}

void Connection::ReadHead() {
  std::string_view have = View(buffer_);
  std::size_t end = have.find("\r\n\r\n");
  if (end != std::string_view::npos) return OnHead(end + 4);
  if (have.size() >= shared_.options.request.max_head_bytes) return Refuse({431, "head too large"});
  bool first = have.empty();
  stream_.async_read_some(buffer_.prepare(8192), [self = shared_from_this(), first](ErrorCode error, std::size_t bytes) {
    if (error) return self->Close();  // a deadline closes the socket without an answer: that is Beast's way
    self->buffer_.commit(bytes);
    // The whole head must be here this long after its first byte, however it dribbles in.
    if (first) self->stream_.expires_after(self->shared_.options.head_timeout);
    self->ReadHead();
  });
}

void Connection::OnHead(std::size_t head_bytes) {
  started_ = std::chrono::steady_clock::now();
  std::string head(View(buffer_).substr(0, head_bytes));
  buffer_.consume(head_bytes);
  request_ = {};
  route_ = "none";
  auto framing = CheckRequestHead(head, shared_.options.request);
  if (!framing) return Refuse(framing.error());
  framing_ = *std::move(framing);
  if (!ParseHead(head)) return Refuse({400, "malformed request"});
  const auto& hosts = shared_.options.allowed_hosts;
  if (!hosts.empty() && !framing_.host.empty() && std::find(hosts.begin(), hosts.end(), framing_.host) == hosts.end()) {
    return Refuse({421, "this host name is not served here"});
  }
  chunks_ = framing_.chunked ? std::make_unique<ChunkDecoder>(shared_.options.request.max_body_bytes) : nullptr;
  if (!framing_.chunked && framing_.content_length == 0) return Answer();
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
  request_.remote = address_;
  std::string_view target(message.target().data(), message.target().size());
  std::size_t question = target.find('?');
  request_.query = question == std::string_view::npos ? "" : std::string(target.substr(question + 1));
  for (const auto& field : message) {
    request_.headers.emplace_back(Lower({field.name_string().data(), field.name_string().size()}), std::string(field.value()));
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
  stream_.expires_never();
  WebReply reply = shared_.handler(request_);
  route_ = reply.route.empty() ? "none" : reply.route;
  if (reply.later) return AnswerLater(std::move(reply));
  Send(std::move(reply));
}

void Connection::AnswerLater(WebReply reply) {
  if (shared_.waiting_jobs >= shared_.options.max_waiting_jobs) {
    WebReply busy = PlainReply(503, "too many requests are waiting");
    busy.headers.emplace_back("Retry-After", "1");
    return Send(std::move(busy));
  }
  ++shared_.waiting_jobs;
  asio::post(*shared_.workers, [self = shared_from_this(), later = std::move(reply.later)]() mutable {
    auto wire = std::make_shared<WireReply>(ToWire(self->request_, later(), self->framing_.keep_alive));
    // Handed over, not shared: the connection must die on the I/O thread.
    auto& io = self->shared_.io;
    asio::post(io, [self = std::move(self), wire] {
      --self->shared_.waiting_jobs;
      self->Write(std::move(*wire), !self->framing_.keep_alive);
    });
  });
}

void Connection::Send(WebReply reply) {
  if (reply.feed && request_.method == "GET") {
    if (shared_.streams >= shared_.options.max_streams) return Refuse({503, "too many streams"});
    std::shared_ptr<EventFeed> feed = reply.feed;
    return BecomeStream(std::move(feed), ToWire(request_, std::move(reply), false));
  }
  bool keep_alive = framing_.keep_alive && !reply.feed;
  Write(ToWire(request_, std::move(reply), keep_alive), !keep_alive);
}

void Connection::Refuse(const RequestRefusal& refusal) {
  WebReply reply = PlainReply(refusal.status, refusal.reason);
  Write(ToWire(request_, std::move(reply), false), true);
}

void Connection::Write(WireReply wire, bool last) {
  Observe(wire.status);
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
    self->stream_.expires_after(self->shared_.options.idle_timeout);
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

void Connection::BecomeStream(std::shared_ptr<EventFeed> feed, WireReply wire) {
  Observe(wire.status);
  feed_ = std::move(feed);
  SetGauge("cryptostream_sse_clients", "Clients of the event stream.", {}, ++shared_.streams);
  stream_.expires_never();
  WatchForClose();
  pump_again_ = true;  // the first news follow the head
  SendEvents(std::move(wire.head));
}

// A client has nothing to say in a stream; reading tells when it is gone.
void Connection::WatchForClose() {
  stream_.async_read_some(asio::buffer(discard_), [self = shared_from_this()](ErrorCode error, std::size_t) {
    if (error) return self->Close();
    self->WatchForClose();
  });
}

void Connection::SendEvents(std::string events) {
  sending_ = true;
  events_ = std::move(events);
  last_send_ = std::chrono::steady_clock::now();
  stream_.expires_after(shared_.options.write_timeout);
  asio::async_write(stream_, asio::buffer(events_), [self = shared_from_this()](ErrorCode error, std::size_t) {
    self->sending_ = false;
    if (error) return self->Close();
    if (!self->pump_again_) return self->Wait(self->shared_.options.heartbeat);
    self->pump_again_ = false;
    self->Pump();
  });
}

void Connection::Pump() {
  if (!feed_ || closed_) return;
  if (sending_) {
    pump_again_ = true;
    return;
  }
  auto since = std::chrono::steady_clock::now() - last_send_;
  if (since < shared_.options.stream_gap) {
    return Wait(std::chrono::ceil<std::chrono::milliseconds>(shared_.options.stream_gap - since));
  }
  bool idle = since >= shared_.options.heartbeat;
  std::string events = feed_->Take(idle);
  if (events.empty()) return Wait(std::chrono::ceil<std::chrono::milliseconds>(shared_.options.heartbeat - since));
  SendEvents(std::move(events));
}

void Connection::Wait(std::chrono::milliseconds time) {
  if (closed_) return;
  auto deadline = std::chrono::steady_clock::now() + std::max(time, std::chrono::milliseconds(1));
  if (timer_set_ && timer_.expiry() <= deadline) return;
  timer_set_ = true;
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error) return;
    self->timer_set_ = false;
    self->Pump();
  });
}

}  // namespace cryptostream
