// Rows in COPY's binary form: bits stay bits, and no text is refused.
#include "sink/copy_rows.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <cstring>

namespace cryptostream {
namespace {

std::string Encode(const std::vector<TargetColumn>& columns, const std::shared_ptr<arrow::Table>& rows) {
  std::string bytes;
  CopyRows copy(columns, "1m", [&](std::string_view piece) -> Status {
    bytes += piece;
    return {};
  });
  EXPECT_TRUE(copy.Add(*rows));
  EXPECT_TRUE(copy.End());
  return bytes.substr(19);  // behind the head
}

std::shared_ptr<arrow::Table> Doubles(const std::vector<double>& values) {
  arrow::DoubleBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok() && builder.AppendNull().ok());
  return arrow::Table::Make(arrow::schema({arrow::field("price", arrow::float64())}), {builder.Finish().ValueOrDie()});
}

TEST(CopyRows, PassesDoublesBitForBit) {
  std::string bytes = Encode({{"price", "price", PgType::kDouble}}, Doubles({-0.0, 0.1}));
  const char expected[] =
      "\0\1\0\0\0\10\200\0\0\0\0\0\0\0"               // -0
      "\0\1\0\0\0\10\77\271\231\231\231\231\231\232"  // 0.1
      "\0\1\377\377\377\377"                          // null
      "\377\377";                                     // the end
  EXPECT_EQ(bytes, std::string(expected, sizeof(expected) - 1));
}

TEST(CopyRows, TimesBeginIn2000) {
  arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool());
  ASSERT_TRUE(builder.Append(946'684'800'000'001).ok());
  auto rows = arrow::Table::Make(arrow::schema({arrow::field("t", builder.type())}), {builder.Finish().ValueOrDie()});
  const char expected[] = "\0\1\0\0\0\10\0\0\0\0\0\0\0\1\377\377";
  EXPECT_EQ(Encode({{"t", "t", PgType::kTime}}, rows), std::string(expected, sizeof(expected) - 1));
}

TEST(CopyRows, SaysWhichColumnIsMissingOrOfAnotherType) {
  CopyRows copy({{"price", "price", PgType::kLong}}, "", [](std::string_view) -> Status { return {}; });
  auto other = copy.Add(*Doubles({1}));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(other.error().message.find("column=price type=double"), std::string::npos) << other.error().message;
}

TEST(PgText, EscapesWhatADatabaseRefusesAndNothingElse) {
  EXPECT_EQ(PgText("bitcoin"), "bitcoin");
  EXPECT_EQ(PgText("\xC3\xA9\xF0\x9F\x98\x80"), "\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(PgText(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(PgText("a\xFF\xC3"), "a\\xFF\\xC3");
  EXPECT_EQ(PgText("\xED\xA0\x80x"), "\\xED\\xA0\\x80x");  // a lone surrogate
}

}  // namespace
}  // namespace cryptostream
