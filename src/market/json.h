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

// Calls visit(key, value) for each field, in order, until one returns an error, which is then returned. Fields are found like this and never
// by name: a search (object["key"]) takes for checked what it has skipped, and on a text that is no JSON runs into what simdjson calls
// unreachable.
template <class Visit>
simdjson::error_code VisitFields(simdjson::ondemand::object object, Visit visit) {
  for (auto entry : object) {
    std::string_view key;
    simdjson::ondemand::value value;
    if (auto error = entry.unescaped_key().get(key)) return error;
    if (auto error = entry.value().get(value)) return error;
    if (simdjson::error_code error = visit(key, value)) return error;
  }
  return simdjson::SUCCESS;
}

// Walks a whole value and checks what simdjson's on-demand reader leaves unread: numbers, strings, literals, nesting up to
// `max_depth`. Errors: Invalid with the reason ("too deep", "bad number", ...).
Status ValidateJson(simdjson::ondemand::value value, int max_depth);

}  // namespace cryptostream
