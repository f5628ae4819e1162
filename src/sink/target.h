#pragma once

#include <string>
#include <vector>

#include "market/schema.h"

namespace cryptostream {

enum class PgType { kText, kDouble, kLong, kInt, kTime, kDate, kBytes };

// A column of a table in the database, and where its value comes from: a column of the lake's table
// ("window.start"), or, where that is empty, the feed's interval.
struct TargetColumn {
  std::string name;
  std::string from;
  PgType type = PgType::kText;
  bool never_null = false;  // a null of the lake is an empty text
};

// A table of the lake that feeds a table of the database.
struct TargetFeed {
  const TableLayout* layout;
  std::string interval;  // "1m", "1h", "1d"; empty: it has none
};

// How rows of the lake become rows of the database.
enum class TargetKind {
  kKeyed,   // a row a key: replacements are updates
  kRows,    // row by row, without a key
  kNewest,  // of each series the newest one
};

// A table that can be named in `postgres.tables`.
struct Target {
  std::string name;
  TargetKind kind = TargetKind::kKeyed;
  std::vector<TargetColumn> columns;  // in the order of the SQL
  std::vector<std::string> key;
  std::string time_column;  // by which it is partitioned and copied in steps; a date in `quarantine`
  bool monthly = false;     // native partitions
  std::vector<TargetFeed> feeds;
};

// All of them.
const std::vector<Target>& Targets();
std::vector<std::string> TargetNames();

// The name of a feed's row in `positions`: "candles/gold_1h".
std::string PositionName(const Target& target, const TargetFeed& feed);

}  // namespace cryptostream
