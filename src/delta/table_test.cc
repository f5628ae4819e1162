// A table's life: made, reopened, refused, seen at an older version, checkpointed.
#include "delta/table.h"

#include <gmock/gmock.h>

#include <fstream>

#include "delta/table_fixture.h"

namespace cryptostream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST_F(TableTest, IsMadeWithTheLakesPropertiesAndOpensAgain) {
  auto made = Must(Table::Create(Spec("t")));
  EXPECT_EQ(made->version(), 0);
  EXPECT_EQ(made->properties().at("delta.checkpointInterval"), "100");
  EXPECT_EQ(made->properties().at("delta.dataSkippingStatsColumns"), "coin_id,at,offset");
  EXPECT_EQ(made->properties().at("cryptostream.format"), std::to_string(kTableFormat));

  auto opened = Must(Table::Open(Path("t")));
  EXPECT_EQ(opened->id(), made->id());
  EXPECT_TRUE(opened->schema()->Equals(*Schema())) << opened->schema()->ToString();
  EXPECT_THAT(opened->snapshot()->partition_columns(), ElementsAre("source"));
}

TEST_F(TableTest, NestedAndBinaryColumnsKeepTheirTypes) {
  auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  TableSpec spec = Spec("t");
  spec.schema = arrow::schema({arrow::field("window", arrow::struct_({arrow::field("start", utc), arrow::field("end", utc)})),
                               arrow::field("value", arrow::binary()), arrow::field("samples", arrow::int64()),
                               arrow::field("date", arrow::date32())});
  spec.partition_columns = {"date"};
  Must(Table::Create(spec));
  auto opened = Must(Table::Open(Path("t")));
  EXPECT_TRUE(opened->schema()->Equals(*spec.schema)) << opened->schema()->ToString();
  EXPECT_EQ(opened->properties().at("delta.dataSkippingStatsColumns"), "window.start,window.end,samples");
}

TEST_F(TableTest, CreateRefusesATableThatIsThere) {
  Must(Table::Create(Spec("t")));
  auto again = Table::Create(Spec("t"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kConflict);
}

TEST_F(TableTest, OpenSaysWhatIsMissing) {
  auto nothing = Table::Open(Path("nothing"));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, ErrorKind::kNotFound);
  std::filesystem::create_directories(dir_ / "empty/_delta_log");
  auto empty = Table::Open(Path("empty"));
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().kind, ErrorKind::kNotFound);
}

// Folders that mean something to Hive, to a URL, to a pattern, or to a shell.
class OddlyNamedTableTest : public TableTest, public testing::WithParamInterface<const char*> {};

TEST_P(OddlyNamedTableTest, IsATableLikeAnyOther) {
  std::string name = std::string(GetParam()) + "/t";
  auto made = Must(Table::OpenOrCreate(Spec(name)));
  ASSERT_TRUE(made);
  for (int i = 0; i < 3; ++i) Append(*made, i, 1);
  ASSERT_TRUE(made->Checkpoint());
  Append(*made, 3, 1);
  auto opened = Must(Table::Open(Path(name)));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->version(), 4);
  auto files = opened->Files();
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_EQ(files->size(), 4u);
  for (const DataFile& file : *files) {
    auto rows = ReadDataFile(opened->root_path(), file, Schema());
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ((*rows)->num_rows(), 1);
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(Path(name)) / file.path)) << file.path;
  }
  EXPECT_TRUE(opened->SnapshotAt(1));
  ASSERT_EQ(std::distance(std::filesystem::directory_iterator(dir_), {}), 1) << "a folder of another name was made";
}

INSTANTIATE_TEST_SUITE_P(All, OddlyNamedTableTest,
                         testing::Values("source=prod", "a%20b", "%41", "a b", "[x]", "?", "*", "a'b", "a\"b", "a#b", "a\nb",
                                         "a\\b", "\u00fcn\u00ef", "s3:", "~", "..a", "{a,b}", "a+b", "\x7f"));

TEST_F(TableTest, AFileUrlIsAPathAndAForeignUrlIsRefused) {
  Must(Table::Create(Spec("a b")));
  EXPECT_TRUE(Table::Open("file://" + dir_.string() + "/a%20b"));
  auto nowhere = Table::Open("hdfs://host/table");
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().kind, ErrorKind::kNotFound) << nowhere.error().message;
}

TEST_F(TableTest, ALogWithAHoleIsCorrupt) {
  auto table = Must(Table::Create(Spec("t")));
  for (int i = 0; i < 3; ++i) Append(*table, i, 1);
  std::filesystem::remove(dir_ / "t/_delta_log/00000000000000000001.json");
  auto opened = Table::Open(Path("t"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt) << opened.error().message;
}

TEST_F(TableTest, GarbageInTheLogIsCorrupt) {
  Must(Table::Create(Spec("t")));
  std::ofstream(dir_ / "t/_delta_log/00000000000000000001.json") << "not json\n";
  auto opened = Table::Open(Path("t"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt) << opened.error().message;
}

// Tables that we would read or write wrongly, each with what its message must say.
struct Refused {
  const char* property;
  std::string value;
  const char* says;
};

class RefusedTableTest : public TableTest, public testing::WithParamInterface<Refused> {};

TEST_P(RefusedTableTest, IsRefusedWithTheWayOut) {
  TableSpec spec = Spec("t");
  spec.properties[GetParam().property] = GetParam().value;
  auto made = Table::Create(spec);
  ASSERT_FALSE(made);  // the table is there now, but nobody gets hold of it
  auto opened = Table::OpenOrCreate(Spec("t"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(opened.error().message, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(All, RefusedTableTest,
                         testing::Values(Refused{"cryptostream.format", std::to_string(kTableFormat + 1), "newer cryptostream"},
                                         Refused{"delta.enableDeletionVectors", "true", "REORG TABLE"},
                                         Refused{"delta.columnMapping.mode", "name", "column mapping"},
                                         Refused{"delta.setTransactionRetentionDuration", "interval 1 days", "unset"}));

TEST_F(TableTest, AnUnknownReaderFeatureIsRefused) {
  Must(Table::Create(Spec("t")));
  std::ofstream(dir_ / "t/_delta_log/00000000000000000001.json")
      << R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["fromTheFuture"],"writerFeatures":["fromTheFuture"]}})"
      << "\n";
  auto opened = Table::Open(Path("t"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kInvalid) << opened.error().message;
  EXPECT_THAT(opened.error().message, HasSubstr("fromTheFuture"));
}

TEST_F(TableTest, AnUnknownWriterFeatureIsReadButNotWritten) {
  Must(Table::Create(Spec("t")));
  std::ofstream(dir_ / "t/_delta_log/00000000000000000001.json")
      << R"({"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["fromTheFuture"]}})" << "\n";
  EXPECT_TRUE(Table::Open(Path("t")));
  auto opened = Table::OpenOrCreate(Spec("t"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kInvalid) << opened.error().message;
}

TEST_F(TableTest, OpenOrCreateRefusesAnotherShape) {
  Must(Table::Create(Spec("t")));
  TableSpec more = Spec("t");
  more.schema = *more.schema->AddField(0, arrow::field("added", arrow::int64()));
  auto opened = Table::OpenOrCreate(more);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("column=added"));
}

TEST_F(TableTest, OlderVersionsStayReadable) {
  auto table = Must(Table::Create(Spec("t")));
  Append(*table, 0, 10);
  auto pinned = table->snapshot();
  Append(*table, 10, 5);
  EXPECT_EQ(pinned->Files()->size(), 1u);
  EXPECT_EQ(table->Files()->size(), 2u);

  auto old = table->SnapshotAt(1);
  ASSERT_TRUE(old) << old.error().message;
  EXPECT_EQ((*old)->Files()->size(), 1u);
  EXPECT_THAT(*(*old)->Txns(), ElementsAre(Pair("cryptostream/bronze/direct/a", 10)));
  auto future = table->SnapshotAt(99);
  ASSERT_FALSE(future);
  EXPECT_EQ(future.error().kind, ErrorKind::kNotFound) << future.error().message;
}

TEST_F(TableTest, PositionsAreCompleteAfterACheckpoint) {
  auto table = Must(Table::Create(Spec("t")));
  for (int i = 0; i < 3; ++i) {
    CommitRequest request;
    request.txns = {{"cryptostream/p/" + std::to_string(i), i}, {"cryptostream/epoch", 7 + i}, {"other/app", 1}};
    request.batch_id = RandomHexId();
    ASSERT_TRUE(table->Commit(request));
  }
  auto expected = ElementsAre(Pair("cryptostream/epoch", 9), Pair("cryptostream/p/0", 0), Pair("cryptostream/p/1", 1),
                              Pair("cryptostream/p/2", 2));
  EXPECT_THAT(*table->Txns(), expected);
  Status written = table->Checkpoint();
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_TRUE(std::filesystem::exists(dir_ / "t/_delta_log/00000000000000000003.checkpoint.parquet"));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "t/_delta_log/00000000000000000003.crc"));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "t/_delta_log/_last_checkpoint"));
  EXPECT_THAT(*table->Txns(), expected);
  EXPECT_THAT(*Must(Table::Open(Path("t")))->Txns(), expected);
  // Without the checksum, from the checkpoint alone; and with the commits before it gone.
  std::filesystem::remove(dir_ / "t/_delta_log/00000000000000000003.crc");
  for (int v = 0; v < 3; ++v) std::filesystem::remove(dir_ / ("t/_delta_log/0000000000000000000" + std::to_string(v) + ".json"));
  EXPECT_THAT(*Must(Table::Open(Path("t")))->Txns(), expected);
}

TEST_F(TableTest, FilesSurviveCheckpointAndCleanUp) {
  auto table = Must(Table::Create(Spec("t")));
  for (int i = 0; i < 4; ++i) Append(*table, i * 10, 10);
  ASSERT_TRUE(table->Checkpoint());
  Append(*table, 40, 10);
  for (int v = 0; v < 4; ++v) std::filesystem::remove(dir_ / ("t/_delta_log/0000000000000000000" + std::to_string(v) + ".json"));
  auto opened = Must(Table::Open(Path("t")));
  auto files = opened->Files();
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->size(), 5u);
  for (const DataFile& file : *files) {
    EXPECT_EQ(file.rows, 10);
    EXPECT_THAT(file.stats_json, HasSubstr("\"offset\""));
    EXPECT_THAT(file.partition, ElementsAre(PartitionValue{"source", "a"}));
  }
  EXPECT_EQ(opened->CommitsAfter(4)->size(), 1u);
  auto gone = opened->CommitsAfter(1);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::kNotFound) << gone.error().message;
}

// What log clean-up may delete (docs/decisions/0003): all below the checkpoint that _last_checkpoint names. A hint that is
// older than the log, or gone, must not close the table.
TEST_F(TableTest, TheLastCheckpointHintMayBeStaleOrGone) {
  auto table = Must(Table::Create(Spec("t")));
  auto log = dir_ / "t/_delta_log";
  for (int i = 0; i < 3; ++i) Append(*table, i * 10, 10);
  ASSERT_TRUE(table->Checkpoint());
  std::filesystem::copy_file(log / "_last_checkpoint", dir_ / "hint");
  for (int i = 3; i < 6; ++i) Append(*table, i * 10, 10);
  ASSERT_TRUE(table->Checkpoint());
  for (const auto& entry : std::filesystem::directory_iterator(log)) {
    if (entry.path().filename().string() < "00000000000000000006") std::filesystem::remove(entry.path());
  }
  EXPECT_EQ(Must(Table::Open(Path("t")))->Files()->size(), 6u);
  std::filesystem::remove(log / "_last_checkpoint");
  EXPECT_EQ(Must(Table::Open(Path("t")))->Files()->size(), 6u);
  std::filesystem::copy_file(dir_ / "hint", log / "_last_checkpoint");
  EXPECT_EQ(Must(Table::Open(Path("t")))->Files()->size(), 6u);
  EXPECT_THAT(*Must(Table::Open(Path("t")))->Txns(), ElementsAre(Pair("cryptostream/bronze/direct/a", 60)));
}

// A crash between the staged file and its link leaves "...json#1": no version, and no obstacle to the next commit.
TEST_F(TableTest, AStagedCommitOfACrashIsNoCommit) {
  std::filesystem::create_directories(dir_ / "new/_delta_log");
  std::ofstream(dir_ / "new/_delta_log/00000000000000000000.json#1") << "{";
  auto none = Table::Open(Path("new"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::kNotFound) << none.error().message;

  auto table = Must(Table::Create(Spec("t")));
  std::ofstream(dir_ / "t/_delta_log/00000000000000000001.json#1") << "{";
  Append(*table, 0, 10);
  EXPECT_EQ(Must(Table::Open(Path("t")))->version(), 1);
}

}  // namespace
}  // namespace cryptostream
