// Bronze as its own positions say: each commit names from where to where it took each input (txn actions), so each of its rows lies at an
// offset in between, none of them twice, and each offset in between has its row. In: bronze and quarantine, pinned. Out: rows that no
// position covers, rows that are there twice or out of order, offsets that lack their row.
//
// What is provable depends on the input. An offset of a topic or of an imported table is one message. A line of a recording, or a poll, may
// bring several (a provider's answer holds many coins), all different. An offset may bring none: a blank line, a frame that is no price, a
// record that was compacted away; how many did so each commit says itself (`offsetsWithoutRow`, lake/bronze.cc), and one that a rejection
// explains has its row in quarantine. What was sent again has ids instead of offsets, and is only compared with itself.
//
// Not looked at here: rows of other programs (no position covers them), and rows that a compaction has put together, of which
// verify_kept.cc sees that none went missing. Commits of older versions do not say how many offsets brought nothing, and have an object
// twice that a provider said twice in one answer.
//
// Files are looked at a portion at a time (TableRows), so that memory does not grow with the table.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "delta/position.h"
#include "market/replayed.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

// From where to where a commit took an input. Rows tell of it by their `scope`.
struct Span {
  Version version;
  std::string id, scope;
  std::int64_t low, high;
};

// The topic of "name:identity/partition".
std::optional<std::string> TopicOf(std::string_view rest) {
  auto colon = rest.find(':');
  return colon == rest.npos || colon == 0 ? std::nullopt : std::optional(std::string(rest.substr(0, colon)));
}

// How rows of a position are known, by their columns: "direct/coingecko", "topic/crypto-raw/3"; "any" for what this version does not know.
std::string ScopeOf(std::string_view id) {
  std::string_view rest = id.substr(AppId("bronze/").size());
  if (rest.starts_with("direct/")) return std::string(rest);
  if (rest.starts_with("recording/")) return "file";
  if (rest.starts_with("file/") || rest.starts_with("import/")) return std::string(rest.substr(0, rest.find('/')));
  if (rest.starts_with("quarantine/")) return "again";
  if (rest.starts_with("upgraded/"))
    return "direct/upgraded";  // no input: what became of a topic's positions (kafka/start_plan.cc)
  auto topic = TopicOf(rest);
  return topic ? "topic/" + *topic + std::string(rest.substr(rest.rfind('/'))) : "any";
}

std::vector<Span> Spans(const TableLog& bronze) {
  std::vector<Span> spans;
  std::vector<std::int64_t> before(bronze.position_ids.size(), 0);
  for (const PositionAction& position : bronze.positions) {
    const std::string& id = bronze.position_ids[position.id];
    std::int64_t low = std::exchange(before[position.id], position.value);
    if (position.version <= bronze.base || !id.starts_with(AppId("bronze/"))) continue;  // the base: where it began
    // What goes along with a recording's position is a hash of its lines, no offset.
    std::string_view name = id;
    if (name.starts_with(AppId(kRecordingPosition))) name.remove_prefix(AppId(kRecordingPosition).size());
    if (name.size() < id.size() && name.contains('/')) continue;
    spans.push_back({position.version, id, ScopeOf(id), low, position.value});
  }
  return spans;
}

// What commits say of offsets that brought nothing; only commits all of whose files are as they were written.
std::map<Version, std::int64_t> WithoutRow(const TableLog& bronze, std::int64_t quarantine_whole_from_us) {
  std::map<Version, std::int64_t> without;
  for (const CommitSaid& said : bronze.commits) {
    bool old = std::max<std::int64_t>(said.time_ms, 0) * 1000 < quarantine_whole_from_us;
    if (said.offsets_without_row >= 0 && !old) without[said.version] = said.offsets_without_row;
  }
  std::set<std::string_view> removed;
  for (const FileAction& action : bronze.files) {
    if (!action.add) removed.insert(action.path);
  }
  for (const FileAction& action : bronze.files) {
    if (action.add && removed.contains(action.path)) without.erase(action.version);
  }
  return without;
}

// Makes the table `span` of those of the commits from `first` to `last`. In: all, in the order of versions.
Status MakeSpans(const Duck& duck, const std::vector<Span>& spans, const std::map<Version, std::int64_t>& without, Version first,
                 Version last) {
  std::vector<std::string> rows;
  for (auto span = std::ranges::lower_bound(spans, first, {}, &Span::version); span != spans.end() && span->version <= last;
       ++span) {
    auto said = without.find(span->version);
    rows.push_back(fmt::format("({}, {}, {}, {}, {}, {})", span->version, SqlText(span->id), SqlText(span->scope), span->low,
                               span->high, said == without.end() ? "NULL" : std::to_string(said->second)));
  }
  CS_TRY(duck.Run(
      "CREATE OR REPLACE TABLE span(version BIGINT, id VARCHAR, scope VARCHAR, low BIGINT, high BIGINT, without BIGINT)"));
  return InsertRows(duck, "span", rows);
}

constexpr const char* kMacros[] = {
    R"(CREATE MACRO inside(ranges, off) AS len(list_filter(ranges, lambda r: off >= r.low AND off < r.high)) > 0)",
    R"(CREATE MACRO place(version, path, n, source, topic, part, off) AS format('bronze version={} file={} row={} source={} topic={} partition={} offset={}: ',
        version, path, n, shown(source), shown(topic), shown(part), shown(off)))",
};

// Of one portion of bronze's rows.
constexpr const char* kPortion[] = {
    // A file may have the name of a topic.
    "CREATE OR REPLACE TABLE topic AS SELECT DISTINCT version, split_part(scope, '/', 2) AS name FROM span WHERE "
    "starts_with(scope, "
    "'topic/')",
    R"(CREATE OR REPLACE TABLE taken AS SELECT version, idx, path, file_row_number AS n, source, topic, "partition" AS part, "offset" AS off,
        hash(key, value, epoch_us("timestamp")) AS c,
        CASE WHEN "partition" IS NULL OR "offset" IS NULL THEN NULL
          WHEN topic IS NULL THEN CASE WHEN "partition" = 0 THEN 'direct/' || source END
          WHEN topic = 'quarantine' OR starts_with(topic, 'quarantine:') THEN 'again'
          WHEN (version, topic) IN (SELECT (version, name) FROM topic) THEN 'topic/' || topic || '/' || "partition"
          WHEN "partition" <> 0 THEN NULL WHEN starts_with(topic, 'import:') THEN 'import' ELSE 'file' END AS scope
      FROM bronze_row WHERE known AND data_change AND version IN (SELECT version FROM span))",
    R"(CREATE OR REPLACE TABLE cover AS SELECT version, scope, list({'low': low, 'high': high}) AS ranges, count(*) AS ids, sum(high - low) AS width,
        any_value(without) AS without FROM span GROUP BY version, scope)",
};

// Rows that no position of their commit covers. A position of a kind that this version does not know covers all of its commit.
constexpr const char* kUncovered = R"(
    SELECT place(version, path, n, source, topic, part, off) || 'no position of its commit covers it'
    FROM taken LEFT JOIN cover USING (version, scope)
    WHERE NOT coalesce(CASE WHEN scope = 'again' THEN ids > 0 ELSE inside(ranges, off) END, false)
      AND version NOT IN (SELECT version FROM span WHERE scope = 'any') ORDER BY version, path, n)";

// Since commits count themselves, an object that an answer holds twice is one message (source/markets_decoder.cc).
constexpr const char* kTwice = R"(
    SELECT place(version, max(path), max(n), any_value(source), any_value(topic), any_value(part), off) || 'it is there ' || count(*) || ' times'
    FROM taken WHERE NOT coalesce((scope = 'file' OR starts_with(scope, 'direct/')) AND version NOT IN (SELECT version FROM counted), false)
    GROUP BY version, scope, topic, part, off, CASE WHEN NOT starts_with(coalesce(scope, ''), 'topic/') THEN source END,
      CASE WHEN NOT starts_with(coalesce(scope, ''), 'topic/') AND scope IS DISTINCT FROM 'import' THEN c END
    HAVING count(*) > 1 ORDER BY version, off)";

// A commit has its rows in the order in which they came; of one recording those of one source, and the lines of one after those of another.
constexpr const char* kOutOfOrder = R"(
    WITH recording AS (SELECT version, topic, max(path) AS path, arg_min(n, off) AS n, any_value(source) AS source, min(off) AS low,
        max(off) AS high FROM taken WHERE (version, scope) IN (SELECT (version, scope) FROM cover WHERE ids = 1) AND scope = 'file'
        GROUP BY version, topic),
      before AS (SELECT *, lag(off) OVER (PARTITION BY idx, scope, part ORDER BY n) AS last FROM taken
      WHERE (version, scope) IN (SELECT (version, scope) FROM cover WHERE ids = 1) AND scope <> 'again')
    SELECT place(version, path, n, source, topic, part, off) || 'it comes after offset ' || last FROM before WHERE off < last
    UNION ALL
    SELECT place(version, max(path), max(n), source, topic, 0, max(off)) || count(*) || ' rows, the file has others of another source'
    FROM taken JOIN (SELECT version, topic, mode(source) AS usual FROM taken WHERE scope = 'file' GROUP BY version, topic) u USING (version, topic)
    WHERE scope = 'file' AND source IS DISTINCT FROM usual GROUP BY version, source, topic
    UNION ALL
    SELECT place(a.version, a.path, a.n, a.source, a.topic, 0, a.low) || 'it lies among lines of ' || b.topic FROM recording a JOIN recording b
      ON a.version = b.version AND a.topic <> b.topic AND a.low BETWEEN b.low AND b.high
      AND (a.low > b.low OR a.high < b.high))";

// The key of a message that no topic gave one is its coin, or none.
constexpr const char* kKeys = R"(
    SELECT place(version, path, file_row_number, source, topic, "partition", "offset") || 'its key is ' || shown(key) || ', its coin ' || shown(said.coin_id)
    FROM (SELECT *, read_message(value, source, epoch_us("timestamp")) AS said FROM bronze_row WHERE known AND data_change AND
        (topic IS NULL OR (key IS NOT NULL AND NOT starts_with(topic, 'import:') AND NOT starts_with(topic, 'quarantine:')
          AND (version, topic) NOT IN (SELECT (version, name) FROM topic))))
    WHERE said.reasons IS NULL AND key IS DISTINCT FROM said.coin_id AND version IN (SELECT version FROM span WHERE scope <> 'any'))";

// Offsets of a commit that have neither a row nor a rejection, where there are more of them than the commit says.
constexpr const char* kMissing = R"(
    WITH counted AS (SELECT version, sum(width) AS width, any_value(without) AS without FROM cover
        WHERE without IS NOT NULL AND scope <> 'again' GROUP BY version HAVING max(ids) = 1
          AND version NOT IN (SELECT version FROM span WHERE scope = 'any') AND version BETWEEN {0} AND {1}),
      there AS (SELECT version, scope, off FROM taken JOIN cover USING (version, scope) WHERE inside(ranges, off)
        UNION SELECT span.version, span.scope, aside.off FROM span JOIN aside ON aside.off >= low AND aside.off < high
          AND CASE split_part(scope, '/', 1) WHEN 'direct' THEN aside.topic IS NULL AND scope = 'direct/' || aside.source
            WHEN 'topic' THEN scope = 'topic/' || aside.topic || '/' || aside.part ELSE aside.topic IS NOT NULL END
          WHERE span.version BETWEEN {0} AND {1}),
      short AS (SELECT version, width - coalesce(n, 0) AS holes, without FROM counted
        LEFT JOIN (SELECT version, count(*) AS n FROM there GROUP BY version) USING (version) WHERE width - coalesce(n, 0) > without),
      steps AS (SELECT version, scope, off, lead(off) OVER (PARTITION BY version, scope ORDER BY off) AS next FROM
        (SELECT * FROM there UNION ALL SELECT version, scope, low - 1 FROM span UNION ALL SELECT version, scope, high FROM span)
        WHERE version IN (SELECT version FROM short)),
      holes AS (SELECT version, string_agg(scope || ' [' || (off + 1) || ',' || next || ')', ', ' ORDER BY scope, off) AS places
        FROM (SELECT * FROM steps WHERE next > off + 1 ORDER BY version, scope, off LIMIT 20) GROUP BY version)
    SELECT format('bronze version={{}}: {{}} offsets without a row or a rejection, the commit says {{}}: {{}}', version, holes, without, places)
    FROM short JOIN holes USING (version) ORDER BY version)";

// The files whose rows their own commit wrote.
std::vector<LoggedFile> Written(std::vector<LoggedFile> files) {
  std::erase_if(files, [](const LoggedFile& file) { return !file.known || !file.data_change; });
  return files;
}

}  // namespace

Status MakeCounted(const Duck& duck, const TableLog& log, Version first, Version last) {
  std::vector<std::string> rows;
  for (const CommitSaid& said : log.commits) {
    if (said.counts_itself && said.version >= first && said.version <= last) rows.push_back(fmt::format("({})", said.version));
  }
  CS_TRY(duck.Run("CREATE OR REPLACE TABLE counted(version BIGINT)"));
  return InsertRows(duck, "counted", rows);
}

Result<std::vector<Check>> CheckBronze(const PinnedTables& tables) {
  const TableLog& bronze = tables.at("bronze");
  const TableLog& quarantine = tables.at("quarantine");
  Check covered{"bronze: each row where a position of its commit says, once", true, "", {}};
  Check whole{"bronze: each offset has its row, or a reason for none", true, "", {}};
  std::vector<Span> spans = Spans(bronze);
  CS_ASSIGN(Positions aside, quarantine.PositionsAt(quarantine.version));
  auto without = WithoutRow(bronze, WholeFromMicros(aside, {}));
  CS_ASSIGN(auto duck, OpenRows(tables, {std::begin(kMacros), std::end(kMacros)}));
  CS_ASSIGN(TableRows rejected, TableRows::Open(*duck, quarantine, "quarantine"));
  CS_TRY(rejected.Fill("aside",
                       "SELECT DISTINCT source, topic, \"partition\" AS part, \"offset\" AS off FROM quarantine_row WHERE "
                       "stage <> 'silver'"));
  CS_ASSIGN(std::vector<LoggedFile> files, bronze.FilesAt(bronze.version));
  CS_ASSIGN(TableRows rows, TableRows::Open(*duck, bronze, Written(std::move(files)), "bronze"));
  std::int64_t count = 0;
  Version first = 0;  // commits without rows belong to the portion after them
  auto look = [&](Version last) -> Status {
    CS_TRY(MakeSpans(*duck, spans, without, first, last));
    CS_TRY(MakeCounted(*duck, bronze, first, last));
    for (const char* statement : kPortion) CS_TRY(duck->Run(statement));
    for (const char* sql : {kUncovered, kTwice, kOutOfOrder, kKeys}) WrongRows(covered, *duck, sql);
    WrongRows(whole, *duck, fmt::format(kMissing, first, last));
    CS_ASSIGN(std::int64_t taken, Number(*duck, "SELECT count(*) FROM taken"));
    count += taken;
    first = last + 1;
    return {};
  };
  CS_TRY(
      rows.ForEachPortion([&](const std::vector<std::size_t>& portion) { return look(rows.files()[portion.back()].version); }));
  CS_TRY(look(bronze.version));  // the commits after the last row
  covered.detail = fmt::format("{} rows as they were written", count);
  whole.detail = fmt::format("{} of {} commits say", without.size(), bronze.listing.commits.size());
  return std::vector<Check>{std::move(covered), std::move(whole)};
}

}  // namespace cryptostream
