// What PostgreSQL says, as our errors. In: libpq's text, whose words depend on the server's language and
// whose code does not. Out: a message that ends with the command that mends it. Codes: the appendix
// "PostgreSQL Error Codes" of its manual.
#include "sink/pg_error.h"

#include <fmt/format.h>

#include <cctype>

#include "base/text.h"

namespace cryptostream {
namespace {

constexpr std::size_t kCodeSize = 5, kMostWords = 300;

bool IsCode(std::string_view text) {
  if (text.size() < kCodeSize) return false;
  for (char c : text.substr(0, kCodeSize)) {
    if (!std::isdigit(static_cast<unsigned char>(c)) && !(c >= 'A' && c <= 'Z')) return false;
  }
  return true;
}

// For a shell's command line: the name as it is where that is safe.
std::string Word(const std::string& name) {
  bool plain = !name.empty();
  for (char c : name) plain = plain && (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.');
  if (plain) return name;
  std::string quoted = "'";
  for (char c : name) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string Identifier(const std::string& name) {
  std::string quoted = "\"";
  for (char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// A statement for the administrator.
std::string AsAdministrator(const PgPlace& place, const std::string& sql) {
  return "sudo -u postgres psql -d " + Word(place.database) + " -c " + Word(sql);
}

std::string GrantRemedy(const PgPlace& place, std::string_view words) {
  const std::string user = Identifier(place.user);
  if (words.find("temporary") != words.npos) {
    return AsAdministrator(place, "GRANT TEMPORARY ON DATABASE " + Identifier(place.database) + " TO " + user);
  }
  if (words.find("for database") != words.npos) {
    return "let it make its schema: " +
           AsAdministrator(place, "GRANT CREATE ON DATABASE " + Identifier(place.database) + " TO " + user);
  }
  return "give it the schema: " + AsAdministrator(place, "ALTER SCHEMA " + Identifier(place.schema) + " OWNER TO " + user) +
         "; tables that another role made: REASSIGN OWNED BY that_role TO " + user;
}

}  // namespace

PgSaid ReadPgMessage(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  PgSaid said;
  // The last line that carries a code is the reason; those before it are of other hosts that were tried.
  std::size_t begin = 0, found = 0;
  while (begin < text.size()) {
    std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    for (std::size_t at = line.find(":  "); at != line.npos; at = line.find(":  ", at + 1)) {
      std::string_view rest = line.substr(at + 3);
      if (!IsCode(rest) || rest.substr(kCodeSize, 2) != ": ") continue;
      said.code = rest.substr(0, kCodeSize);
      said.words = rest.substr(kCodeSize + 2);
      found = 1;
      break;
    }
    begin = end + 1;
  }
  if (!found) {
    std::string one_line(text);
    for (char& c : one_line) c = c == '\n' || c == '\t' ? ' ' : c;
    said.words = std::move(one_line);
  }
  if (said.words.size() > kMostWords) said.words = said.words.substr(0, kMostWords) + "...";
  return said;
}

std::string RemedyFor(const PgSaid& said, const PgPlace& place) {
  const std::string& code = said.code;
  auto says = [&](std::string_view words) { return said.words.find(words) != said.words.npos; };
  if (code == "3D000") return "make it: sudo -u postgres createdb -O " + Word(place.user) + " " + Word(place.database);
  if (code == "28P01")
    return "write the right password into the file of postgres.password_file, or set a new one: sudo -u postgres psql -c " +
           Word("\\password " + place.user);
  if (code == "28000") {
    if (says("pg_hba.conf")) return "allow it in the server's pg_hba.conf, then: sudo systemctl reload postgresql";
    if (says("Peer authentication") || says("peer"))
      return "over the socket the role must bear the name of the system's user: name a host and a password file instead";
    return "make the role: sudo -u postgres createuser --login " + Word(place.user);
  }
  if (code == "42501") return GrantRemedy(place, said.words);
  if (code == "25006")
    return "it is a standby or read-only: name the primary, or add target_session_attrs=read-write to postgres.url";
  if (code == "53100") return "its disk is full: make room there";
  if (code == "53300") return "no connection is free: raise max_connections";
  if (code == "57P03") return "it is starting or stopping: wait";
  if (code == "42P01" || code == "42703") {
    return "somebody changed our tables: DROP SCHEMA " + Identifier(place.schema) + " CASCADE, and they are made and filled anew";
  }
  if (!code.empty()) return "";
  if (says("fe_sendauth") || says("no password supplied")) return "set postgres.password_file";
  if (says("Connection refused") || says("No such file") || says("could not connect")) {
    bool socket = place.host.empty() || place.host.starts_with('/');
    return socket || place.host == "localhost" || place.host == "127.0.0.1"
               ? "is it running? sudo apt install postgresql; sudo systemctl start postgresql"
               : "is it running, and does it listen on that address? postgresql.conf: listen_addresses";
  }
  if (says("translate host name")) return "is the host's name right? postgres.url";
  if (says("does not support SSL")) return "it has no TLS: postgres.tls=disable, if the way there is safe";
  if (says("root certificate file")) return "name the authority's certificate: sslrootcert=FILE in postgres.url";
  return "";
}

Error FromPg(std::string_view what, const PgSaid& said, const PgPlace& place) {
  bool bad_row = said.code.starts_with("22") || said.code.starts_with("23") || said.code == "21000" || said.code == "P0001";
  std::string remedy = RemedyFor(said, place);
  std::string message =
      fmt::format("cannot {}: server={} database={} user={} {}reason={}{}", what,
                  place.host.empty() ? "local" : place.host + ":" + place.port, place.database, place.user,
                  said.code.empty() ? "" : "code=" + said.code + " ", said.words, remedy.empty() ? "" : " (" + remedy + ")");
  return {bad_row ? ErrorKind::kInvalid : ErrorKind::kUnavailable, std::move(message), std::nullopt};
}

}  // namespace cryptostream
