// A connection that has become a WebSocket. In: frames of a client, wake-ups, and a feed. Out: an answer to each message, and what is new, a
// message each. Beast reads and writes the frames: what breaks the protocol, is no UTF-8 or is too long ends with the close code that the RFC
// has for it. Nothing is queued: the next message of the client is read when the last one is answered, and the feed is asked when all is
// written, so a client that reads slowly gets the latest state.
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket.hpp>

#include <algorithm>
#include <deque>
#include <exception>

#include "base/log.h"
#include "base/metrics.h"
#include "net/connection.h"

namespace cryptostream {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

struct Connection::Socket {
  Socket(boost::beast::tcp_stream& stream, std::shared_ptr<SocketFeed> socket_feed)
      : frames(stream), deadline(stream.get_executor()), feed(std::move(socket_feed)) {}

  websocket::stream<boost::beast::tcp_stream&> frames;
  asio::steady_timer deadline;  // of a write, and of the farewell
  std::shared_ptr<SocketFeed> feed;
  boost::beast::flat_buffer received;
  std::deque<std::shared_ptr<const std::string>> unsent;  // of one turn
  bool open = false, writing = false, reading = false, leaving = false;
  double allowance = kBurst;  // messages that the client may send now
  std::chrono::steady_clock::time_point counted_at = std::chrono::steady_clock::now();

  static constexpr double kBurst = 20, kPerSecond = 5;
  bool TakeAllowance() {
    const auto now = std::chrono::steady_clock::now();
    allowance = std::min(kBurst, allowance + kPerSecond * std::chrono::duration<double>(now - counted_at).count());
    counted_at = now;
    return --allowance >= 0;
  }
};

void Connection::SocketDeleter::operator()(Socket* socket) const { delete socket; }

void Connection::BecomeSocket(std::shared_ptr<SocketFeed> feed) {
  Enter(Phase::kBusy);
  stream_.expires_never();
  CountStream(true);
  socket_.reset(new Socket(stream_, std::move(feed)));
  ErrorCode ignored;
  stream_.socket().set_option(asio::socket_base::send_buffer_size(shared_.options.stream_buffer_bytes), ignored);
  websocket::stream_base::timeout timeout{
      .handshake_timeout = shared_.options.head_timeout, .idle_timeout = 2 * shared_.options.heartbeat, .keep_alive_pings = true};
  socket_->frames.set_option(timeout);
  socket_->frames.read_message_max(shared_.options.max_socket_message_bytes);
  socket_->frames.set_option(websocket::stream_base::decorator([](websocket::response_type& answer) {
    answer.set(http::field::server, "cryptostream");
    answer.set(http::field::cache_control, "no-store");
  }));
  http::request<http::empty_body> request{http::verb::get, "/", 11};
  for (const auto& [name, value] : request_.headers) request.insert(name, value);
  socket_->frames.async_accept(request, [self = shared_from_this()](ErrorCode error) {
    self->Observe(error ? 400 : 101);
    if (error) return self->Close();
    self->socket_->open = true;
    self->ReadMessage();
    self->Pump();
  });
}

void Connection::ReadMessage() {
  if (socket_->reading || socket_->leaving) return;
  socket_->reading = true;
  socket_->frames.async_read(socket_->received, [self = shared_from_this()](ErrorCode error, std::size_t) {
    self->socket_->reading = false;
    if (error || self->closed_) return self->Close();  // Beast has said why, where the protocol has a code for it
    self->OnMessage();
  });
}

void Connection::OnMessage() {
  Socket& socket = *socket_;
  if (!socket.frames.got_text()) return Farewell(websocket::close_code::unknown_data, "send text");
  if (!socket.TakeAllowance()) return Farewell(websocket::close_code::policy_error, "too many messages: at most 5 a second");
  std::string text(static_cast<const char*>(socket.received.data().data()), socket.received.size());
  socket.received.consume(socket.received.size());
  try {
    socket.unsent.push_back(std::make_shared<const std::string>(socket.feed->Answer(text)));
  } catch (const std::exception& failed) {  // out of memory, most likely: this client ends, and nothing else
    LogError("cannot answer a message: reason={}", failed.what());
    return Farewell(websocket::close_code::internal_error, "the message could not be answered");
  }
  if (!socket.writing) WriteMessage();
}

// Writes what is left of this turn; afterwards the client may speak again, and the feed is asked.
void Connection::WriteMessage() {
  Socket& socket = *socket_;
  if (socket.leaving) return;
  if (socket.unsent.empty()) {
    socket.writing = false;
    ReadMessage();
    if (!pump_again_) return Wait(shared_.options.heartbeat);
    pump_again_ = false;
    return Pump();
  }
  socket.writing = true;
  last_send_ = std::chrono::steady_clock::now();
  socket.deadline.expires_after(shared_.options.write_timeout);
  socket.deadline.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error) self->Close();
  });
  socket.frames.text(true);
  socket.frames.async_write(asio::buffer(*socket.unsent.front()), [self = shared_from_this()](ErrorCode error, std::size_t) {
    self->socket_->deadline.cancel();
    if (error) return self->Close();
    self->socket_->unsent.pop_front();
    self->WriteMessage();
  });
}

void Connection::PumpSocket() {
  Socket& socket = *socket_;
  if (!socket.open || socket.leaving) return;
  if (socket.writing) {
    pump_again_ = true;
    return;
  }
  auto since = std::chrono::steady_clock::now() - last_send_;
  if (since < shared_.options.stream_gap) {
    return Wait(std::chrono::ceil<std::chrono::milliseconds>(shared_.options.stream_gap - since));
  }
  try {
    for (auto& message : socket.feed->Take(false)) socket.unsent.push_back(std::move(message));
  } catch (const std::exception& failed) {
    LogError("cannot send messages: reason={}", failed.what());
    return Close();
  }
  if (!socket.unsent.empty()) WriteMessage();
}

// Says why, and ends the connection when the client has heard it, or soon.
void Connection::Farewell(std::uint16_t code, const char* reason) {
  Socket& socket = *socket_;
  if (socket.leaving) return;
  socket.leaving = true;
  socket.deadline.expires_after(std::chrono::milliseconds(500));
  socket.deadline.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error) self->Close();
  });
  socket.frames.async_close({static_cast<websocket::close_code>(code), reason}, [self = shared_from_this()](ErrorCode) {
    self->socket_->deadline.cancel();
    self->Close();
  });
}

void Connection::Dismiss() {
  if (socket_ == nullptr || !socket_->open) return Close();
  Farewell(websocket::close_code::going_away, "the server ends");
}

}  // namespace cryptostream
