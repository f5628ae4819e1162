// Views over pinned tables. In: the storage root. Out: a locked DuckDB in which each table is a view over the live files of
// one version, so a query sees no half of a compaction and no uncommitted file. The file list comes from our own reader of the
// log, not from DuckDB's delta extension: that one would have to be installed at run time.
#include "query/lake_views.h"

#include <arrow/type.h>

#include <algorithm>

#include "delta/table.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

// The SQL type of a column, for the view of a table without files.
std::string SqlType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT32: return "INTEGER";
    case arrow::Type::INT64: return "BIGINT";
    case arrow::Type::DOUBLE: return "DOUBLE";
    case arrow::Type::DATE32: return "DATE";
    case arrow::Type::TIMESTAMP: return "TIMESTAMP WITH TIME ZONE";
    case arrow::Type::BINARY: return "BLOB";
    case arrow::Type::STRUCT: {
      std::string fields;
      for (const auto& field : type.fields()) {
        fields += (fields.empty() ? "" : ", ") + SqlIdentifier(field->name()) + " " + SqlType(*field->type());
      }
      return "STRUCT(" + fields + ")";
    }
    default: return "VARCHAR";
  }
}

std::string EmptyView(const std::string& name, const TableLayout& layout) {
  std::string columns;
  for (const auto& field : layout.schema->fields()) {
    columns += (columns.empty() ? "NULL::" : ", NULL::") + SqlType(*field->type()) + " AS " + SqlIdentifier(field->name());
  }
  return "CREATE VIEW " + SqlIdentifier(name) + " AS SELECT " + columns + " WHERE false";
}

// Partition columns come from the paths; their types are given, or DuckDB would guess them from the first file.
std::string FilesView(const std::string& name, const TableLayout& layout, const std::vector<std::string>& paths) {
  std::string list, types, columns;
  for (const std::string& path : paths) list += (list.empty() ? "" : ", ") + SqlText(path);
  for (const std::string& column : layout.partition_columns) {
    auto field = layout.schema->GetFieldByName(column);
    types += (types.empty() ? "" : ", ") + SqlText(column) + ": " + SqlType(*field->type());
  }
  for (const auto& field : layout.schema->fields()) columns += (columns.empty() ? "" : ", ") + SqlIdentifier(field->name());
  return "CREATE VIEW " + SqlIdentifier(name) + " AS SELECT " + columns + " FROM read_parquet([" + list +
         "], hive_partitioning = true, hive_types = {" + types + "})";
}

// The data columns of a layout, typed nulls if `nulls`.
std::string DataColumns(const TableLayout& layout, bool nulls) {
  std::string columns;
  auto schema = FileSchema(layout);
  for (const auto& field : schema->fields()) {
    columns += columns.empty() ? "" : ", ";
    if (nulls) columns += "NULL::" + SqlType(*field->type()) + " AS ";
    columns += SqlIdentifier(field->name());
  }
  return columns;
}

}  // namespace

std::string FilesSelect(const TableLayout& layout, const std::vector<std::string>& paths) {
  if (paths.empty()) {
    return "SELECT * FROM (SELECT " + DataColumns(layout, true) +
           ", NULL::VARCHAR AS filename, NULL::BIGINT AS file_row_number WHERE false)";
  }
  std::string list;
  for (const std::string& path : paths) list += (list.empty() ? "" : ", ") + SqlText(path);
  return "SELECT * FROM (SELECT " + DataColumns(layout, false) + ", filename, file_row_number FROM read_parquet([" + list +
         "], filename = true, file_row_number = true, hive_partitioning = false))";
}

std::vector<std::string> FilePaths(const std::string& root_path, const std::vector<DataFile>& files) {
  std::vector<std::string> paths;
  std::string root = root_path.ends_with('/') ? root_path : root_path + "/";
  for (const DataFile& file : files) paths.push_back(root + file.path);
  return paths;
}

Result<std::unique_ptr<Duck>> OpenPinnedViews(const std::filesystem::path& root, const std::vector<PinnedView>& views,
                                              DuckOptions options) {
  options.directories = {std::filesystem::absolute(root).lexically_normal().string() + "/"};
  for (const PinnedView& view : views) {
    std::vector<DataFile> files;
    if (view.snapshot) {
      CS_ASSIGN(files, view.snapshot->Files());
    }
    options.setup.push_back(files.empty() ? EmptyView(view.name, *view.layout)
                                          : FilesView(view.name, *view.layout, FilePaths(view.root_path, files)));
  }
  return Duck::Open(options);
}

Result<LakeViews> OpenLakeViews(const std::filesystem::path& root, DuckOptions options) {
  LakeViews out;
  bool any = false;
  std::vector<PinnedView> views;
  for (const TableLayout* layout : AllLayouts()) {
    auto table = Table::Open((std::filesystem::absolute(root).lexically_normal() / layout->path).string());
    if (!table && table.error().kind != ErrorKind::kNotFound) return std::unexpected(table.error());
    PinnedView view{layout->name, layout, nullptr, ""};
    if (table) {
      any = true;
      view.snapshot = (*table)->snapshot();
      view.root_path = (*table)->root_path();
    }
    out.versions.emplace_back(layout->name, table ? view.snapshot->version() : kNoVersion);
    views.push_back(std::move(view));
  }
  if (!any) return NotFound("there is no lake: root=" + root.string() + ", give --storage, or start `cryptostream run` first");
  CS_ASSIGN(out.duck, OpenPinnedViews(root, views, std::move(options)));
  return out;
}

}  // namespace cryptostream
