#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "market/quote.h"
#include "market/schema.h"
#include "query/duck.h"

namespace cryptostream {

// A DuckDB over the tables of a lake, each pinned at the version that was newest when it was opened: views bronze, silver,
// gold_sources, gold_sources_1h, gold_sources_1d, gold, gold_1h, gold_1d, quarantine and gaps over exactly the live files. Of a lake of an
// earlier format, which has no chosen rows, gold is what gold_sources is.
struct LakeViews {
  std::unique_ptr<Duck> duck;
  std::vector<std::pair<std::string, Version>> versions;  // by view; kNoVersion: the table does not exist, the view is empty
};

// Opens the lake below `root` for reading. Errors: NotFound (no table there at all), Corrupt, Unavailable, Internal.
Result<LakeViews> OpenLakeViews(const std::filesystem::path& root, DuckOptions options = {});

// A view `name` over the live files of a pinned version of a table (of none: an empty view).
struct PinnedView {
  std::string name;
  const TableLayout* layout = nullptr;
  std::shared_ptr<const Snapshot> snapshot;  // nullptr: the table does not exist
  std::string root_path;
  std::string quote_sql;  // what a row's `quote` is, if there is one; empty: as it is
};
// Opens a DuckDB over such views. In: the storage root, the only directory it may read. Errors: Corrupt, Unavailable, Internal.
Result<std::unique_ptr<Duck>> OpenPinnedViews(const std::filesystem::path& root, const std::vector<PinnedView>& views,
                                              DuckOptions options = {});

// read_parquet over data files of a table: a table of SQL with their own columns (not those of the partition). They are found by name, and
// one that a file of an earlier format lacks is null; the types are the layout's, so that no file is opened before its rows are wanted. In:
// an expression for the list of paths, further options (", filename = true").
std::string ReadParquet(const TableLayout& layout, const std::string& paths, const std::string& options = "");

// A SELECT over data files as they are: their own columns (not those of the partition), filename and file_row_number. Can be
// followed by a JOIN. In: paths as they are on the disk; `filename` gives them back.
std::string FilesSelect(const TableLayout& layout, const std::vector<std::string>& paths);

// What the currency of a row of silver or gold is, as SQL: its own, else its source's.
std::string QuoteColumnSql(const SourceQuotes& quotes);

// The absolute paths of data files, as read_parquet takes them (ExactPath).
std::vector<std::string> FilePaths(const std::string& root_path, const std::vector<DataFile>& files);

}  // namespace cryptostream
