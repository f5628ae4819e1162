// Commits that describe: what a table is afterwards, what its old rows read as, and what checksum, checkpoint and readers make of it.
#include "delta/commit_request.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "delta/table_fixture.h"

namespace cryptostream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

CommitRequest Description(const std::string& batch_id = RandomHexId()) {
  CommitRequest request;
  request.kind = CommitKind::kDescribe;
  request.add_columns = arrow::schema({arrow::field("quote", arrow::utf8()), arrow::field("bar_s", arrow::int32())});
  request.properties = {{kFormatProperty, std::to_string(kTableFormat)}, {"cryptostream.test", "yes"}};
  request.txns = {{"cryptostream/epoch", 7}};
  request.batch_id = batch_id;
  request.operation = "upgrade";
  return request;
}

TEST_F(TableTest, ADescriptionAddsColumnsBeforeThoseOfThePartitionAndKeepsTheRest) {
  auto table = Must(Table::Create(Spec("t")));
  Append(*table, 0, 10);
  auto before = table->snapshot();
  auto outcome = table->Commit(Description());
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->kind, CommitResultKind::kCommitted) << outcome->message;
  EXPECT_THAT(table->schema()->field_names(), ElementsAre("coin_id", "price", "at", "offset", "quote", "bar_s", "source"));
  EXPECT_EQ(table->properties().at("cryptostream.test"), "yes");
  auto kept = table->properties();
  kept.erase("cryptostream.test");
  EXPECT_EQ(kept, before->properties());
  EXPECT_EQ(table->snapshot()->table_id(), before->table_id());
  EXPECT_EQ(table->snapshot()->partition_columns(), before->partition_columns());
  EXPECT_EQ(before->schema()->num_fields(), 5) << "a pinned version never changes";
  EXPECT_EQ(table->Txns()->at("cryptostream/epoch"), 7);
  EXPECT_EQ(table->Txns()->at("cryptostream/bronze/direct/a"), 10);
  auto created = [&](Version version) {
    std::string log = ReadText(dir_ / "t/_delta_log" / ("0000000000000000000" + std::to_string(version) + ".json"));
    auto at = log.find("\"createdTime\":");
    return at == log.npos ? "none" : log.substr(at, 28);
  };
  EXPECT_EQ(created(2), created(0));
}

TEST_F(TableTest, RowsOfBeforeADescriptionReadAsNullAndNewOnesAreWritten) {
  auto table = Must(Table::Create(Spec("t")));
  Append(*table, 0, 10);
  ASSERT_TRUE(table->Commit(Description()));
  auto rows = Rows(10, 5);
  rows = *rows->AddColumn(4, "bar_s", *arrow::MakeArrayFromScalar(arrow::Int32Scalar(60), 5));
  CommitRequest request;
  request.adds = {*WriteDataFile(table->root_path(), {{"source", "a"}}, rows, {.fsync = false})};
  request.batch_id = "new";
  ASSERT_EQ(table->Commit(request)->kind, CommitResultKind::kCommitted);
  auto files = table->Files();
  ASSERT_THAT(*files, SizeIs(2));
  for (const DataFile& file : *files) {
    auto read = ReadDataFile(table->root_path(), file, table->schema());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ((*read)->GetColumnByName("bar_s")->null_count(), file.rows == 5 ? 0 : 10);
    EXPECT_EQ((*read)->GetColumnByName("quote")->null_count(), file.rows);
  }
}

TEST_F(TableTest, ADescriptionIsCarriedOnByChecksumCheckpointAndReaders) {
  auto table = Must(Table::Create(Spec("t")));
  auto reader = Must(Table::Open(Path("t")));
  Append(*table, 0, 10);
  ASSERT_TRUE(table->Checkpoint());
  ASSERT_TRUE(table->Commit(Description()));
  Append(*table, 10, 10);
  ASSERT_TRUE(table->Checkpoint());
  for (const char* name : {".crc", ".checkpoint.parquet"}) {
    EXPECT_TRUE(std::filesystem::exists(dir_ / "t/_delta_log" / (std::string("00000000000000000003") + name))) << name;
  }
  ASSERT_TRUE(reader->Refresh());
  auto opened = Must(Table::Open(Path("t")));
  for (const Table* each : {table.get(), reader.get(), opened.get()}) {
    EXPECT_EQ(each->schema()->num_fields(), 7);
    EXPECT_EQ(each->properties().at("cryptostream.test"), "yes");
    EXPECT_EQ(each->Txns()->at("cryptostream/epoch"), 7);
    EXPECT_THAT(*each->Files(), SizeIs(2));
  }
  auto commits = reader->CommitsAfter(0);
  ASSERT_TRUE(commits) << commits.error().message;
  ASSERT_THAT(*commits, SizeIs(3));
  EXPECT_EQ(commits->at(1).operation, "upgrade");
  EXPECT_TRUE(commits->at(1).adds.empty() && commits->at(1).removes.empty());
}

TEST_F(TableTest, ADescriptionThatCameSecondIsAConflict) {
  auto table = Must(Table::Create(Spec("t")));
  auto other = Must(Table::Open(Path("t")));
  Append(*other, 0, 10);
  auto outcome = table->Commit(Description("mine"));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->kind, CommitResultKind::kConflict);
  EXPECT_EQ(outcome->version, 1);
  EXPECT_EQ(*table->FindCommit("mine", 0), std::nullopt);
  ASSERT_EQ(table->Commit(Description("mine"))->kind, CommitResultKind::kCommitted);
  EXPECT_EQ(*other->FindCommit("mine", 0), 2);
}

TEST_F(TableTest, ADescriptionHasNoRowsAndRowsHaveNoDescription) {
  auto table = Must(Table::Create(Spec("t")));
  CommitRequest both = Description();
  both.adds = {Write(*table, 0, 1)};
  EXPECT_THAT(table->Commit(both).error().message, HasSubstr("no files"));
  CommitRequest append = Description();
  append.kind = CommitKind::kAppend;
  EXPECT_THAT(table->Commit(append).error().message, HasSubstr("a commit of their own"));
  CommitRequest nested = Description();
  nested.add_columns = arrow::schema({arrow::field("list", arrow::list(arrow::utf8()))});
  EXPECT_THAT(table->Commit(nested).error().message, HasSubstr("no column of this type"));
}

}  // namespace
}  // namespace cryptostream
