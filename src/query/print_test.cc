// Query results as text: every format, and nothing that could write to a terminal behind the reader's back.
#include "query/print.h"

#include <gtest/gtest.h>

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
            "coin,price,at,raw\r\n\"bit,\"\"coin\",0.1,2024-08-08T23:54:14.087Z,\x1b[31mred\r\nx,,,\\xff00\r\n");
}

TEST(PrintRows, Json) {
  EXPECT_EQ(Print(Sample(), RowFormat::kJson),
            "[\n {\"coin\":\"bit,\\\"coin\",\"price\":0.1,\"at\":\"2024-08-08T23:54:14.087Z\",\"raw\":\"\\u001b[31mred\"},\n"
            " {\"coin\":\"x\",\"price\":null,\"at\":null,\"raw\":\"\\\\xff00\"}\n]\n");
}

TEST(PrintRows, TableIsSafeForATerminal) {
  std::string text = Print(Sample(), RowFormat::kTable);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("\\x1b[31mred"), std::string::npos) << text;
  EXPECT_TRUE(text.starts_with("coin ")) << text;
}

}  // namespace
}  // namespace cryptostream
