#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/position.h"
#include "market/derived_table.h"
#include "market/quote.h"
#include "query/print.h"
#include "verify/event_times.h"
#include "verify/table_log.h"
#include "verify/verify.h"

// What the parts of a verification share; for verify/verify*.cc only.
namespace cryptostream {

inline constexpr std::size_t kMaxPlaces = 20;

// Marks a check as wrong at a place. Beyond kMaxPlaces places are only counted by the caller.
void Wrong(Check& check, std::string place);
// Marks a check as one that could not be made, or not wholly.
void NotChecked(Check& check, const std::string& reason);
// What an error says about a check: wrong where the data is at fault, not checked where the machine is (memory, time, a file that exists
// and cannot be read) or this program. In: words put before its message.
void Failed(Check& check, const Error& error, const std::string& where = "");
bool IsFaultOfData(const Error& error);
// Runs a query whose rows are one text each, a place that is wrong; a query that fails counts as Failed says.
// In: words put before a failing query's message. Out: how many rows there were, at most kMaxPlaces + 1.
std::size_t WrongRows(Check& check, const Duck& duck, const std::string& sql, const std::vector<SqlValue>& parameters = {},
                      const std::string& where = "");
// The first value of a query's first row as a number, 0 for null. Errors: as of the query.
Result<std::int64_t> Number(const Duck& duck, const std::string& sql, const std::vector<SqlValue>& parameters = {});

// What to do about a damaged table: "`cryptostream rebuild gold` makes it anew".
std::string HowToMend(const std::string& table);

// The log's actions among each other, and what the kernel makes of it (verify_log.cc).
std::vector<Check> CheckLog(const TableLog& log);
// Makes the table `counted(version)`, the commits from `first` to `last` that count themselves (verify_bronze.cc).
Status MakeCounted(const Duck& duck, const TableLog& log, Version first, Version last);
// Files added once and removed once; commits as they say; positions forward (parts of CheckLog).
Check CheckActions(const TableLog& log);
Check CheckCommits(const TableLog& log);
Check CheckPositions(const TableLog& log);
// Protocol and metadata of every version, beside what this program makes a table with (verify_shape.cc).
Check CheckShape(const TableLog& log, const VerifyOptions& options);
// The format that a table says it is of (delta/table.h); the newest where it does not say it.
int FormatIn(const DescribingAction& metadata);
// The currency of a table's row, as SQL: null in a row from before there was the column stands for its source's, in another it is a fault.
std::string QuoteSql(const TableLog& log, const SourceQuotes& quotes);
// A duration of a property ("interval 6 hours").
std::optional<std::chrono::milliseconds> IntervalOf(std::string_view text);
// False for a table whose every metadata lacks our property: another program's, and no damage of ours.
bool IsMadeByUs(const TableLog& log);
// Only what makes it unsafe to write: protocol, columns, partition columns, positions that are forgotten.
Check CheckWritableShape(const TableLog& log);
// _last_checkpoint, the newest checkpoints and checksums against the commits (verify_checkpoint.cc, verify_checksum.cc).
std::vector<Check> CheckCheckpoints(const TableLog& log);
Check CheckHint(const TableLog& log);
// One checkpoint, one checksum against the commits; wrong places are added to `check`.
void CompareCheckpoint(Check& check, const TableLog& log, Version version);
void CompareChecksum(Check& check, const TableLog& log, Version version);
Check CheckAgainstCommits(const TableLog& log);
// The newest few versions of `all` that the commits still reach.
std::vector<Version> NewestReached(const TableLog& log, std::vector<Version> all);
// How large a checkpoint is. Errors: as of ForEachActionOfCheckpoint.
struct CheckpointSize {
  std::int64_t actions = 0, adds = 0, bytes = 0;
};
Result<CheckpointSize> SizeOfCheckpoint(const TableLog& log, const std::vector<std::string>& names);
// A protocol or a metaData as a stand-in has it against the commits'; in: "version=7 file=...", "protocol", the one said to hold.
void CompareFields(Check& check, const std::string& where, const std::string& name, const LogFields& held,
                   const DescribingAction* logged);
// Live files: there, of their size, rows, statistics and partition (verify_files.cc). In: told how many files were read, of how many.
std::vector<Check> CheckFiles(const TableLog& log, const std::function<void(std::size_t, std::size_t)>& progress = {});

// What DuckDB may hold of rows at once; the rest it spills, where it can. The first is enough for a year of ten coins.
inline constexpr std::uint64_t kFrugalMemoryMb = 96, kAmpleMemoryMb = 1024;

// The lake's tables as they were pinned, by layout name, and what comparing them may take.
struct PinnedTables : std::map<std::string, TableLog> {
  std::uint64_t memory_mb = kFrugalMemoryMb;
};
// Bronze as its own positions say (verify_bronze.cc).
Result<std::vector<Check>> CheckBronze(const PinnedTables& tables);
// Quarantine for itself: what is there before bronze has it, and nothing twice (verify_quarantine.cc).
Result<std::vector<Check>> CheckQuarantine(const PinnedTables& tables);
// A table that nothing else can be made anew from keeps its rows (verify_kept.cc).
Check CheckKept(const TableLog& log);
// The function `read_message(message, source, received)` of SQL: a message read a second time (second_reading.h), its `reasons` in lines,
// null if it is a row (verify_made.cc).
const SqlFunction& MessageFunction();
// Files of the log that are newer than its last commit (verify_newer.cc).
Check CheckNewer(const TableLog& log, const PinnedTables& tables);
// A position in another table that says that a table was read past a version.
struct ReadPast {
  std::string table, position;
  Version version = kNoVersion;
};
// Looks for one in `by`. In: the id of the table that was read, its last version.
std::optional<ReadPast> FindReadPast(const std::string& table_id, Version last, const TableLog& by);
// Up to where silver has read bronze, and from when on retention has left bronze and quarantine (by receive time) and silver (by event
// time) whole.
struct SilverState {
  Version consumed = kNoVersion;
  std::int64_t bronze_whole_from_us = 0, silver_whole_from_us = 0, quarantine_whole_from_us = 0;
  std::string quote_sql;  // of a row of silver (QuoteSql)
  SourceQuotes quotes;    // as silver has recorded them: the currency of what does not say it
};
std::vector<std::string> MadeMacros(const SilverState& state);
// Makes the tables that silver and quarantine are compared by, hashes of their rows: `made`, a line a bronze row that silver has read: ord
// (its file and row), received, h (it as quarantine has it), k, g (its key), cc (hash of what it says), c (hash of the silver row), us, good
// (it can be a row), reasons (why it cannot), moved (a compaction lost its order); `had`, a line a silver row: ord, k, cc, c, us, older (than
// what bronze has whole), compared; `refused`, a line a row that silver put into quarantine; `ahead`, h of bronze's rows that silver has not
// read; `sent_again` and `unnamed`, h of refused rows. Errors: as of the queries.
Status MakeMade(const Duck& duck, const TableRows& bronze, const TableRows& silver, const TableRows& quarantine,
                const SilverState& state);
// The different names that bronze's messages hold.
std::string NamesSql();
// Silver as a function of bronze, and quarantine as what is left over (verify_silver.cc).
Result<std::vector<Check>> CheckSilver(const PinnedTables& tables);
// The statements that make, from a table `tick` of silver rows, the table `want` of the windows that they give (verify_windows.cc).
std::vector<std::string> WindowStatements();
// The macros for exact sums that it uses.
std::vector<std::string> WindowMacros();
// Gold as a function of silver (verify_gold.cc).
Result<std::vector<Check>> CheckGold(const PinnedTables& tables);
// A rollup, or the chosen rows, as a function of the table before it (verify_derived.cc).
Result<std::vector<Check>> CheckDerived(const PinnedTables& tables, const DerivedTable& table);

// A table of windows and what it is made of (verify_columns.cc).
struct WindowTables {
  std::string table, upstream;        // names for people
  std::int64_t step_us = 60'000'000;  // length of a window
  std::int64_t whole_from_us = 0;     // windows before this lie in days that retention dropped, and are not compared
  std::int64_t until_us = INT64_MAX;  // windows from this on are another slice's
  std::string quote_sql = "quote";    // of a row of `table` (QuoteSql)
  bool rounded_twice = false;         // made by a format whose means were rounded twice; either is right then
  RowPer rows = RowPer::kSeries;      // of what there is one a window
  bool copied = false;                // its rows are upstream's: every column bit for bit
};
// Whether gold, and the rollups that are made of it, may hold means that were rounded twice: it is of the first format, or its upgrade has not
// compared every day yet (maintain/upgrade.h).
bool RoundsTwice(const TableLog& gold, const Positions& positions);
// That of a table's newest one.
int FormatOf(const TableLog& log);
// The columns that are compared, as SQL, each behind a comma: times as microseconds.
std::string ComparedColumns();
// `whole` cut into slices, each of about `most` rows of the table before.
std::vector<WindowTables> SlicesOf(const WindowTables& whole, const EventTimes& upstream, std::int64_t align_us);
// What the table `found_window` holds of `found_row`; the windows of `found_window` with more than one row.
std::string FoundWindows(const WindowTables& tables);
std::string DoubledWindows(const WindowTables& tables);
// Rows (m, coin_id, source, quote, v, place): where `want` and `found_window` differ for the windows of `pairs` (v, m, coin_id, source, quote); place is
// null where they do not.
std::string WindowComparison(const WindowTables& tables, const std::string& pairs);
struct Difference {
  std::string key;  // (m, coin, source, quote) as a SQL tuple
  std::string place;
};
// All windows that differ; `v` as in `want`. Errors: as of the query.
Result<std::vector<Difference>> DifferingWindows(const Duck& duck, const WindowTables& tables, Version v);
// A row's first four values as such a tuple.
std::string WindowTuple(const std::vector<SqlValue>& row);
// From when on both tables are whole: the later `retained-from` of the two, 0 where nothing was dropped.
std::int64_t WholeFromMicros(const std::map<std::string, std::int64_t>& one, const std::map<std::string, std::int64_t>& other);

// A DuckDB over a lake's files for comparisons of whole tables. Errors: as of Duck::Open.
Result<std::unique_ptr<Duck>> OpenRows(const PinnedTables& tables, std::vector<std::string> setup);

}  // namespace cryptostream
