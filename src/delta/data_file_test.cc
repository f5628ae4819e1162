// Data files: folders with odd names, what comes back, statistics that enclose the data, and nothing left of a failure.
#include "delta/data_file.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <fstream>

#include "delta/partition.h"
#include "delta/statistics.h"
#include "delta/table_fixture.h"

namespace cryptostream {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PartitionFolder, IsWrittenAsHiveDoes) {
  EXPECT_EQ(PartitionFolder({{"date", "2024-08-08"}}), "date=2024-08-08");
  EXPECT_EQ(PartitionFolder({{"year", "2024"}, {"month", "8"}}), "year=2024/month=8");
  EXPECT_EQ(PartitionFolder({{"source", "a/b=c %:?#"}}), "source=a%2Fb%3Dc %25%3A%3F%23");
  EXPECT_EQ(PartitionFolder({{"source", std::nullopt}}), "source=__HIVE_DEFAULT_PARTITION__");
  EXPECT_EQ(PartitionFolder({}), "");
}

class OddPartitionTest : public TableTest, public testing::WithParamInterface<std::optional<std::string>> {};

TEST_P(OddPartitionTest, ComesBackThroughTheLog) {
  auto table = Must(Table::Create(Spec("t")));
  auto file = WriteDataFile(table->root_path(), {{"source", GetParam()}}, Rows(0, 3), {.fsync = false});
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(std::filesystem::exists(dir_ / "t" / file->path)) << file->path;
  CommitRequest request;
  request.adds = {*file};
  request.batch_id = "b";
  ASSERT_EQ(table->Commit(request)->kind, CommitResultKind::kCommitted);

  auto reopened = Must(Table::Open(Path("t")));
  auto files = reopened->Files();
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_EQ(files->size(), 1u);
  EXPECT_EQ(files->front().path, file->path);
  EXPECT_EQ(files->front().partition[0].value, GetParam());
  EXPECT_EQ(reopened->CommitsAfter(0)->front().adds[0].path, file->path);
  auto rows = ReadDataFile(reopened->root_path(), files->front(), reopened->schema());
  ASSERT_TRUE(rows) << rows.error().message;
  auto value = *(*rows)->GetColumnByName("source")->GetScalar(0);
  EXPECT_EQ(value->is_valid, GetParam().has_value());
  if (value->is_valid) {
    EXPECT_EQ(value->ToString(), *GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(All, OddPartitionTest,
                         testing::Values("plain", "a/b", "50% off", "a=b&c", "q?#[x]", "tab\there", "Zürich 東京", "../up",
                                         "{curly}|pipe", std::nullopt));

TEST_F(TableTest, RowsComeBackAsTheyWere) {
  auto rows = Rows(0, 1000);
  auto file = WriteDataFile(Path("t"), {{"source", "a"}}, rows, {.row_group_rows = 300});
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->size_bytes, static_cast<std::int64_t>(std::filesystem::file_size(dir_ / "t" / file->path)));
  auto back = ReadDataFile(Path("t"), *file, rows->schema());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE((*back)->Equals(**arrow::Table::FromRecordBatches({rows})));
}

TEST_F(TableTest, AColumnAddedLaterIsNull) {
  auto file = WriteDataFile(Path("t"), {}, Rows(0, 5), {.fsync = false});
  auto wanted = *Rows(0, 1)->schema()->AddField(1, arrow::field("added", arrow::int64()));
  auto back = ReadDataFile(Path("t"), *file, wanted);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ((*back)->GetColumnByName("added")->null_count(), 5);
  auto only = ReadDataFile(Path("t"), *file, arrow::schema({arrow::field("added", arrow::int64())}));
  ASSERT_TRUE(only) << only.error().message;
  EXPECT_EQ((*only)->num_rows(), 5);
}

TEST_F(TableTest, StatisticsEncloseTheMicroseconds) {
  auto file = WriteDataFile(Path("t"), {}, Rows(0, 10), {.fsync = false});
  ASSERT_TRUE(file);
  EXPECT_EQ(file->stats_json, R"({"numRecords":10,"minValues":{"coin_id":"bitcoin","at":"2024-08-08T23:54:13.937Z","offset":0},)"
                              R"("maxValues":{"coin_id":"ethereum","at":"2024-08-08T23:54:13.938Z","offset":9},)"
                              R"("nullCount":{"coin_id":0,"at":0,"offset":0}})");
  EXPECT_EQ(RowsOf(file->stats_json), 10);
}

TEST(Statistics, NestedColumnsNullsAndNoFloats) {
  auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  auto window = arrow::struct_({arrow::field("start", utc)});
  arrow::StructBuilder builder(window, arrow::default_memory_pool(),
                               {std::make_shared<arrow::TimestampBuilder>(utc, arrow::default_memory_pool())});
  auto& start = static_cast<arrow::TimestampBuilder&>(*builder.field_builder(0));
  ASSERT_TRUE(builder.Append().ok() && start.Append(60'000'000).ok() && builder.AppendNull().ok());
  auto doubles = *arrow::MakeArrayFromScalar(arrow::DoubleScalar(1.5), 2);
  auto nulls = *arrow::MakeArrayOfNull(arrow::int64(), 2);
  auto table = arrow::Table::Make(
      arrow::schema({arrow::field("window", window), arrow::field("price", arrow::float64()), arrow::field("n", arrow::int64())}),
      {*builder.Finish(), doubles, nulls});
  auto json = StatisticsJson(*table);
  ASSERT_TRUE(json);
  EXPECT_EQ(*json, R"({"numRecords":2,"minValues":{"window":{"start":"1970-01-01T00:01:00.000Z"}},)"
                   R"("maxValues":{"window":{"start":"1970-01-01T00:01:00.000Z"}},"nullCount":{"window":{"start":1},"n":2}})");
  EXPECT_THAT(*json, Not(HasSubstr("price")));
}

TEST_F(TableTest, TimesOfAnotherUnitOrZoneAreRefused) {
  for (const auto& type : {arrow::timestamp(arrow::TimeUnit::MICRO), arrow::timestamp(arrow::TimeUnit::NANO, "UTC")}) {
    auto table = arrow::Table::Make(arrow::schema({arrow::field("at", type)}), {*arrow::MakeArrayOfNull(type, 1)});
    auto file = WriteDataFile(Path("t"), {}, *table);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().kind, ErrorKind::kInvalid);
  }
}

TEST_F(TableTest, AFailureLeavesNoFile) {
  std::ofstream(dir_ / "blocked") << "a file where a folder should be";
  auto file = WriteDataFile(Path("blocked"), {{"date", "2024-08-08"}}, Rows(0, 3));
  ASSERT_FALSE(file);
  auto empty = WriteDataFile(Path("t"), {}, Rows(0, 0));
  ASSERT_FALSE(empty);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "t"));
}

TEST_F(TableTest, AFileThatCannotBeOpenedNowIsNotBroken) {
  auto file = WriteDataFile(Path("t"), {{"source", "a"}}, Rows(0, 10), {.fsync = false});
  ASSERT_TRUE(file) << file.error().message;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  auto rows = ReadDataFile(Path("t"), *file, Rows(0, 1)->schema());
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::kUnavailable) << rows.error().message;
}

TEST_F(TableTest, ReadTellsGoneFromBroken) {
  auto file = WriteDataFile(Path("t"), {}, Rows(0, 5), {.fsync = false});
  DataFile other = *file;
  other.rows = 6;
  EXPECT_EQ(ReadDataFile(Path("t"), other, Rows(0, 1)->schema()).error().kind, ErrorKind::kCorrupt);
  other.path = "gone.parquet";
  EXPECT_EQ(ReadDataFile(Path("t"), other, Rows(0, 1)->schema()).error().kind, ErrorKind::kNotFound);
  std::ofstream(dir_ / "t" / file->path, std::ios::trunc) << "torn";
  auto torn = ReadDataFile(Path("t"), *file, Rows(0, 1)->schema());
  ASSERT_FALSE(torn);
  EXPECT_EQ(torn.error().kind, ErrorKind::kCorrupt) << torn.error().message;
}

}  // namespace
}  // namespace cryptostream
