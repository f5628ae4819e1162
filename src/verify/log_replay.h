#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "verify/table_log.h"

namespace cryptostream {

// Reads the files of a log into a TableLog, whose root, listing and layout are set. For verify/table_log.cc
// only.
class LogReplay {
 public:
  explicit LogReplay(TableLog& log) : log_(log) {}
  // Takes a checkpoint as the base. Errors: as of ForEachActionOfCheckpoint; then the log is as before.
  Status TakeBase(Version version);
  // Takes the next commit. Errors: NotFound, Corrupt (a line that is no JSON), Unavailable.
  Status TakeCommit(Version version);
  // Reads a commit for what is wrong with itself, and forgets its actions. Errors: as of TakeCommit.
  Status LookAtCommit(Version version);

 private:
  struct Tally;
  Status Take(Version version, std::int64_t line, LogAction&& action, Tally& tally);
  void TakeFile(Version version, std::int64_t line, const LogFields& fields, bool add, Tally& tally);
  void TakePosition(Version version, std::int64_t line, const LogFields& fields, Tally& tally);
  void Bad(Version version, std::int64_t line, const std::string& what);
  void CheckTally(Version version, const Tally& tally);

  TableLog& log_;
  std::unordered_map<std::string, std::uint32_t> ids_;
};

// The text of a commit. Errors: NotFound, Unavailable.
Result<std::string> CommitText(const TableLog& log, Version version);

}  // namespace cryptostream
