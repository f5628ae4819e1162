// What silver must have made of bronze, in SQL. In: bronze's rows at a version. Out: the table `made`, a line a bronze row, with hashes of
// the silver row that its message gives, or the reasons why it gives none. The message is read by code of verification's own
// (verify/second_reading.h), so a fault of the engine's parser is seen. Only hashes are kept: 80 bytes a row, which DuckDB spills.
#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "market/table_columns.h"
#include "query/lake_views.h"
#include "verify/second_reading.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

constexpr const char* kMacros[] = {
    R"(CREATE MACRO whole(content, quote, received, us) AS hash(content, quote, received, (us // 3600000000) % 24))",
    R"(CREATE MACRO row_key(content, coin, quote, source, symbol, trade, bar_s, us) AS CASE WHEN trade IS NOT NULL THEN hash(source, symbol, trade)
        WHEN bar_s IS NOT NULL THEN hash(source, coalesce(symbol, concat(coin, chr(10), quote)), bar_s, us // (bar_s * 1000000))
        ELSE hash(content, quote) END)",
    // Not only time: rows of one key in one group, and few enough in each for the hash.
    R"(CREATE MACRO row_group(us, trade) AS coalesce(trade, us // 60000000))",
    R"(CREATE MACRO reject_key(source, topic, part, off, received, value) AS hash(source, topic, part, off, received, value))",
    // Whether a reason is one of those, which stand in lines; the words behind malformed_json are the parser's own.
    R"(CREATE MACRO explains(reasons, reason) AS list_contains(string_split(reasons, chr(10)),
        CASE WHEN split_part(reason, ':', 1) = 'malformed_json' THEN 'malformed_json' ELSE reason END))",
};

// A column of silver that a message says, as the second reading has it.
struct SaidColumn {
  std::string_view column;  // of silver
  const char* name;         // in SQL: times are microseconds
  std::variant<std::optional<std::string> SecondReading::*, std::optional<std::int64_t> SecondReading::*,
               std::optional<double> SecondReading::*>
      said;
};
constexpr const char* kQuote = "quote";
constexpr SaidColumn kSaid[] = {
    {"coin_id", "coin_id", &SecondReading::coin_id},
    {"source", "source", &SecondReading::source},
    {"symbol", "symbol", &SecondReading::symbol},
    {"api_timestamp", "us", &SecondReading::event_us},
    {"last_updated", "last_updated", &SecondReading::last_updated_us},
    {"trade_id", "trade_id", &SecondReading::trade_id},
    {"price", "price", &SecondReading::price},
    {"quantity", "quantity", &SecondReading::quantity},
    {"volume_24h", "volume_24h", &SecondReading::volume_24h},
    {"market_cap", "market_cap", &SecondReading::market_cap},
    {"price_change_24h", "price_change_24h", &SecondReading::price_change_24h},
    {"price_change_percentage_24h", "price_change_percentage_24h", &SecondReading::price_change_percentage_24h},
    {"high_24h", "high_24h", &SecondReading::high_24h},
    {"low_24h", "low_24h", &SecondReading::low_24h},
    {"open", "open", &SecondReading::open},
    {"high", "high", &SecondReading::high},
    {"low", "low", &SecondReading::low},
    {"bar_s", "bar_s", &SecondReading::bar_s},
    {"vwap", "vwap", &SecondReading::vwap},
    {"trades", "trades", &SecondReading::trades},
    {"quote", kQuote, &SecondReading::quote}};

// The macro `whole` has these, and verify_files.cc the columns of the partition.
constexpr std::string_view kNotSaid[] = {"ingestion_timestamp", "hour"};

consteval bool AllCompared() {
  bool all = true;
  ForEachColumn(kSilverColumns, [&](const auto& column) {
    all = all &&
          (column.info.role == ColumnRole::kPartition || std::ranges::find(kNotSaid, column.info.name) != std::end(kNotSaid) ||
           std::ranges::find(kSaid, column.info.name, &SaidColumn::column) != std::end(kSaid));
  });
  return all;
}
static_assert(AllCompared(), "a column of silver that no check looks at");

// The hash of what a message says; without its currency, which is no part of what makes two trades or bars conflict (lake/dedup.cc).
std::string Content() {
  std::string names;
  for (const SaidColumn& said : kSaid) {
    if (said.name != kQuote) names += fmt::format("{}{}", names.empty() ? "" : ", ", said.name);
  }
  return "hash(" + names + ")";
}

// Bronze's rows that silver has read, each with what its message says.
constexpr const char* kRead = R"(
    SELECT idx, file_row_number, version, NOT data_change OR NOT known AS moved, epoch_us("timestamp") AS received,
      reject_key(source, topic, "partition", "offset", epoch_us("timestamp"), encode(value)) AS h,
      read_message(value, source, epoch_us("timestamp")) AS said
    FROM bronze_row WHERE (version <= bronze_consumed() OR NOT data_change)
      AND coalesce(epoch_us("timestamp") >= bronze_whole_from(), true))";

// A message that was sent again later (market/replayed.h) was refused under the rules of its day: silver has its say on the later row.
constexpr const char* kAgain = R"(
    SELECT hash(value) AS body, max("timestamp") AS last FROM bronze_row
    WHERE value IS NOT NULL AND (topic = 'quarantine' OR starts_with(topic, 'quarantine:')) AND hash(value) IN (SELECT body FROM refused) GROUP BY value)";
constexpr const char* kSentAgain =
    "CREATE TABLE sent_again AS SELECT DISTINCT h FROM refused JOIN again USING (body) WHERE again.last > refused.received";

// Rows that were refused because a process had met as many names as it can hold; CheckSilver sees whether that can be.
constexpr const char* kUnnamed = "CREATE TABLE unnamed AS SELECT DISTINCT h FROM refused WHERE reason = 'too_many_names'";

constexpr const char* kRefused = R"(
    SELECT reject_key(source, topic, "partition", "offset", epoch_us("timestamp"), value) AS h, reason, "timestamp" AS received,
      hash(try(decode(value))) AS body, path, version, file_row_number, "offset" FROM quarantine_row
    WHERE stage = 'silver' AND coalesce(epoch_us("timestamp") >= bronze_whole_from(), true))";

// Rows of bronze that silver has not come to yet: they may be in quarantine.
constexpr const char* kAhead = R"(
    SELECT reject_key(source, topic, "partition", "offset", epoch_us("timestamp"), encode(value)) AS h
    FROM bronze_row WHERE version > bronze_consumed() AND data_change)";

// The currency of a message that does not say it, by its source and the version of bronze that holds it. A compaction loses the version:
// where a source has had several, it is then the one that silver has for what the message says (table `had_quote`), which is right unless the
// same was said under both.
std::string DefaultQuote(const SourceQuotes& quotes) {
  std::string sql = "CASE WHEN false THEN NULL ";
  for (const auto& [source, records] : quotes.records()) {
    std::string of_source = "CASE ";
    if (records.size() > 1) {
      of_source +=
          "WHEN moved AND cc IN (SELECT cc FROM had_quote) THEN (SELECT max(q) FROM had_quote WHERE had_quote.cc = read.cc) ";
    }
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
      of_source += fmt::format("WHEN version >= {} THEN {} ", record->from, SqlText(record->quote.str()));
    }
    sql += fmt::format("WHEN source = {} THEN {}ELSE {} END ", SqlText(source.str()), of_source,
                       SqlText(records.front().quote.str()));
  }
  return sql + fmt::format("ELSE {} END", QuoteColumnSql(SourceQuotes()));
}

std::string Hashed(const SourceQuotes& quotes) {
  std::string fields;
  for (const SqlColumn& field : MessageFunction().fields) fields += fmt::format(", said.\"{0}\" AS \"{0}\"", field.name);
  return fmt::format(
      "SELECT ord, moved, received, h, us, row_group(us, trade_id) AS g, cc, "
      "row_key(cc, coin_id, of_price, source, symbol, trade_id, bar_s, us) AS k, whole(cc, of_price, received, us) AS c, "
      "reasons, reasons IS NULL "
      "AND h NOT IN (SELECT h FROM sent_again) AND h NOT IN (SELECT h FROM unnamed) AS good "
      "FROM (SELECT *, coalesce(quote, {3}) AS of_price FROM (SELECT *, {0} AS cc, idx << 32 | file_row_number AS ord "
      "FROM (SELECT idx, file_row_number, version, moved, received, h{1} FROM ({2}))) read)",
      Content(), fields, kRead, DefaultQuote(quotes));
}

// Silver's rows; one that retention has left of one side only is not compared.
std::string HadSql(const std::string& quote_sql) {
  return fmt::format(
      "SELECT idx << 32 | file_row_number AS ord, us, cc, quote, row_key(cc, coin_id, quote, source, symbol, trade_id, bar_s, "
      "us) AS k, "
      "hash(cc, quote, received, hour::BIGINT) AS c, received < bronze_whole_from() AS older, "
      "us IS NULL OR (us >= silver_whole_from() AND coalesce(received >= bronze_whole_from(), true)) AS compared FROM (SELECT *, "
      "{0} AS cc, epoch_us(ingestion_timestamp) AS received FROM (SELECT * REPLACE (epoch_us(last_updated) AS last_updated, "
      "bar_s::BIGINT AS bar_s, {1} AS quote), epoch_us(api_timestamp) AS us FROM silver_row))",
      Content(), quote_sql);
}

SqlValue Value(const std::optional<std::string>& text) { return text ? SqlValue(*text) : SqlValue(); }
SqlValue Value(const std::optional<double>& number) { return number ? SqlValue(*number) : SqlValue(); }
SqlValue Value(const std::optional<std::int64_t>& whole) { return whole ? SqlValue(*whole) : SqlValue(); }

// A message that cannot be read at all (a null in bronze) is none.
void CallReadAgain(const std::vector<SqlValue>& arguments, std::vector<SqlValue>& out) {
  const auto* message = std::get_if<std::string>(&arguments[0]);
  const auto* source = std::get_if<std::string>(&arguments[1]);
  const auto* received = std::get_if<std::int64_t>(&arguments[2]);
  SecondReading read;
  if (message != nullptr && received != nullptr) {
    read = ReadAgain(*message, source == nullptr ? "" : *source, *received);
  } else {
    read.reasons.emplace_back("malformed_json");
  }
  if (!read.good()) {
    std::string reasons;
    for (const std::string& reason : read.reasons) reasons += (reasons.empty() ? "" : "\n") + reason;
    out[0] = std::move(reasons);
  }
  if (read.source && read.source->empty()) read.source.reset();
  for (std::size_t i = 0; i < std::size(kSaid); ++i) {
    out[1 + i] = std::visit([&](auto member) { return Value(read.*member); }, kSaid[i].said);
  }
}

}  // namespace

std::string NamesSql() {
  return fmt::format("SELECT DISTINCT unnest([said.coin_id, said.source, said.symbol, said.quote]) AS name FROM ({})", kRead);
}

const SqlFunction& MessageFunction() {
  static const SqlFunction function = [] {
    constexpr const char* kTypes[] = {"VARCHAR", "BIGINT", "DOUBLE"};  // in the order of SaidColumn::said
    SqlFunction made{"read_message",
                     {{"message", "VARCHAR"}, {"source", "VARCHAR"}, {"received", "BIGINT"}},
                     {{"reasons", "VARCHAR"}},
                     CallReadAgain};
    for (const SaidColumn& said : kSaid) made.fields.push_back({said.name, kTypes[said.said.index()]});
    return made;
  }();
  return function;
}

std::vector<std::string> MadeMacros(const SilverState& state) {
  std::vector<std::string> macros(std::begin(kMacros), std::end(kMacros));
  for (const auto& [name, value] :
       {std::pair("bronze_consumed", state.consumed), std::pair("bronze_whole_from", state.bronze_whole_from_us),
        std::pair("silver_whole_from", state.silver_whole_from_us),
        std::pair("quarantine_whole_from", state.quarantine_whole_from_us)}) {
    macros.push_back(fmt::format("CREATE MACRO {}() AS {}::BIGINT", name, value));
  }
  return macros;
}

Status MakeMade(const Duck& duck, const TableRows& bronze, const TableRows& silver, const TableRows& quarantine,
                const SilverState& state) {
  std::vector<std::size_t> ahead;
  for (std::size_t i = 0; i < bronze.files().size(); ++i) {
    if (bronze.files()[i].version > state.consumed) ahead.push_back(i);
  }
  CS_TRY(quarantine.Fill("refused", kRefused));
  CS_ASSIGN(std::int64_t refused, Number(duck, "SELECT count(*) FROM refused"));
  CS_TRY(refused > 0 ? bronze.Fill("again", kAgain) : bronze.Fill("again", kAgain, {}));
  CS_TRY(duck.Run(kSentAgain));
  CS_TRY(duck.Run(kUnnamed));
  CS_TRY(silver.Fill("had", HadSql(state.quote_sql)));
  bool several = std::ranges::any_of(state.quotes.records(), [](const auto& source) { return source.second.size() > 1; });
  if (several) CS_TRY(duck.Run("CREATE TABLE had_quote AS SELECT cc, max(quote) AS q FROM had GROUP BY cc"));
  CS_TRY(bronze.Fill("made", Hashed(state.quotes)));
  return bronze.Fill("ahead", kAhead, ahead);
}

}  // namespace cryptostream
