#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cryptostream {

// The parts of a URL that say where a request goes.
struct Url {
  std::string scheme;  // lower case: "https"
  std::string host;    // lower case, without the brackets of an IPv6 address
  std::string user;    // what stands before an @; empty: nothing does
};

// Takes a URL apart as libcurl does, so that what is checked is what is called. Errors: Invalid.
Result<Url> ParseUrl(std::string_view text);

// True for a host that is this machine whatever a name server says: "localhost", 127.0.0.0/8, ::1. A name that only begins like one
// (127.0.0.1.example.org) is not.
bool IsLoopbackHost(std::string_view host);

// Where a server on `address` is found: "http://127.0.0.1:8000", "http://[::1]:8000". In: an IP address without brackets.
std::string HttpAddress(const std::string& address, int port);

}  // namespace cryptostream
