#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "query/duck.h"

namespace cryptostream {

// A DuckDB over the tables of a lake, each pinned at the version that was newest when it was opened: views bronze, silver, gold,
// quarantine and gaps over exactly the live files.
struct LakeViews {
  std::unique_ptr<Duck> duck;
  std::vector<std::pair<std::string, Version>> versions;  // by view; kNoVersion: the table does not exist, the view is empty
};

// Opens the lake below `root` for reading. Errors: NotFound (no table there at all), Corrupt, Unavailable, Internal.
Result<LakeViews> OpenLakeViews(const std::filesystem::path& root, DuckOptions options = {});

// The absolute paths of data files, as read_parquet takes them.
std::vector<std::string> FilePaths(const std::string& root_path, const std::vector<DataFile>& files);

}  // namespace cryptostream
