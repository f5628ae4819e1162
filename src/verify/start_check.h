#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/result.h"
#include "market/schema.h"

namespace cryptostream {

// Looks at the logs of a lake before anything is written to it, and refuses a lake that writing would make worse: a commit missing anywhere;
// since each table's newest checkpoint a commit that cannot be read or does not hold what it says, a file added twice, a
// position that went back, a data file that is missing or of another size; a checksum that says other positions than the commits; a table
// that forgets its positions. A checkpoint, checksum or hint that is damaged while the commits are whole is set aside (log_repair.h).
// What it does not read: older commits' contents and data files, which `verify` does. In: names of tables whose data files may be
// missing. Requires: the lake's lock. Errors: Corrupt (says table, place and what to do), Invalid, Unavailable.
Status CheckBeforeWriting(const std::filesystem::path& root, const std::set<std::string>& damaged = {});
// The same of one table, less its data files. A table that is not there is not sound. Errors: also Invalid (it is of a newer version).
Status CheckLogBeforeWriting(const std::filesystem::path& root, const TableLayout& layout);

}  // namespace cryptostream
