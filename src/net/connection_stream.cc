// A connection that has become an event stream. In: wake-ups, and a feed that says what is new. Out: its bytes, at most one send in
// stream_gap, a heartbeat in silence. Nothing is queued: the feed is asked only when the last bytes are written.
#include <boost/asio/write.hpp>

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "base/metrics.h"
#include "net/connection.h"

namespace cryptostream {

namespace asio = boost::asio;

void Connection::BecomeStream(std::shared_ptr<EventFeed> feed, WireReply wire) {
  Observe(wire.status);
  Enter(Phase::kBusy);
  feed_ = std::move(feed);
  CountStream(true);
  // What a slow reader leaves unread waits here and not as megabytes in the kernel.
  ErrorCode ignored;
  stream_.socket().set_option(asio::socket_base::send_buffer_size(shared_.options.stream_buffer_bytes), ignored);
  stream_.expires_never();
  WatchForClose();
  pump_again_ = true;  // the first news follow the head
  SendEvents({std::make_shared<const std::string>(std::move(wire.head))});
  last_send_ -= shared_.options.stream_gap;
}

void Connection::CountStream(bool begins) {
  if (counted_ == begins) return;
  counted_ = begins;
  const int step = begins ? 1 : -1;
  shared_.streams += step;
  if (feed_) SetGauge("cryptostream_sse_clients", "Clients of the event stream.", {}, shared_.streams - shared_.sockets);
  if (!feed_) SetGauge("cryptostream_websocket_clients", "Clients of the WebSocket.", {}, shared_.sockets += step);
  if ((shared_.streams_per_address[address_] += step) == 0) shared_.streams_per_address.erase(address_);
}

// A client has nothing to say in a stream; reading tells when it is gone.
void Connection::WatchForClose() {
  stream_.async_read_some(asio::buffer(discard_), [self = shared_from_this()](ErrorCode error, std::size_t) {
    if (error) return self->Close();
    self->WatchForClose();
  });
}

void Connection::SendEvents(std::vector<std::shared_ptr<const std::string>> events) {
  sending_ = true;
  events_ = std::move(events);
  last_send_ = std::chrono::steady_clock::now();
  std::vector<asio::const_buffer> buffers;
  for (const auto& piece : events_) buffers.push_back(asio::buffer(*piece));
  stream_.expires_after(shared_.options.write_timeout + std::chrono::seconds(asio::buffer_size(buffers) / 65536));
  asio::async_write(stream_, buffers, [self = shared_from_this()](ErrorCode error, std::size_t) {
    self->sending_ = false;
    self->events_.clear();
    if (error) return self->Close();
    if (!self->pump_again_) return self->Wait(self->shared_.options.heartbeat);
    self->pump_again_ = false;
    self->Pump();
  });
}

void Connection::Pump() {
  if (closed_) return;
  if (socket_) return PumpSocket();
  if (!feed_) return;
  if (sending_) {
    pump_again_ = true;
    return;
  }
  auto since = std::chrono::steady_clock::now() - last_send_;
  if (since < shared_.options.stream_gap) {
    return Wait(std::chrono::ceil<std::chrono::milliseconds>(shared_.options.stream_gap - since));
  }
  bool idle = since >= shared_.options.heartbeat;
  std::vector<std::shared_ptr<const std::string>> events;
  try {
    events = feed_->Take(idle);
  } catch (const std::exception& failed) {  // out of memory, most likely: this client ends, and nothing else
    LogError("cannot send events: reason={}", failed.what());
    return Close();
  }
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
