#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "base/result.h"

namespace cryptostream {

// One thing that was checked.
struct Check {
  std::string name;  // "silver: rows conserved from bronze"
  bool ok = true;
  std::string detail;  // counts; where it is wrong, what and where
};

struct VerifyReport {
  std::vector<Check> checks;
  bool ok() const;
};

// Checks a lake as a reader, while it may be written: files present with the size and row count that the log says; every bronze row in
// silver, a duplicate, or rejected; gold's windows holding exactly the closed rows of silver, with the prices that silver has. Computed with
// DuckDB's SQL, not with the engine's code. In: silver, gold or all. Errors: NotFound (no lake), Corrupt, Unavailable.
Result<VerifyReport> VerifyLake(const std::filesystem::path& root, const std::string& what);

void PrintReport(const VerifyReport& report, bool json, std::ostream& out);

}  // namespace cryptostream
