#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/position.h"
#include "market/schema.h"

namespace cryptostream {

// The folder below a lake into which the tables of one rebuild are moved, with a record of what it is for, so that a rebuild that was cut
// off is told from one that is done. Its record is `.rebuild/<time>-<id>.part/record`.
class RebuildFolder {
 public:
  struct Table {
    const TableLayout* layout;
    Positions kept;  // what its successor takes over: recorded currencies, recorded orders
  };

  // The one that was cut off. Errors: Corrupt (its record cannot be read), Unavailable.
  static Result<std::optional<RebuildFolder>> Unfinished(const std::filesystem::path& root);
  // Makes one, durable before it returns. Errors: Unavailable.
  static Result<RebuildFolder> Make(const std::filesystem::path& root, std::vector<Table> tables);

  const std::filesystem::path& path() const { return path_; }
  const std::vector<Table>& tables() const { return tables_; }
  // Moves the tables that still lie in the lake, those that are made of others first. Errors: Unavailable.
  Status TakeTables() const;
  // Everything was made anew. Out: where the tables lie from now on. Errors: Unavailable.
  Result<std::filesystem::path> Finish() const;

 private:
  RebuildFolder(std::filesystem::path root, std::filesystem::path path, std::vector<Table> tables)
      : root_(std::move(root)), path_(std::move(path)), tables_(std::move(tables)) {}

  std::filesystem::path root_, path_;
  std::vector<Table> tables_;
};

}  // namespace cryptostream
