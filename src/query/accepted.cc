// What came through a topic and was taken. In: messages. Out: those that bronze holds out of the topic and silver has not refused. A row that
// silver refused is in bronze too, so it does not count; its place (topic, partition, offset) in quarantine tells it. The messages go to
// DuckDB as one parameter of hexadecimal digits, which holds any byte, and come back the same way.
#include "query/accepted.h"

#include <map>

namespace cryptostream {
namespace {

const QueryLimits kPatient{.timeout = std::chrono::minutes(30)};

std::string HexOf(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (unsigned char byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace

Result<std::set<std::string>> FindAccepted(const Duck& views, const std::string& topic, Date from,
                                           const std::vector<std::string>& messages) {
  std::set<std::string> accepted;
  std::map<std::string, const std::string*> by_hex;
  std::string all;
  for (const std::string& message : messages) {
    auto [at, added] = by_hex.try_emplace(HexOf(message), &message);
    if (added) all += (all.empty() ? "" : ",") + at->first;
  }
  if (all.empty()) return accepted;
  CS_ASSIGN(
      SqlRows rows,
      views.Query("WITH wanted AS (SELECT unnest(string_split($1, ',')) AS hex), "
                  "came AS (SELECT b.value, b.\"partition\", b.\"offset\" FROM bronze b WHERE b.topic = $2 AND b.date >= $3) "
                  "SELECT DISTINCT hex FROM wanted JOIN came ON hex(encode(came.value)) = wanted.hex "
                  "WHERE NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.stage = 'silver' AND q.topic = $2 "
                  "AND q.\"partition\" = came.\"partition\" AND q.\"offset\" = came.\"offset\")",
                  {all, topic, from}, kPatient));
  for (const auto& row : rows.rows) accepted.insert(*by_hex.at(std::get<std::string>(row[0])));
  return accepted;
}

Result<bool> ReadsTopic(const Duck& views, const std::string& topic) {
  CS_ASSIGN(SqlRows rows, views.Query("SELECT count(*) FROM (SELECT 1 FROM bronze WHERE topic = $1 LIMIT 1)", {topic}, kPatient));
  return std::get<std::int64_t>(rows.rows.front()[0]) > 0;
}

}  // namespace cryptostream
