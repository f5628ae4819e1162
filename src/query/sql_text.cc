// Our own text inside a statement: quoted as SQL quotes, never pasted in bare.
#include "query/duck.h"

namespace cryptostream {

std::string SqlText(std::string_view text) {
  std::string out = "'";
  for (char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

std::string ExactPath(std::string_view path) {
  // In a pattern DuckDB takes "\\" for a slash. Such a path stays as it is: a pattern without a match is
  // looked for by its name.
  if (path.find_first_of("*?[") == path.npos || path.find('\\') != path.npos) return std::string(path);
  std::string out;
  for (char c : path) {
    bool special = c == '*' || c == '?' || c == '[';
    out += special ? std::string{'[', c, ']'} : std::string{c};
  }
  return out;
}

std::string SqlIdentifier(std::string_view name) {
  std::string out = "\"";
  for (char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

}  // namespace cryptostream
