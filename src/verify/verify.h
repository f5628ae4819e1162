#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "base/result.h"

namespace cryptostream {

// One thing that was checked.
struct Check {
  std::string name;  // "silver: rows as bronze makes them"
  bool ok = true;
  std::string detail;               // what was compared, with counts
  std::vector<std::string> places;  // where it is wrong: "version=12 file=... row=...: what" (the first kMaxPlaces)
};

struct VerifyReport {
  std::vector<Check> checks;
  bool ok() const;
};

// Checks a lake as a reader, while it may be written: each table's log and files, silver as a function of bronze, gold as a function of
// silver, the rollups as functions of gold. Computed with DuckDB's SQL from the log's own files, not with the engine's code or the
// kernel; the kernel's view is checked against it. In: bronze, silver, gold or all. Errors: NotFound (no lake), Corrupt, Unavailable.
Result<VerifyReport> VerifyLake(const std::filesystem::path& root, const std::string& what);

// Prints a line a check, below it the places where it is wrong; as JSON an array of {check, ok, detail, places}.
void PrintReport(const VerifyReport& report, bool json, std::ostream& out);

}  // namespace cryptostream
