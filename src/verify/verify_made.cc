// What silver must have made of bronze, in SQL. In: bronze's rows at a version. Out: the table `made`, a line a bronze row, with hashes of
// the silver row that its message gives. The message is read by DuckDB's JSON reader and the numbers are taken from their
// decimal text, so a fault of our own parser is seen. Only hashes are kept: 2 million rows need 130 MB.
//
// DuckDB gives a JSON number back in its shortest form, which is the text's value to the last digit for up to 15 digits; a time with more
// is looked for in the message's own text.
#include <fmt/format.h>

#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

constexpr const char* kFields[] = {
    "timestamp", "coin_id", "price",        "volume_24h", "market_cap", "price_change_24h", "price_change_percentage_24h",
    "high_24h",  "low_24h", "last_updated", "source",     "symbol",     "trade_id",         "quantity"};

// A message's fields as JSON text: strings with their quotes, so that 5 and "5" stay apart.
std::string FieldTypes() {
  std::string types;
  for (const char* field : kFields) types += fmt::format("{}\"{}\":\"JSON\"", types.empty() ? "" : ",", field);
  return SqlText("{" + types + "}");
}

// number_text: a JSON number, or a string that holds one. exact_us: microseconds of decimal seconds, cut. field_us: the
// same of a field, from the message's own text where its double has lost digits. moment_us: a field that may be RFC 3339.
constexpr const char* kMacros[] = {
    R"(CREATE MACRO number_text(j) AS CASE WHEN NOT starts_with(j, '"') THEN j
        WHEN regexp_full_match(j, '"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"') THEN trim(j, '"') END)",
    R"(CREATE MACRO number_of(t) AS CASE WHEN isfinite(try_cast(t AS DOUBLE)) AND NOT (try_cast(t AS DOUBLE) = 0
        AND regexp_matches(t, '^[^eE]*[1-9]')) THEN try_cast(t AS DOUBLE) END)",
    R"(CREATE MACRO name_text(j) AS CASE WHEN regexp_full_match(j, '"[A-Za-z0-9._:/+-]{1,128}"') THEN trim(j, '"') END)",
    R"(CREATE MACRO exact_us(t) AS CASE WHEN contains(t, 'e') OR contains(t, 'E')
        THEN try_cast(trunc(try_cast(t AS DECIMAL(38, 18)) * 1000000) AS BIGINT)
        ELSE try_cast(replace(try_cast(regexp_extract(t, '^-?[0-9]+(\.[0-9]{1,6})?') AS DECIMAL(18, 6))::VARCHAR, '.', '') AS BIGINT) END)",
    R"(CREATE MACRO field_us(message, t, field) AS exact_us(CASE WHEN contains(message, t) THEN t
        ELSE coalesce(list_filter(regexp_extract_all(message, '"' || field || '"\s*:\s*"?(-?[0-9][0-9.eE+-]*)', 1),
          lambda x: try_cast(x AS DOUBLE) = try_cast(t AS DOUBLE))[1], t) END))",
    R"(CREATE MACRO rfc3339_us(t) AS CASE
        WHEN regexp_full_match(t, '\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:60(\.\d*)?([Zz]|[+-]\d\d:\d\d)')
          THEN epoch_us(try_cast(regexp_replace(regexp_replace(t, ':60', ':59'), '(\.\d{6})\d+', '\1') AS TIMESTAMPTZ)) + 1000000
        WHEN regexp_full_match(t, '\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d*)?([Zz]|[+-]\d\d:\d\d)')
          THEN epoch_us(try_cast(upper(regexp_replace(regexp_replace(t, '(\.\d{6})\d+', '\1'), '\.([Zz+-])', '\1')) AS TIMESTAMPTZ)) END)",
    R"(CREATE MACRO moment_us(message, j, field) AS CASE WHEN number_text(j) IS NOT NULL THEN field_us(message, number_text(j), field)
        ELSE rfc3339_us(trim(j, '"')) END)",
    R"(CREATE MACRO content(coin, us, updated, price, quantity, volume, cap, change, change_pct, high, low, source, symbol, trade) AS
        hash(coin, us, updated, price, quantity, volume, cap, change, change_pct, high, low, source, symbol, trade))",
    R"(CREATE MACRO whole(content, received, us) AS hash(content, received, (us // 3600000000) % 24))",
    R"(CREATE MACRO row_key(content, source, symbol, trade) AS CASE WHEN trade IS NULL THEN content ELSE hash(source, symbol, trade) END)",
    // Not only time: rows of one key in one group, and few enough in each for the hash.
    R"(CREATE MACRO row_group(us, trade) AS coalesce(trade, us // 60000000))",
    R"(CREATE MACRO reject_key(source, topic, part, off, received, value) AS hash(source, topic, part, off, received, value))",
    // Texts that DuckDB's JSON reader lets pass and the parser does not.
    R"(CREATE MACRO reject_is_lexical(reason, value) AS CASE split_part(reason, ':', 1)
        WHEN 'malformed_json' THEN NOT json_valid(value) OR regexp_matches(value, '(?i)nan|inf|,\s*[\]}]|/\*|//')
        WHEN 'duplicate_key' THEN len(try(json_keys(value))) > len(list_distinct(try(json_keys(value))))
        WHEN 'too_deep' THEN length(regexp_replace(value, '[^\[{]', '', 'g')) > 64
        WHEN 'bad_number' THEN regexp_matches(value, '[eE]-[0-9]{3}')
        WHEN 'too_many_names' THEN true ELSE false END)",
};

// Every typed field of a bronze row. `p`: the field is there, null stays null.
std::string Typed() {
  std::string numbers;
  for (const char* field : {"price", "quantity", "volume_24h", "market_cap", "price_change_24h", "price_change_percentage_24h",
                            "high_24h", "low_24h"}) {
    numbers += fmt::format(", number_of(number_text(j.{0})) AS {0}", field);
  }
  return "SELECT idx, file_row_number, value, j, NOT data_change OR NOT known AS moved, epoch_us(\"timestamp\") AS received, "
         "reject_key(source, topic, \"partition\", \"offset\", "
         "epoch_us(\"timestamp\"), encode(value)) AS h, CASE WHEN j.source IS NULL THEN source ELSE name_text(j.source) END AS "
         "source, "
         "name_text(j.coin_id) AS coin_id, name_text(j.symbol) AS symbol, CASE WHEN regexp_full_match(number_text(j.trade_id), "
         "'-0|[0-9]+') "
         "THEN try_cast(number_text(j.trade_id) AS BIGINT) END AS trade_id, field_us(value, number_text(j.\"timestamp\"), "
         "'timestamp') AS us, "
         "CASE WHEN j.last_updated IS NOT NULL THEN moment_us(value, j.last_updated, 'last_updated') END AS last_updated" +
         numbers + " FROM (SELECT *, try(json_transform(value, " + FieldTypes() +
         ")) AS j FROM bronze_row "
         "WHERE (version <= bronze_consumed() OR NOT data_change) AND epoch_us(\"timestamp\") >= bronze_whole_from())";
}

// Whether a message can be a row: what is there has the right type, what must be there is, nothing is out of range.
std::string Good() {
  std::string good =
      "us BETWEEN 0 AND 253402300799999999 AND us <= received + 5000000 AND coin_id IS NOT NULL AND price BETWEEN 1e-100 AND "
      "1e100 "
      "AND source IS NOT NULL AND (quantity IS NULL OR quantity = 0 OR quantity BETWEEN 1e-100 AND 1e100) "
      "AND coalesce(last_updated BETWEEN 0 AND 253402300799999999, true)";
  for (const char* field : kFields) {
    std::string column = std::string(field) == "timestamp" ? "us" : field;
    if (std::string(field) != "source") good += fmt::format(" AND (j.\"{}\" IS NULL) = ({} IS NULL)", field, column);
  }
  return "coalesce(" + good + ", false)";
}

std::string Hashed() {
  return "SELECT idx << 32 | file_row_number AS ord, moved, h, us, row_group(us, trade_id) AS g, content(coin_id, us, "
         "last_updated, price, quantity, "
         "volume_24h, market_cap, price_change_24h, price_change_percentage_24h, high_24h, low_24h, source, symbol, trade_id) AS "
         "cc, "
         "row_key(cc, source, symbol, trade_id) AS k, whole(cc, received, us) AS c, " +
         Good() + " AND h NOT IN (SELECT h FROM lexical) AS good FROM (" + Typed() + ")";
}

}  // namespace

std::vector<std::string> MadeSetup(Version consumed, std::int64_t bronze_whole_from_us, std::int64_t silver_whole_from_us) {
  std::vector<std::string> setup(std::begin(kMacros), std::end(kMacros));
  setup.push_back(fmt::format("CREATE MACRO bronze_consumed() AS {}::BIGINT", consumed));
  setup.push_back(fmt::format("CREATE MACRO bronze_whole_from() AS {}::BIGINT", bronze_whole_from_us));
  setup.push_back(fmt::format("CREATE MACRO silver_whole_from() AS {}::BIGINT", silver_whole_from_us));
  setup.push_back(
      "CREATE TABLE refused AS SELECT reject_key(source, topic, \"partition\", \"offset\", epoch_us(\"timestamp\"), value) AS h, "
      "reason, "
      "\"timestamp\" AS received, value, path, version, file_row_number, \"offset\" FROM quarantine_row WHERE stage = 'silver' "
      "AND epoch_us(\"timestamp\") >= bronze_whole_from()");
  // A message that was sent again later (market/replayed.h) was refused under the rules of its day: silver has its say on the later row.
  setup.push_back(
      "CREATE TABLE lexical AS SELECT DISTINCT h FROM refused WHERE reject_is_lexical(reason, try(decode(value))) "
      "UNION SELECT h FROM refused JOIN (SELECT value, max(\"timestamp\") AS last FROM bronze_row WHERE topic = 'quarantine' OR "
      "starts_with(topic, 'quarantine:') GROUP BY value) again ON again.value = try(decode(refused.value)) "
      "AND again.last > refused.received");
  setup.push_back("CREATE TABLE made AS " + Hashed());
  setup.push_back(
      "CREATE VIEW had_any AS SELECT *, content(coin_id, us, epoch_us(last_updated), price, quantity, volume_24h, market_cap, "
      "price_change_24h, price_change_percentage_24h, high_24h, low_24h, source, symbol, trade_id) AS cc, "
      "row_key(cc, source, symbol, trade_id) AS k, hash(cc, epoch_us(ingestion_timestamp), hour::BIGINT) AS c FROM (SELECT *, "
      "epoch_us(api_timestamp) AS us FROM "
      "silver_row)");
  // A row that retention has left of one side only is not compared.
  setup.push_back(
      "CREATE VIEW had AS SELECT * FROM had_any WHERE us IS NULL OR (us >= silver_whole_from() AND "
      "coalesce(epoch_us(ingestion_timestamp) >= bronze_whole_from(), true))");
  return setup;
}

}  // namespace cryptostream
