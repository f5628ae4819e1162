// Views over pinned tables. In: the storage root. Out: a locked DuckDB in which each table is a view over the live files of
// one version, so a query sees no half of a compaction and no uncommitted file. The file list comes from our own reader of the
// log, not from DuckDB's delta extension: that one would have to be installed at run time.
#include "query/lake_views.h"

#include <arrow/type.h>

#include <algorithm>

#include "delta/position.h"
#include "delta/table.h"
#include "market/schema.h"
#include "query/storage_kind.h"

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

std::string PathOf(const std::string& root_path, const DataFile& file) {
  return root_path + (root_path.ends_with('/') ? "" : "/") + file.path;
}

// The files' names as ReadParquet takes them.
std::string FileList(const std::vector<std::string>& paths) {
  std::string list;
  for (const std::string& path : paths) list += (list.empty() ? "" : ", ") + SqlText(ExactPath(path));
  return "[" + list + "]";
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

// A view over live files. The values of partition columns are the log's, joined by the file's name: DuckDB's
// own reading of them takes every folder "name=value" of the path for a column, those above the table too. A
// filter on such a column leaves files out by the join, unread (tried: 800 days, 70 ms for one of them, as
// with DuckDB's own).
void AddFilesView(const PinnedView& view, const std::vector<DataFile>& files, std::vector<std::string>& setup) {
  const TableLayout& layout = *view.layout;
  std::string name = SqlIdentifier(view.name), table = "files." + name, types, rows, columns;
  for (const std::string& column : layout.partition_columns) {
    types += ", " + SqlIdentifier(column) + " " + SqlType(*layout.schema->GetFieldByName(column)->type());
  }
  std::vector<std::string> paths;
  for (const DataFile& file : files) {
    paths.push_back(PathOf(view.root_path, file));
    rows += (rows.empty() ? "(" : ", (") + SqlText(paths.back());
    for (const PartitionValue& value : file.partition) rows += value.value ? ", " + SqlText(*value.value) : ", NULL";
    rows += ")";
  }
  for (const auto& field : layout.schema->fields()) {
    bool resolved = field->name() == "quote" && !view.quote_sql.empty();
    columns += (columns.empty() ? "" : ", ") + (resolved ? view.quote_sql + " AS quote" : SqlIdentifier(field->name()));
  }
  setup.push_back("CREATE TABLE " + table + " (filename VARCHAR" + types + ")");
  setup.push_back("INSERT INTO " + table + " VALUES " + rows);
  setup.push_back("CREATE VIEW " + name + " AS SELECT " + columns + " FROM " +
                  ReadParquet(layout, FileList(paths), ", filename = true") + " JOIN " + table + " USING (filename)");
}

}  // namespace

std::string ReadParquet(const TableLayout& layout, const std::string& paths, const std::string& options) {
  std::string columns;
  auto schema = FileSchema(layout);
  for (const auto& field : schema->fields()) {
    std::string name = SqlText(field->name());
    columns += (columns.empty() ? "" : ", ") + name + ": {name: " + name + ", type: " + SqlText(SqlType(*field->type())) +
               ", default_value: NULL}";
  }
  return "read_parquet(" + paths + options + ", hive_partitioning = false, schema = MAP {" + columns + "})";
}

std::string QuoteColumnSql(const SourceQuotes& quotes) {
  std::string sql = "coalesce(quote, CASE ";
  for (const auto& [source, records] : quotes.records()) {
    sql += "WHEN source = " + SqlText(source.str()) + " THEN " + SqlText(quotes.OfOldRow(source).str()) + " ";
  }
  for (const auto& [source, quote] : quotes.configured()) {
    sql += "WHEN source = " + SqlText(source.str()) + " THEN " + SqlText(quote.str()) + " ";
  }
  return sql + "WHEN starts_with(source, 'binance') THEN 'usdt' ELSE 'usd' END)";
}

std::string FilesSelect(const TableLayout& layout, const std::vector<std::string>& paths) {
  if (paths.empty()) {
    return "SELECT * FROM (SELECT " + DataColumns(layout, true) +
           ", NULL::VARCHAR AS filename, NULL::BIGINT AS file_row_number WHERE false)";
  }
  // A virtual column: the option file_row_number = true does not go together with a schema that is given (DuckDB 1.5: "schema mismatch").
  return "SELECT * FROM (SELECT " + DataColumns(layout, false) + ", filename, file_row_number FROM " +
         ReadParquet(layout, FileList(paths), ", filename = true") + ")";
}

std::vector<std::string> FilePaths(const std::string& root_path, const std::vector<DataFile>& files) {
  std::vector<std::string> paths;
  for (const DataFile& file : files) paths.push_back(ExactPath(PathOf(root_path, file)));
  return paths;
}

Result<std::unique_ptr<Duck>> OpenPinnedViews(const std::filesystem::path& root, const std::vector<PinnedView>& views,
                                              DuckOptions options) {
  options.directories = {std::filesystem::absolute(root).lexically_normal().string() + "/"};
  options.setup.push_back("CREATE SCHEMA files");
  for (const PinnedView& view : views) {
    std::vector<DataFile> files;
    if (view.snapshot) {
      CS_ASSIGN(files, view.snapshot->Files());
    }
    if (files.empty()) {
      options.setup.push_back(EmptyView(view.name, *view.layout));
    } else {
      AddFilesView(view, files, options.setup);
    }
  }
  return Duck::Open(options);
}

Result<LakeViews> OpenLakeViews(const std::filesystem::path& root, DuckOptions options) {
  CS_TRY(CheckIsLake(root));
  LakeViews out;
  std::vector<PinnedView> views;
  for (const TableLayout* layout : AllLayouts()) {
    auto table = Table::Open((std::filesystem::absolute(root).lexically_normal() / layout->path).string());
    if (!table && table.error().kind != ErrorKind::kNotFound) return std::unexpected(table.error());
    PinnedView view{layout->name, layout, nullptr, ""};
    if (table) {
      view.snapshot = (*table)->snapshot();
      view.root_path = (*table)->root_path();
    }
    out.versions.emplace_back(layout->name, table ? view.snapshot->version() : kNoVersion);
    views.push_back(std::move(view));
  }
  auto silver = std::ranges::find(views, &SilverLayout(), &PinnedView::layout);
  Positions positions;
  if (silver->snapshot) {
    CS_ASSIGN(positions, silver->snapshot->Txns(AppId("quote/")));
  }
  for (PinnedView& view : views) view.quote_sql = QuoteColumnSql(QuotesOf(positions, {}));
  CS_ASSIGN(out.duck, OpenPinnedViews(root, views, std::move(options)));
  return out;
}

}  // namespace cryptostream
