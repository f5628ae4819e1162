#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/request_check.h"
#include "net/web_message.h"

namespace cryptostream {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                              // 0: any free one
  std::vector<std::string> allowed_hosts;              // of the Host header, lower case, without port; empty: any
  std::string host_advice = "ask under another name";  // to who uses a name that is not allowed; nothing to escape in JSON
  std::string streams_advice = "end one of them";      // to whom has too many, likewise
  int worker_threads = 2;
  int max_waiting_jobs = 64;  // answers that wait for a worker; more get 503
  int max_connections = 512;
  int max_connections_per_address = 128;
  int max_streams = 256;
  int max_streams_per_address = 256;
  std::vector<std::string> proxies;  // IP addresses that the bound above does not hold for: many clients are behind each
  int send_buffer_bytes = 256 * 1024, stream_buffer_bytes = 64 * 1024;  // of the kernel, for each connection
  std::size_t max_socket_message_bytes = 16 * 1024;                     // of a WebSocket's client
  int max_requests_per_second = 0;                                      // of one address, proxies excepted; 0: any number
  std::string requests_advice = "ask more slowly";
  RequestLimits request;
  std::chrono::milliseconds head_timeout{5'000};  // from the first byte (or the connect) to the end of the head
  std::chrono::milliseconds body_timeout{10'000};
  std::chrono::milliseconds write_timeout{10'000};  // and 1 s for each further 64 KB
  std::chrono::milliseconds idle_timeout{60'000};   // between requests
  std::chrono::milliseconds heartbeat{15'000};      // longest silence of a stream
  std::chrono::milliseconds stream_gap{100};        // shortest time between two sends of a stream
};

// Answers a request. Runs on the I/O thread, so it must not wait for anything: what takes long goes into WebReply::later.
using WebHandler = std::function<WebReply(const WebRequest&)>;

// An HTTP/1.1 server: one thread for all I/O, a few workers for answers that take long. Everything is bounded: heads,
// bodies, times, connections in all and per address, waiting jobs, streams. Life: Start binds and serves, Stop (or the
// destructor) closes every connection and joins the threads. Stop and Wake are thread-safe.
class HttpServer {
 public:
  // Errors: Conflict (port taken; by whom, where it can be seen), Invalid (address), Internal.
  static Result<std::unique_ptr<HttpServer>> Start(HttpServerOptions options, WebHandler handler);
  ~HttpServer();

  std::uint16_t port() const;
  // Makes every stream ask its feed for news. Cheap, may be called often.
  void Wake();
  void Stop();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cryptostream
