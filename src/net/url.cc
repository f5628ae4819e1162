// Where a URL leads. In: text of a setting. Out: scheme and host, read by libcurl's own parser. Comparing beginnings of the text was
// rejected: http://localhost:x@HOST/ and http://127.0.0.1.example.org begin like this machine and lead elsewhere.
#include "net/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <memory>

#include "base/text.h"

namespace cryptostream {
namespace {

std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK || text == nullptr) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

Result<Url> ParseUrl(std::string_view text) {
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  if (!url) return Internal("libcurl has no memory for a URL");
  if (curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK) {
    return Invalid("not a URL (http://HOST/... or https://HOST/...): value=" + std::string(text));
  }
  Url parts{LowerCase(Part(url.get(), CURLUPART_SCHEME)), LowerCase(Part(url.get(), CURLUPART_HOST)),
            Part(url.get(), CURLUPART_USER)};
  if (parts.host.starts_with('[') && parts.host.ends_with(']')) parts.host = parts.host.substr(1, parts.host.size() - 2);
  return parts;
}

bool IsLoopbackHost(std::string_view host) {
  if (host == "localhost") return true;
  std::string text(host);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string HttpAddress(const std::string& address, int port) {
  return "http://" + (address.contains(':') ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace cryptostream
