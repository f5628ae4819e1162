#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "base/result.h"

namespace cryptostream {

// One thing that was checked. Not having been able to look (memory, time, a disk that cannot be read) says
// nothing about the data, and is never called wrong.
struct Check {
  std::string name;                 // "silver: rows as bronze makes them"
  bool ok = true;                   // nothing wrong was found
  std::string detail;               // what was compared, with counts
  std::vector<std::string> places;  // where it is wrong: "version=12 file=... row=...: what" (the first kMaxPlaces)
  std::string not_checked = {};     // why it, or a part of it, could not be looked at; empty: all was
};

enum class Verdict { kSound, kNotChecked, kWrong };

struct VerifyReport {
  std::vector<Check> checks;
  Verdict verdict() const;
  bool ok() const { return verdict() == Verdict::kSound; }
};

struct VerifyOptions {
  std::string what = "all";  // bronze, silver, gold or all
  // As configured. A table's own may be shorter than an hour only where this is.
  std::chrono::milliseconds file_retention = std::chrono::hours(6);
  std::chrono::milliseconds log_retention = std::chrono::hours(48);
  std::function<void(std::size_t done, std::size_t steps, const std::string& doing)> progress = {};
};

// Checks a lake as a reader, while it may be written: each table's log and files, silver as a function of
// bronze, gold as a function of silver, the rollups as functions of gold. Computed from the log's own files
// and with DuckDB's SQL, not with the engine's code or the kernel; the kernel's view is checked against it.
// Errors: NotFound (no lake).
Result<VerifyReport> VerifyLake(const std::filesystem::path& root, const VerifyOptions& options);
Result<VerifyReport> VerifyLake(const std::filesystem::path& root, const std::string& what);

struct ReportForm {
  bool json = false;
  bool quiet = false;     // only what is not sound
  std::string root = {};  // of the lake, for the command that mends it
};
// Prints a line a check, below it the places where it is wrong, and last the verdict; as JSON an array of
// {check, ok, outcome, detail, places}, ok being null where it could not be checked.
void PrintReport(const VerifyReport& report, const ReportForm& form, std::ostream& out);

}  // namespace cryptostream
