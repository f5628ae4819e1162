#pragma once

// The one include of simdjson. It is compiled by us under the namespace cryptostream_simdjson (cmake/dependencies.cmake),
// because libparquet exports its own copy's symbols.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include <simdjson.h>
#pragma GCC diagnostic pop

#include <string_view>

#include "base/result.h"

namespace cryptostream {

// A scalar's text as it stands in the document, without the space after it.
std::string_view ScalarText(simdjson::ondemand::value value);

// Walks a whole value and checks what simdjson's on-demand reader leaves unread: numbers, strings, literals, nesting up to
// `max_depth`. Errors: Invalid with the reason ("too deep", "bad number", ...).
Status ValidateJson(simdjson::ondemand::value value, int max_depth);

}  // namespace cryptostream
