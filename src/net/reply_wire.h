#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/web_message.h"

namespace cryptostream {

// An answer as bytes.
struct WireReply {
  std::string head;                   // status line and headers, the empty line included
  std::string_view body;              // empty for HEAD, 204 and 304
  std::shared_ptr<const void> owner;  // keeps body alive
  int status = 200;
};

// Turns an answer into bytes for this request: 304 where the client has it already, zstd or gzip where they are accepted and pay, no
// body for HEAD, and the headers that protect a browser on every answer.
WireReply ToWire(const WebRequest& request, WebReply reply, bool keep_alive);

// "Not Found" for 404.
std::string_view ReasonPhrase(int status);
// Compresses with gzip at a level where speed counts.
std::string Gzip(std::string_view bytes);
// The same with zstd.
std::string Zstd(std::string_view bytes);
// True when the client's Accept-Encoding takes gzip, or zstd by its name.
bool AcceptsGzip(std::string_view accept_encoding);
bool AcceptsZstd(std::string_view accept_encoding);
// True when one of the tags in If-None-Match is `etag`, compared weakly.
bool MatchesEtag(std::string_view if_none_match, std::string_view etag);

}  // namespace cryptostream
