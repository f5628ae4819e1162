#pragma once

#include "net/web_message.h"
#include "serve/state.h"

namespace cryptostream {

// Answers a request: a route of the table, a file of the page, or a problem. Nothing a client sends makes it throw.
WebReply Dispatch(const WebRequest& request, ServerState& state);

}  // namespace cryptostream
