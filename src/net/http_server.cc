// Accepting and the life of the server. One I/O thread owns every connection, so none of their state needs a lock; workers
// touch a connection only to compute its answer while it waits for nothing else.
#include "net/http_server.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <thread>
#include <tuple>

#include "base/log.h"
#include "net/client_address.h"
#include "net/connection.h"
#include "net/port_holder.h"

namespace cryptostream {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";

}  // namespace

struct HttpServer::Impl {
  ServerShared shared;
  tcp::acceptor acceptor{shared.io};
  asio::steady_timer retry{shared.io};
  std::uint16_t port = 0;
  std::atomic<bool> wake_posted{false};
  std::atomic<bool> stopped{false};
  std::thread io_thread;

  Status Listen();
  void Accept();
  void Take(tcp::socket socket);
  bool MakeRoom(const std::string& address);
  void PumpStreams(std::vector<std::shared_ptr<Connection>> left);
};

Status HttpServer::Impl::Listen() {
  boost::system::error_code error;
  auto address = asio::ip::make_address(shared.options.address, error);
  if (error) return Invalid("cannot bind: address=" + shared.options.address + " is no IP address of this machine");
  tcp::endpoint endpoint(address, shared.options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  std::string where = shared.options.address + ":" + std::to_string(shared.options.port);
  if (error == asio::error::address_in_use) {
    std::string holder = PortHolder(shared.options.port);
    return Conflict("port is taken: address=" + where + (holder.empty() ? "" : " held by " + holder) +
                    ", choose another one (PORT= or --port)");
  }
  if (error) return Invalid("cannot bind: address=" + where + " reason=" + error.message());
  port = acceptor.local_endpoint().port();
  return {};
}

void HttpServer::Impl::Accept() {
  acceptor.async_accept([this](boost::system::error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || stopped) return;
    if (error) {
      // Most likely out of descriptors: wait for connections to end instead of spinning.
      LogWarn("cannot accept a connection: reason={}", error.message());
      retry.expires_after(std::chrono::milliseconds(200));
      return retry.async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) Accept();
      });
    }
    Take(std::move(socket));
    Accept();
  });
}

void HttpServer::Impl::Take(tcp::socket socket) {
  boost::system::error_code error;
  auto remote = socket.remote_endpoint(error);
  if (error) return;  // gone already
  std::string address = remote.address().to_string();
  if (std::ranges::find(shared.options.proxies, address) == shared.options.proxies.end()) address = ClientAddress(address);
  if (!MakeRoom(address)) {
    socket.non_blocking(true, error);
    socket.write_some(asio::buffer(kTooMany), error);
    return;
  }
  socket.set_option(tcp::no_delay(true), error);
  socket.set_option(asio::socket_base::send_buffer_size(shared.options.send_buffer_bytes), error);
  std::make_shared<Connection>(std::move(socket), shared, std::move(address))->Start();
}

// Whoever holds places without using them must not shut others out. Where there is no place left, the connection goes that waits
// for a request longest, of the address that has most of them; after those, one whose client has stopped reading or sending.
// Out: false when all are at work.
bool HttpServer::Impl::MakeRoom(const std::string& address) {
  auto used = shared.per_address.find(address);
  const bool address_full = used != shared.per_address.end() && used->second >= shared.options.max_connections_per_address;
  if (!address_full && static_cast<int>(shared.connections.size()) < shared.options.max_connections) return true;
  Connection* goes = nullptr;
  std::tuple<bool, int, std::chrono::steady_clock::time_point> least;
  for (Connection* connection : shared.connections) {
    if (address_full && connection->address() != address) continue;
    auto dispensable = connection->IsDispensable();
    if (!dispensable) continue;
    std::tuple order(dispensable->stalled, -shared.per_address[connection->address()], dispensable->since);
    if (goes != nullptr && least <= order) continue;
    goes = connection;
    least = order;
  }
  if (goes == nullptr) return false;
  goes->shared_from_this()->Close();
  return true;
}

// A few at a time, so that requests which come meanwhile are answered in between.
void HttpServer::Impl::PumpStreams(std::vector<std::shared_ptr<Connection>> left) {
  constexpr std::size_t kAtATime = 16;
  for (std::size_t i = 0; i < kAtATime && !left.empty(); ++i) {
    left.back()->Pump();
    left.pop_back();
  }
  if (left.empty()) return;
  asio::post(shared.io, [this, left = std::move(left)]() mutable { PumpStreams(std::move(left)); });
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options, WebHandler handler) {
  auto impl = std::make_unique<Impl>();
  impl->shared.options = std::move(options);
  impl->shared.handler = std::move(handler);
  impl->shared.requests = TokenBuckets(impl->shared.options.max_requests_per_second);
  for (std::string& proxy : impl->shared.options.proxies) proxy = SpelledAddress(proxy);
  CS_TRY(impl->Listen());
  impl->shared.workers =
      std::make_unique<asio::thread_pool>(static_cast<std::size_t>(std::max(1, impl->shared.options.worker_threads)));
  impl->Accept();
  impl->io_thread = std::thread([raw = impl.get()] { raw->shared.io.run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const { return impl_->port; }

void HttpServer::Wake() {
  if (impl_->stopped || impl_->wake_posted.exchange(true)) return;
  asio::post(impl_->shared.io, [impl = impl_.get()] {
    impl->wake_posted = false;
    std::vector<std::shared_ptr<Connection>> streams;
    for (Connection* connection : impl->shared.connections) {
      if (connection->is_stream()) streams.push_back(connection->shared_from_this());
    }
    impl->PumpStreams(std::move(streams));
  });
}

void HttpServer::Stop() {
  if (impl_->stopped.exchange(true)) return;
  asio::post(impl_->shared.io, [impl = impl_.get()] {
    boost::system::error_code ignored;
    impl->acceptor.close(ignored);
    impl->retry.cancel();
    std::vector<std::shared_ptr<Connection>> all;
    for (Connection* connection : impl->shared.connections) all.push_back(connection->shared_from_this());
    for (const auto& connection : all) connection->Dismiss();
  });
  impl_->shared.workers->join();  // their answers are posted to the I/O thread, which ends when nothing is left
  impl_->io_thread.join();
}

}  // namespace cryptostream
