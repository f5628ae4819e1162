// Our own text inside a statement: quoted as SQL quotes, never pasted in bare. And a statement of a person's without its end, which has
// to know what of it is quoted or a comment.
#include <cctype>

#include "query/duck.h"

namespace cryptostream {
namespace {

// The place after what begins at `from` and is closed by `end`, or the end of the text.
std::size_t After(std::string_view sql, std::size_t from, std::string_view end) {
  std::size_t at = sql.find(end, from);
  return at == std::string_view::npos ? sql.size() : at + end.size();
}

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

// '...' in which \' does not end it: e'it\'s'.
std::size_t AfterEscaped(std::string_view sql, std::size_t quote) {
  for (std::size_t i = quote + 1; i < sql.size(); ++i) {
    if (sql[i] == '\\') {
      ++i;
    } else if (sql[i] == '\'') {
      return i + 1;
    }
  }
  return sql.size();
}

// "$$" or "$tag$" at `at`; empty when there is none.
std::string_view DollarQuote(std::string_view sql, std::size_t at) {
  std::size_t end = at + 1;
  while (end < sql.size() && IsWordByte(sql[end])) ++end;
  bool digit = end > at + 1 && std::isdigit(static_cast<unsigned char>(sql[at + 1]));
  return end < sql.size() && sql[end] == '$' && !digit ? sql.substr(at, end + 1 - at) : std::string_view();
}

}  // namespace

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

std::string SqlWithoutEnd(std::string_view sql) {
  std::size_t at = 0;
  while (at < sql.size() && sql[at] != ';') {
    std::string_view rest = sql.substr(at);
    bool in_word = at > 0 && IsWordByte(sql[at - 1]);
    bool escaped = !in_word && (rest.starts_with("e'") || rest.starts_with("E'"));
    std::string_view dollar = rest[0] == '$' && !in_word ? DollarQuote(sql, at) : std::string_view();
    if (escaped) {
      at = AfterEscaped(sql, at + 1);
    } else if (rest[0] == '\'' || rest[0] == '"') {
      at = After(sql, at + 1, rest.substr(0, 1));  // a doubled quote ends one and begins the next
    } else if (!dollar.empty()) {
      at = After(sql, at + dollar.size(), dollar);
    } else if (rest.starts_with("--")) {
      at = After(sql, at, "\n");
    } else if (rest.starts_with("/*")) {
      at = After(sql, at + 2, "*/");
    } else {
      ++at;
    }
  }
  return std::string(sql.substr(0, at));
}

}  // namespace cryptostream
