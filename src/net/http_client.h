#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/stop.h"

namespace cryptostream {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string url;
  std::string secret_header;  // name of the header that carries `secret`; empty: none
  Secret secret;
};

// What a server answered. An answer whose body did not come through whole still is one: its bytes are kept with the
// reason, because a caller has to set them aside as they are.
struct HttpAnswer {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;    // decompressed, at most HttpClientOptions::max_body_bytes
  std::string damage;  // why the body is not whole ("cut short", "too large", ...); empty when it is

  // The first header of that name (in any case), or nullopt.
  std::optional<std::string_view> Header(std::string_view name) const;
};

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds total_timeout{30'000};
  std::size_t max_body_bytes = 10'000'000;  // of the wire and of the decompressed body
  std::string ca_file;                      // certificates to trust instead of the system's; empty: the system's
  std::string user_agent;                   // empty: "cryptostream/<version>"
};

// How a request reaches a server. Implementations: libcurl, and a script in tests.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Gets `request.url` with no redirect followed.
  // Errors: Unavailable when no answer began (name, connection, TLS, silence), the message says why in words; Cancelled when
  // `stop` was requested; Internal.
  virtual Result<HttpAnswer> Get(const HttpRequest& request, StopToken stop) = 0;
};

// The transport over libcurl. Keeps connections open between calls; calls from several threads go side by side, so that a slow answer to
// one holds up nobody else.
class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(HttpClientOptions options);
  ~CurlTransport() override;
  Result<HttpAnswer> Get(const HttpRequest& request, StopToken stop) override;

 private:
  struct Handles;
  HttpClientOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handles>> idle_;  // guarded by mutex_: one for each call that was under way at once
};

}  // namespace cryptostream
