// Quarantine as a list of messages that can be sent again. In: views of quarantine and bronze, pinned. Out: each rejected row with an
// id and whether it is open.
//
// A row's id is 60 bits of MD5 over everything that it holds. What is sent again carries this id as its offset and a mark in its topic
// (market/replayed.h), in bronze or, rejected once more, in quarantine. So the tables count for themselves: of an id's rows in quarantine as
// many are settled, the oldest ones, as there were attempts, and an attempt is a marked row of bronze or one that was refused before it got
// there. Rejected: a list of what was sent in a table of its own (a second truth), and a position that counts rows (filters leave rows
// out, compaction loses their order).
#include "query/rejected.h"

#include <fmt/format.h>

#include <limits>

#include "base/text.h"
#include "market/replayed.h"

namespace cryptostream {
namespace {

constexpr std::size_t kPreviewBytes = 60;
constexpr std::size_t kPreviewWidth = 56;  // as printed: fits into a cell of a table
constexpr std::chrono::minutes kPatience{30};

std::string IsReplayed() { return fmt::format("coalesce(topic = '{0}' OR starts_with(topic, '{0}:'), false)", kReplayedTopic); }

// The beginning of a message, safe to print.
std::string Preview(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string next = Printable(bytes.substr(i, 1));
    if (text.size() + next.size() > kPreviewWidth) return text + "...";
    text += next;
  }
  return text;
}

// All rejects with their id and state, as statements begin. Only messages that were sent before need their rows put in order.
std::string Numbered() {
  return fmt::format(
      R"(WITH rejected AS (SELECT *, {0} AS again, CASE WHEN again THEN "offset" ELSE ('0x' || substr(md5(concat_ws('/',
        coalesce(source, ''), coalesce(topic, ''), "partition", "offset", stage, epoch_us("timestamp"), md5(value))), 1, 15))::BIGINT END AS id
      FROM quarantine),
    attempts AS (SELECT "offset" AS id, count(*) AS n FROM (SELECT "offset" FROM bronze WHERE {0}
      UNION ALL SELECT "offset" FROM quarantine WHERE {0} AND stage <> 'silver') GROUP BY 1),
    firsts AS (SELECT id, any_value("offset") AS "offset" FROM rejected WHERE NOT again AND id IN (SELECT id FROM attempts) GROUP BY 1),
    numbered AS (SELECT *, false AS sent, "offset" AS first_offset FROM rejected WHERE id NOT IN (SELECT id FROM attempts)
      UNION ALL SELECT r.*, row_number() OVER (PARTITION BY r.id ORDER BY again, date, "timestamp") <= n, coalesce(f."offset", r."offset")
      FROM rejected r JOIN attempts USING (id) LEFT JOIN firsts f USING (id)),
    shown AS (SELECT *, CASE WHEN topic = '{1}' THEN NULL WHEN again THEN substr(topic, {2}) ELSE topic END AS named FROM numbered))",
      IsReplayed(), kReplayedTopic, kReplayedTopic.size() + 2);
}

std::string Where(const RejectedFilter& filter, std::vector<SqlValue>& parameters) {
  std::string where = " WHERE true";
  auto add = [&](const std::string& condition, SqlValue value) {
    parameters.push_back(std::move(value));
    where += " AND " + fmt::format(fmt::runtime(condition), parameters.size());
  };
  if (!filter.source.empty()) add("source = ${0}", filter.source);
  if (!filter.stage.empty()) add("stage = ${0}", filter.stage);
  if (!filter.reason.empty()) add("(reason = ${0} OR starts_with(reason, ${0} || ':'))", filter.reason);
  if (filter.since) add("\"timestamp\" >= ${0}", *filter.since);
  return where;
}

std::string Newest(const RejectedFilter& filter) {
  if (filter.limit == 0) return "";
  return fmt::format(" ORDER BY date DESC, \"timestamp\" DESC, first_offset DESC, id LIMIT {}", filter.limit);
}

std::string Text(const SqlValue& value) { return IsSqlNull(value) ? "" : std::get<std::string>(value); }
std::int64_t Whole(const SqlValue& value) { return IsSqlNull(value) ? 0 : std::get<std::int64_t>(value); }

}  // namespace

Result<SqlRows> ListRejected(const Duck& views, const RejectedFilter& filter) {
  std::vector<SqlValue> parameters;
  std::string sql =
      Numbered() +
      " SELECT source, named AS topic, \"partition\", first_offset AS \"offset\", stage, reason, \"timestamp\" AS time, "
      "octet_length(value) AS bytes, CASE WHEN sent THEN 'sent' ELSE 'open' END AS state, " +
      fmt::format("value[1:{}] AS preview FROM shown", kPreviewBytes) + Where(filter, parameters) + Newest(filter);
  CS_ASSIGN(SqlRows rows, views.Query(sql, parameters, {kPatience}));
  for (auto& row : rows.rows) {
    SqlValue& preview = row.back();
    preview = IsSqlNull(preview) ? std::string() : Preview(std::get<Blob>(preview).bytes);
  }
  rows.columns.back().type = "VARCHAR";
  return rows;
}

Status ForEachOpenReject(const Duck& views, const RejectedFilter& filter, const std::function<bool(OpenReject)>& visit) {
  std::vector<SqlValue> parameters;
  std::string sql =
      Numbered() +
      " SELECT source, named, \"partition\", first_offset, stage, reason, value, \"timestamp\", date, id FROM shown" +
      Where(filter, parameters) + " AND NOT sent" + Newest(filter);
  auto take = [&](const std::vector<SqlColumn>&, std::vector<SqlValue>&& row) {
    OpenReject open;
    open.reject.source = Text(row[0]);
    open.reject.topic = Text(row[1]);
    open.reject.partition = static_cast<std::int32_t>(Whole(row[2]));
    open.reject.offset = Whole(row[3]);
    open.reject.stage = Text(row[4]);
    open.reject.reason = Text(row[5]);
    if (!IsSqlNull(row[6])) open.reject.value = std::move(std::get<Blob>(row[6]).bytes);
    open.reject.received = IsSqlNull(row[7]) ? Timestamp{} : std::get<Timestamp>(row[7]);
    open.day = IsSqlNull(row[8]) ? Date{} : std::get<Date>(row[8]);
    open.id = Whole(row[9]);
    return visit(std::move(open));
  };
  return views.ForEachRow(sql, parameters, {kPatience, std::numeric_limits<std::size_t>::max()}, take);
}

Result<std::int64_t> CountRejectedAgain(const Duck& views) {
  CS_ASSIGN(SqlRows rows, views.Query("SELECT count(*) FROM quarantine WHERE " + IsReplayed()));
  return Whole(rows.rows.front().front());
}

}  // namespace cryptostream
