// Our own text inside a statement: quoted as SQL quotes, never pasted in bare.
#include "query/duck.h"

namespace cryptostream {

std::string SqlText(std::string_view text) {
  std::string out = "'";
  for (char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

std::string SqlIdentifier(std::string_view name) {
  std::string out = "\"";
  for (char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

}  // namespace cryptostream
