#pragma once

// Inside net only: it includes Boost, which takes seconds to compile.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/http_server.h"
#include "net/reply_wire.h"
#include "net/token_bucket.h"

namespace cryptostream {

class Connection;

// What the connections of a server share. Touched on the I/O thread only.
struct ServerShared {
  HttpServerOptions options;
  WebHandler handler;
  TokenBuckets requests{0};  // by Connection::address
  int waiting_jobs = 0;
  int streams = 0, sockets = 0;                                 // streams: of both kinds
  std::map<std::string, int> per_address, streams_per_address;  // by Connection::address
  std::set<Connection*> connections;
  std::unique_ptr<boost::asio::thread_pool> workers;
  boost::asio::io_context io{1};  // last: what it still holds looks into the members above when it goes
};

// One client's connection: reads requests one after the other, answers them in order, and may end as a stream. Keeps itself alive
// through the handlers of its operations; lives on the I/O thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, ServerShared& shared, std::string address);
  ~Connection();
  void Start();
  // Asks the feed of a stream for news, at most once in stream_gap.
  void Pump();
  // Ends the connection and gives its place away at once.
  void Close();
  // The same when the server ends: a WebSocket is told so.
  void Dismiss();

  bool is_stream() const { return feed_ != nullptr || socket_ != nullptr; }
  // Whom its place counts for (net/client_address.h).
  const std::string& address() const { return address_; }
  // A connection that can go when a place is needed: one that waits for a request, or for a client that does not go on with
  // sending or reading.
  struct Dispensable {
    bool stalled = false;
    std::chrono::steady_clock::time_point since;
  };
  // Nullopt while the server is at work for it, streams included.
  std::optional<Dispensable> IsDispensable() const;

 private:
  using ErrorCode = boost::system::error_code;

  // Whom the connection waits for: the head of a request, the client in the middle of a body or an answer, or us.
  enum class Phase { kHead, kClient, kBusy };
  void Enter(Phase phase);
  void Leave();
  void AwaitHead(bool begun);
  void BeginRequest();
  void ReadHead();
  void OnHead(std::size_t head_bytes);
  bool ParseHead(std::string_view head);
  void ReadBody();
  // Takes what the buffer holds of the body; true when it is whole or the request was refused.
  bool TakeBody();
  void Answer();
  void AnswerLater(WebReply reply);
  void Send(WebReply reply);
  void Write(WireReply wire, bool last);
  void Refuse(const RequestRefusal& refusal);
  bool IsProxy() const;
  // A refusal in words, where there is no place for one more stream.
  std::optional<WebReply> NoPlaceForStream() const;
  void BecomeStream(std::shared_ptr<EventFeed> feed, WireReply wire);
  // Counts it among the streams and sockets, or no more.
  void CountStream(bool begins);
  void WatchForClose();
  // Reads away what the client still sends, so that closing does not tear the answer out of its hands.
  void Linger(int reads_left);
  void SendEvents(std::vector<std::shared_ptr<const std::string>> events);
  void Wait(std::chrono::milliseconds time);
  // As a WebSocket (connection_socket.cc).
  void BecomeSocket(std::shared_ptr<SocketFeed> feed);
  void ReadMessage();
  void OnMessage();
  void WriteMessage();
  void PumpSocket();
  void Farewell(std::uint16_t code, const char* reason);
  void Observe(int status);

  ServerShared& shared_;
  const std::string address_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer timer_;

  Phase phase_ = Phase::kHead;
  std::chrono::steady_clock::time_point phase_since_{};
  bool head_begun_ = true;
  RequestFraming framing_;
  std::unique_ptr<ChunkDecoder> chunks_;
  WebRequest request_;
  std::string route_;
  std::chrono::steady_clock::time_point started_;
  WireReply writing_;

  std::shared_ptr<EventFeed> feed_;
  struct Socket;
  struct SocketDeleter {
    void operator()(Socket* socket) const;
  };
  std::unique_ptr<Socket, SocketDeleter> socket_;
  bool counted_ = false;
  std::vector<std::shared_ptr<const std::string>> events_;
  bool closed_ = false, sending_ = false, pump_again_ = false, timer_set_ = false;
  std::chrono::steady_clock::time_point last_send_{};
  char discard_[256];
};

}  // namespace cryptostream
