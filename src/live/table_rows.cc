// Rows of a table as they are, page by page. In: a pinned version, a range, where the last page ended. Out: Arrow columns in the order of
// time. A page ends at a place in an order that has no ties but between rows that are alike in every column, so what is appended
// meanwhile moves no page. Rejected: counting rows to skip (LIMIT ... OFFSET), which a late row shifts.
// Costs a look through the days from one end of the range on, a few at first and ever more, until the page is full.
#include "live/table_rows.h"

#include <arrow/api.h>

#include <algorithm>

#include "base/text.h"
#include "delta/partition.h"
#include "query/arrow_rows.h"
#include "query/lake_views.h"

namespace cryptostream {
namespace {

// Two further columns of each row, which are its place.
constexpr int kPlaceColumns = 2;

struct DayFile {
  Date day;
  std::string path;
};

std::string ColumnList(const arrow::Schema& schema) {
  std::string columns;
  for (const auto& field : schema.fields()) columns += (columns.empty() ? "" : ", ") + SqlIdentifier(field->name());
  return columns;
}

struct Statement {
  std::string sql;
  std::vector<SqlValue> parameters;

  std::string Bind(SqlValue value) {
    parameters.push_back(std::move(value));
    return "$" + std::to_string(parameters.size());
  }
};

// One page out of the files $1, of at most `limit` rows and one more.
Statement PageOf(const RowsAsked& asked, const std::string& quote_sql, std::vector<std::string> paths, std::size_t limit) {
  const std::string columns = ColumnList(*FileSchema(*asked.layout)), time = SqlIdentifier(asked.time_column);
  Statement page;
  const std::string files = page.Bind(std::move(paths)) + "::VARCHAR[]";
  const bool quote = asked.layout->schema->GetFieldIndex("quote") >= 0;
  std::string inner = "SELECT *" + (quote ? " REPLACE (" + quote_sql + " AS quote)" : std::string()) + ", epoch_us(" + time +
                      ") AS place_us, hash(" + columns + ") AS place_hash FROM " + ReadParquet(*asked.layout, files);
  std::string where = time + " IS NOT NULL";
  for (const auto& [column, value] : asked.equal) where += " AND " + SqlIdentifier(column) + " = " + page.Bind(value);
  if (asked.from) where += " AND " + time + " >= " + page.Bind(*asked.from);
  if (asked.to) where += " AND " + time + " < " + page.Bind(*asked.to);
  if (const auto& place = asked.forward() ? asked.after : asked.before) {
    const std::string us = page.Bind(ToMicros(place->time)), hash = page.Bind(std::to_string(place->hash)) + "::UBIGINT";
    const char* sign = asked.forward() ? ">" : "<";
    where += " AND (place_us " + std::string(sign) + us + " OR (place_us = " + us + " AND place_hash " + sign + hash + "))";
  }
  const std::string order = asked.forward() ? " ORDER BY place_us, place_hash" : " ORDER BY place_us DESC, place_hash DESC";
  std::string found = "SELECT " + columns + ", place_us, place_hash FROM (" + inner + ") WHERE " + where + order + " LIMIT " +
                      std::to_string(limit + 1);
  page.sql = "SELECT " + columns + ", place_us, place_hash::VARCHAR AS place_hash FROM (" + found +
             ") ORDER BY place_us, place_hash::UBIGINT";
  return page;
}

Result<RowPlace> PlaceOf(const arrow::Table& rows, std::int64_t row) {
  auto micros = rows.column(rows.num_columns() - 2)->GetScalar(row), hash = rows.column(rows.num_columns() - 1)->GetScalar(row);
  if (!micros.ok() || !hash.ok()) return Internal("a row has no place");
  RowPlace place;
  place.time = FromMicros(static_cast<const arrow::Int64Scalar&>(**micros).value);
  place.hash = IntegerOf<std::uint64_t>((*hash)->ToString()).value_or(0);
  return place;
}

// The files that may hold rows of the range, in the order in which they are looked through. Empty days: the order says nothing.
Result<std::vector<DayFile>> FilesOf(const FollowedTable& table, const RowsAsked& asked, bool& ordered) {
  CS_ASSIGN(auto files, table.snapshot->Files());
  std::vector<std::string> paths = FilePaths(table.root, files);
  std::vector<DayFile> out;
  ordered = asked.days_are_of_time;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto day = PartitionDay(files[i]);
    ordered = ordered && day.has_value();
    out.push_back({day.value_or(Date()), std::move(paths[i])});
  }
  if (!ordered) return out;
  Timestamp from = asked.from.value_or(Timestamp::min()), to = asked.to.value_or(Timestamp::max());
  if (asked.after) from = std::max(from, asked.after->time);
  if (asked.before) to = std::min(to, asked.before->time + std::chrono::microseconds(1));
  std::erase_if(out, [&](const DayFile& file) {
    return Timestamp(file.day) >= to || Timestamp(file.day) + std::chrono::hours(24) <= from;
  });
  std::ranges::sort(out, {}, &DayFile::day);
  if (!asked.forward()) std::ranges::reverse(out);
  return out;
}

// Takes the next files off, whole days, `count` at least.
std::vector<std::string> NextDays(const std::vector<DayFile>& files, std::size_t& begin, std::size_t count) {
  std::size_t end = std::min(files.size(), begin + count);
  while (end < files.size() && files[end].day == files[end - 1].day) ++end;
  std::vector<std::string> paths;
  for (; begin < end; ++begin) paths.push_back(files[begin].path);
  return paths;
}

Result<std::shared_ptr<arrow::Table>> Joined(std::shared_ptr<arrow::Table> first, std::shared_ptr<arrow::Table> second) {
  auto joined = arrow::ConcatenateTables({std::move(first), std::move(second)});
  if (!joined.ok()) return Internal("cannot join rows: reason=" + joined.status().ToString());
  return *std::move(joined);
}

// Cuts the one row too many off, which says where the next page goes on.
Result<RowsPage> CutPage(std::shared_ptr<arrow::Table> rows, const RowsAsked& asked) {
  RowsPage page;
  const auto limit = static_cast<std::int64_t>(asked.limit);
  if (rows->num_rows() > limit) {
    rows = asked.forward() ? rows->Slice(0, limit) : rows->Slice(rows->num_rows() - limit);
    CS_ASSIGN(page.next, PlaceOf(*rows, asked.forward() ? limit - 1 : 0));
  }
  std::vector<int> columns;
  for (int i = 0; i < rows->num_columns() - kPlaceColumns; ++i) columns.push_back(i);
  auto shown = rows->SelectColumns(columns);
  if (!shown.ok()) return Internal("cannot cut rows: reason=" + shown.status().ToString());
  page.rows = *std::move(shown);
  return page;
}

}  // namespace

std::shared_ptr<arrow::Schema> RowColumns(const TableLayout& layout) {
  arrow::FieldVector fields;
  auto schema = FileSchema(layout);
  for (const auto& field : schema->fields()) {
    fields.push_back(field->type()->id() == arrow::Type::INT32 ? field->WithType(arrow::int64()) : field);
  }
  return arrow::schema(std::move(fields));
}

Result<RowsPage> ReadTableRows(const Duck& duck, const FollowedTable& table, const RowsAsked& asked, const std::string& quote_sql,
                               std::chrono::milliseconds timeout) {
  std::shared_ptr<arrow::Table> rows;
  bool ordered = false;
  std::vector<DayFile> files;
  if (table.snapshot) {
    CS_ASSIGN(files, FilesOf(table, asked, ordered));
  }
  std::size_t count = ordered ? 8 : files.size();
  for (std::size_t begin = 0; begin < files.size(); count *= 4) {
    const std::size_t missing = asked.limit + 1 - (rows ? static_cast<std::size_t>(rows->num_rows()) : 0);
    Statement page = PageOf(asked, quote_sql, NextDays(files, begin, count), missing - 1);
    CS_ASSIGN(auto part, QueryArrow(duck, page.sql, page.parameters, {.query = {.timeout = timeout}}));
    if (part.truncated) return Unavailable("the rows take too much memory: ask for a smaller limit");
    if (!rows) {
      rows = std::move(part.rows);
    } else if (asked.forward()) {
      CS_ASSIGN(rows, Joined(std::move(rows), std::move(part.rows)));
    } else {
      CS_ASSIGN(rows, Joined(std::move(part.rows), std::move(rows)));
    }
    if (rows->num_rows() > static_cast<std::int64_t>(asked.limit)) break;
  }
  if (rows) return CutPage(std::move(rows), asked);
  auto none = arrow::Table::MakeEmpty(RowColumns(*asked.layout));
  if (!none.ok()) return Internal("cannot make an empty table: reason=" + none.status().ToString());
  return RowsPage{*std::move(none), std::nullopt};
}

}  // namespace cryptostream
