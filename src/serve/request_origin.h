#pragma once

#include <string>

#include "net/web_message.h"

namespace cryptostream {

// Whether a client asks to go on as a WebSocket.
bool AsksForSocket(const WebRequest& request);
// Whether a browser says that a page of ours asks, or no browser asks: the page's origin is the host that was asked.
bool IsOwnOrigin(const WebRequest& request);
// Whether a proxy says that it stands between: its clients may ask below a path that it takes away.
bool IsProxied(const WebRequest& request);
// The value of a header Link to the next page. In: a path, "?a=b". Behind a proxy it is the query alone, which is resolved against the address
// that the client asked, whatever that is. Else the whole path: many a script puts it behind the host's name without resolving anything.
std::string LinkTo(const std::string& path, const std::string& query, bool proxied);

}  // namespace cryptostream
