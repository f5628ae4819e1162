#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace cryptostream {

// What a storage folder is.
enum class StorageKind {
  kMissing,   // no such folder
  kEmpty,     // a folder in which no table was made yet
  kOurs,      // at least one table of this program, and none of another at its place
  kOriginal,  // the original project's tables
  kForeign,   // something else: a file, tables of another program, a single table, other people's files
};

struct StorageFinding {
  StorageKind kind = StorageKind::kMissing;
  std::string words;  // for people: what it is and what to do; empty for kOurs
};

// Looks at what lies in a storage folder, so that a reader does not take a foreign table for a lake without
// rows.
// Errors: Corrupt, Unavailable, and Invalid (a table of ours that this version cannot read), as of the
// tables.
Result<StorageFinding> WhatIsThere(const std::filesystem::path& root);

// The error of a reader that needs a lake: NotFound where it may still come (kMissing, kEmpty), Invalid for
// kOriginal and kForeign.
Status CheckIsLake(const std::filesystem::path& root);

}  // namespace cryptostream
