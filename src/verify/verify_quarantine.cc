// Quarantine for itself. What silver refused follows from bronze (verify_silver.cc); what was refused before bronze has no other record,
// and of it only this can be seen: that it says where and why, that it is there once, that the reason can be, and that it lies in the
// partition of its day. Its offsets are looked at with bronze's (verify_bronze.cc). In: quarantine, pinned.
#include <fmt/format.h>

#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

constexpr const char* kPlace =
    R"(CREATE MACRO place(version, path, n, off, reason) AS format('quarantine version={} file={} row={} offset={} reason={}: ',
        version, path, n, shown(off), shown(reason)))";

constexpr const char* kUnsaid = R"(
    SELECT place(version, path, file_row_number, "offset", reason) || 'it lacks stage, reason, offset, time, source or bytes' FROM quarantine_row
    WHERE coalesce(stage, '') NOT IN ('source', 'bronze', 'silver') OR coalesce(reason, '') = '' OR "offset" IS NULL OR "timestamp" IS NULL
      OR "partition" IS NULL OR source IS NULL OR value IS NULL)";

// As of bronze (verify_bronze.cc).
constexpr const char* kTwice = R"(
    SELECT place(version, max(path), max(file_row_number), "offset", reason) || 'it is there ' || count(*) || ' times' FROM quarantine_row
    WHERE known AND data_change AND stage <> 'silver' AND version IN (SELECT version FROM counted)
    GROUP BY version, source, topic, "partition", "offset", stage, reason, value, "timestamp" HAVING count(*) > 1)";

// Bronze refuses what a column of text cannot hold. A source refuses a message for its content only if that can be no row, and for
// bytes that are no text only such bytes. What a topic's producer refused has that one's words.
constexpr const char* kUnlikely = R"(
    SELECT place(version, path, file_row_number, "offset", reason) || 'its bytes are no such message' FROM (SELECT *, split_part(reason, ':', 1) AS word,
        try(decode(value)) AS body FROM quarantine_row WHERE stage <> 'silver')
    WHERE CASE WHEN stage = 'bronze' THEN CASE reason WHEN 'not_utf8' THEN body IS NOT NULL AND octet_length(value) <= 1048576
          WHEN 'too_large' THEN octet_length(value) < 1048576 ELSE true END
      WHEN reason = 'not_utf8' THEN body IS NOT NULL AND octet_length(value) < 65536
      WHEN word IN ('malformed_json', 'not_an_object', 'duplicate_key', 'missing_timestamp', 'missing_coin_id', 'missing_price', 'wrong_type',
          'bad_timestamp', 'bad_coin_id', 'bad_number', 'price_not_positive', 'price_out_of_range', 'too_deep')
        THEN body IS NOT NULL AND read_message(body, source, epoch_us("timestamp")).reasons IS NULL ELSE false END)";

// A row lies in the partition of the day on which it was rejected, which is that of its commit, but for a midnight in between.
Status CheckDays(Check& check, const TableLog& quarantine) {
  constexpr std::size_t kPortion = 1000;
  constexpr std::int64_t kDayMs = 86'400'000;
  std::map<Version, std::int64_t> times;
  for (const CommitSaid& said : quarantine.commits) times[said.version] = said.time_ms;
  return quarantine.ForEachLive(kPortion, [&](const std::vector<LiveFile>& files) -> Status {
    for (const LiveFile& file : files) {
      const FileAction& add = *file.action;
      auto time = times.find(add.version);
      if (!add.known || !add.data_change || time == times.end() || time->second < 0) continue;
      std::string is = TextOf(file.partition, "date").value_or("");
      auto day = ParseRfc3339(is + "T00:00:00Z");
      std::int64_t committed = time->second / kDayMs;
      if (day && std::abs(DateOf(*day).time_since_epoch().count() - committed) <= 1) continue;
      Wrong(check, fmt::format("quarantine version={} file={}: partition {}, its commit is of {}", add.version, add.path, is,
                               FormatDate(Date(std::chrono::days(committed)))));
    }
    return {};
  });
}

}  // namespace

Result<std::vector<Check>> CheckQuarantine(const PinnedTables& tables) {
  const TableLog& quarantine = tables.at("quarantine");
  Check check{"quarantine: each rejection says where and why, once", true, "", {}};
  CS_ASSIGN(auto duck, OpenRows(tables, {kPlace}));
  CS_TRY(MakeCounted(*duck, quarantine, 0, quarantine.version));
  CS_ASSIGN(TableRows rows, TableRows::Open(*duck, quarantine, "quarantine"));
  std::int64_t count = 0;
  CS_TRY(rows.ForEachPortion([&](const auto&) -> Status {
    for (const char* sql : {kUnsaid, kTwice, kUnlikely}) WrongRows(check, *duck, sql);
    CS_ASSIGN(std::int64_t of_portion, Number(*duck, "SELECT count(*) FROM quarantine_row WHERE stage <> 'silver'"));
    count += of_portion;
    return {};
  }));
  CS_TRY(CheckDays(check, quarantine));
  check.detail = std::to_string(count) + " from before bronze";
  return std::vector<Check>{std::move(check)};
}

}  // namespace cryptostream
