// Query results as text: every format, and nothing that could write to a terminal behind the reader's back.
#include "query/print.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace cryptostream {
namespace {

SqlRows Sample() {
  SqlRows rows;
  rows.columns = {{"coin", "VARCHAR"}, {"price", "DOUBLE"}, {"at", "TIMESTAMP WITH TIME ZONE"}, {"raw", "BLOB"}};
  rows.rows = {{std::string("bit,\"coin"), 0.1, FromMicros(1723161254087000), Blob{std::string("\x1b[31mred")}},
               {std::string("x"), SqlValue{}, SqlValue{}, Blob{std::string("\xff\x00", 2)}}};
  return rows;
}

std::string Print(const SqlRows& rows, RowFormat format) {
  std::ostringstream out;
  PrintRows(rows, format, out);
  return out.str();
}

TEST(PrintRows, Csv) {
  EXPECT_EQ(Print(Sample(), RowFormat::kCsv),
            "coin,price,at,raw\n\"bit,\"\"coin\",0.1,2024-08-08T23:54:14.087Z,\x1b[31mred\nx,,,\\xff00\n");
}

TEST(PrintRows, Json) {
  EXPECT_EQ(Print(Sample(), RowFormat::kJson),
            "[\n {\"coin\":\"bit,\\\"coin\",\"price\":0.1,\"at\":\"2024-08-08T23:54:14.087Z\",\"raw\":\"\\u001b[31mred\"},\n"
            " {\"coin\":\"x\",\"price\":null,\"at\":null,\"raw\":\"\\\\xff00\"}\n]\n");
}

// A window with start and end, a list of it, a map, and an exact number; then nothing of all that.
SqlRows Nested() {
  SqlColumn window{
      "window", "STRUCT(start BIGINT, \"end\" VARCHAR)", SqlShape::kStruct, {{"start", "BIGINT"}, {"end", "VARCHAR"}}};
  SqlColumn list{"list", "STRUCT[]", SqlShape::kList, {window}};
  SqlColumn map{"map", "MAP(VARCHAR, BIGINT)", SqlShape::kMap, {{"key", "VARCHAR"}, {"value", "BIGINT"}}};
  SqlNested value{{{std::int64_t{1}}, {std::string("a\"b")}}};
  SqlRows rows;
  rows.columns = {window, list, map, {"exact", "DECIMAL(5,2)"}, {"exact", "BIGINT"}};
  rows.rows.push_back({value, SqlNested{{{value}, {SqlValue{}}}},
                       SqlNested{{{SqlNested{{{std::string("k")}, {std::int64_t{2}}}}}}}, ExactNumber{"1.50"}, std::int64_t{7}});
  rows.rows.push_back({SqlValue{}, SqlValue{}, SqlValue{}, SqlValue{}, SqlValue{}});
  return rows;
}

TEST(PrintRows, JsonIsNestedAsTheColumnsAre) {
  EXPECT_EQ(Print(Nested(), RowFormat::kJson),
            "[\n {\"window\":{\"start\":1,\"end\":\"a\\\"b\"},\"list\":[{\"start\":1,\"end\":\"a\\\"b\"},null],\"map\":{\"k\":2},"
            "\"exact\":1.50,\"exact_1\":7},\n"
            " {\"window\":null,\"list\":null,\"map\":null,\"exact\":null,\"exact_1\":null}\n]\n");
}

TEST(PrintRows, CsvHasAColumnForEachFieldOfAStruct) {
  EXPECT_EQ(Print(Nested(), RowFormat::kCsv),
            "window_start,window_end,list,map,exact,exact_1\n"
            "1,\"a\"\"b\",\"[{\"\"start\"\":1,\"\"end\"\":\"\"a\\\"\"b\"\"},null]\",\"{\"\"k\"\":2}\",1.50,7\n,,,,,\n");
}

TEST(PrintRows, NothingIsPrintedAsSuch) {
  SqlRows rows = Nested();
  rows.rows.clear();
  EXPECT_EQ(Print(rows, RowFormat::kCsv), "window_start,window_end,list,map,exact,exact_1\n");
  EXPECT_EQ(Print(rows, RowFormat::kJson), "[\n]\n");
  std::string table = Print(rows, RowFormat::kTable);
  EXPECT_TRUE(table.starts_with("window_start  window_end  list")) << table;
  EXPECT_TRUE(table.ends_with("\n(no rows)\n")) << table;
  EXPECT_EQ(Print(SqlRows{}, RowFormat::kJson), "[\n]\n");
}

TEST(PrintRows, ATableIsMadeToFit) {
  SqlRows rows;
  rows.columns = {{"a", "DOUBLE"}, {"b", "DOUBLE"}, {"n", "BIGINT"}};
  rows.rows = {{0.1234567890123456, 61837.63123456, std::int64_t{42}}};
  std::ostringstream out;
  PrintRows(rows, {.format = RowFormat::kTable, .width = 30}, out);
  EXPECT_NE(out.str().find("0.123456789  61837.63123  42"), std::string::npos) << out.str();
  EXPECT_NE(Print(rows, RowFormat::kTable).find("0.1234567890123456  61837.63123456  42"), std::string::npos);
}

TEST(PrintRows, RowsBeyondThoseThatAreHeldArePrintedToo) {
  SqlRows rows;
  rows.columns = {{"i", "BIGINT"}};
  for (std::int64_t i = 0; i < 2500; ++i) rows.rows.push_back({i});
  std::string text = Print(rows, RowFormat::kTable);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2502);
  EXPECT_TRUE(text.ends_with("2499\n"));
}

TEST(PrintRows, StopsWhenTheOutputTakesNoMore) {
  std::ostringstream out;
  RowPrinter printer({RowFormat::kCsv}, out);
  printer.Begin({{"i", "BIGINT"}});
  EXPECT_TRUE(printer.Row({std::int64_t{1}}));
  out.setstate(std::ios::badbit);
  EXPECT_FALSE(printer.Row({std::int64_t{2}}));
}

TEST(PrintRows, TableIsSafeForATerminal) {
  std::string text = Print(Sample(), RowFormat::kTable);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("\\x1b[31mred"), std::string::npos) << text;
  EXPECT_TRUE(text.starts_with("coin ")) << text;
}

}  // namespace
}  // namespace cryptostream
