#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cryptostream {

// One member of a small object that a client sends: a text, a list of texts, or any other scalar as it was written.
struct JsonMember {
  enum class Kind { kText, kList, kScalar } kind = Kind::kScalar;
  std::string name;
  std::string text;  // of kText the text, of kScalar what was written: 5, true, null
  std::vector<std::string> list;
};

// Reads one object whose members are such; nothing may follow it. Errors: Invalid, in words for who sent it.
Result<std::vector<JsonMember>> ReadJsonMembers(std::string_view json);

}  // namespace cryptostream
