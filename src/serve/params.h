#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace cryptostream {

// One query parameter of a route, as the API's description says it too.
struct ParamSpec {
  std::string name;
  std::string description;
  std::string schema;  // JSON schema: {"type":"integer","minimum":1}
  bool required = false;
  std::string example;
};

using Params = std::map<std::string, std::string, std::less<>>;

// Reads a query string. Errors: Invalid, naming an unknown parameter and the nearest known one, a repeated one, a missing
// one, or bad encoding.
Result<Params> ParseParams(std::string_view query, std::span<const ParamSpec> specs);
// The same for routes whose clients send more than we know: unknown parameters are left out, of a repeated one the last counts, and a missing one
// is the handler's to miss. Errors: Invalid (bad encoding).
Result<Params> ParseKnownParams(std::string_view query, std::span<const ParamSpec> specs);

// A whole number in [least, most]. Errors: Invalid, naming the parameter and the range.
Result<std::size_t> ParseCount(const std::string& name, std::string_view text, std::size_t least, std::size_t most);
// RFC 3339, or seconds or milliseconds since the epoch. Errors: Invalid.
Result<Timestamp> ParseTime(const std::string& name, std::string_view text);
// "bitcoin,ethereum": at most `limit` valid names. Errors: Invalid.
Result<std::vector<std::string>> ParseNames(const std::string& name, std::string_view text, std::size_t limit);

}  // namespace cryptostream
