// Where a request comes from, as far as answers depend on it.
#include "serve/request_origin.h"

#include <algorithm>

namespace cryptostream {

bool IsProxied(const WebRequest& request) {
  return std::ranges::any_of(request.headers, [](const auto& header) {
    return header.first.starts_with("x-forwarded-") || header.first == "forwarded" || header.first == "via";
  });
}

std::string LinkTo(const std::string& path, const std::string& query, bool proxied) {
  return "<" + (proxied ? query : path + query) + ">; rel=\"next\"";
}

}  // namespace cryptostream
