// Where a request comes from, as far as answers depend on it.
#include "serve/request_origin.h"

#include <algorithm>

#include "base/text.h"

namespace cryptostream {

bool AsksForSocket(const WebRequest& request) {
  return LowerCase(request.Header("upgrade")) == "websocket" && LowerCase(request.Header("connection")).contains("upgrade");
}

bool IsOwnOrigin(const WebRequest& request) {
  const std::string_view origin = request.Header("origin");
  const std::size_t host = origin.find("://");
  if (origin.empty()) return true;
  return host != std::string_view::npos && LowerCase(origin.substr(host + 3)) == LowerCase(request.Header("host"));
}

bool IsProxied(const WebRequest& request) {
  return std::ranges::any_of(request.headers, [](const auto& header) {
    return header.first.starts_with("x-forwarded-") || header.first == "forwarded" || header.first == "via";
  });
}

std::string LinkTo(const std::string& path, const std::string& query, bool proxied) {
  return "<" + (proxied ? query : path + query) + ">; rel=\"next\"";
}

}  // namespace cryptostream
