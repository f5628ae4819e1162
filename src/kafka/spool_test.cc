// The spool keeps what it promised over restarts, and a flipped byte is an error or changes nothing.
#include "kafka/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

#include "kafka/batch_codec.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::uint64_t kRoom = 1 << 20;

class SpoolTest : public testing::Test {
 protected:
  // In memory where that is: thousands of spools are opened here, and a disk's fsync is not what is tried.
  static fs::path Root() { return fs::is_directory("/dev/shm") ? "/dev/shm" : fs::temp_directory_path(); }
  SpoolTest() : folder_(Root() / ("spool_test_" + RandomHexId())), file_(folder_ / "spool.db") {}
  ~SpoolTest() override { fs::remove_all(folder_); }

  std::unique_ptr<Spool> Open() {
    auto spool = Spool::Open(file_, kRoom);
    EXPECT_TRUE(spool) << spool.error().message;
    return spool ? *std::move(spool) : nullptr;
  }

  const fs::path folder_, file_;
};

RawBatch Batch(std::int64_t position, const std::string& text) {
  RawBatch batch;
  batch.source = "coingecko";
  batch.position_id = "bronze/direct/coingecko";
  batch.next_position = position;
  batch.Add({"bitcoin", text, FromMicros(1), position});
  return batch;
}

// Everything that a spool says, as one text, or its first error.
Result<std::string> Batches(Spool& spool) {
  std::string all = std::to_string(spool.Position("bronze/direct/coingecko")) + "|";
  for (std::int64_t number = 0;;) {
    CS_ASSIGN(auto entry, spool.ReadAfter(number));
    if (!entry) return all;
    number = entry->number;
    all += std::to_string(number) + "=" + EncodeBatch(entry->batch) + "|";
  }
}

Result<std::string> Contents(Spool& spool) {
  CS_ASSIGN(std::string all, Batches(spool));
  CS_ASSIGN(auto marks, spool.OldestMarks(100));
  for (const Spool::Mark& mark : marks) all += "mark " + std::to_string(mark.number) + "=" + EncodeBatch(mark.mark) + "|";
  return all;
}

RawBatch RejectMark(const std::string& bytes) {
  RawBatch mark;
  mark.source = "coingecko";
  mark.rejects.push_back({"coingecko", "", 0, 0, "source", "bad_body", bytes, FromMicros(5), 0});
  return mark;
}

TEST_F(SpoolTest, KeepsWhatGoesAlongWithAPosition) {
  RawBatch batch = Batch(64, "message");
  batch.position_id = "bronze/recording/a";
  batch.begins = {{"bronze/recording/a/mark/06", 7}};
  ASSERT_TRUE(Open()->Append(batch));
  EXPECT_THAT(Open()->PositionsOf("bronze/recording/"),
              testing::ElementsAre(testing::Pair("bronze/recording/a", 64), testing::Pair("bronze/recording/a/mark/06", 7)));
  EXPECT_THAT(Open()->PositionsOf("bronze/file/"), testing::IsEmpty());
}

// The time without a program is told from here on. What a recording says of its own times says nothing of that.
TEST_F(SpoolTest, KnowsWhenTheNewestRowOfALiveSourceCame) {
  EXPECT_EQ(Open()->Newest("coingecko"), std::nullopt);
  RawBatch batch = Batch(1, "message");
  batch.Add({"ethereum", "later", FromMicros(9), 1});
  ASSERT_TRUE(Open()->Append(batch));
  ASSERT_TRUE(Open()->Append(Batch(2, "an older one")));
  RawBatch recorded = Batch(3, "recorded");
  recorded.position_id = "bronze/recording/a";
  recorded.Add({"bitcoin", "recorded", FromMicros(100), 3});
  ASSERT_TRUE(Open()->Append(recorded));
  ASSERT_TRUE(Open()->Remove(3));
  EXPECT_EQ(Open()->Newest("coingecko"), FromMicros(9));
  EXPECT_EQ(Open()->Newest("kraken"), std::nullopt);
}

TEST_F(SpoolTest, KeepsBatchesAndPositionsOverRestarts) {
  {
    auto spool = Open();
    EXPECT_TRUE(spool->empty());
    EXPECT_EQ(spool->Position("bronze/direct/coingecko"), 0);
    for (int i = 1; i <= 3; ++i) ASSERT_TRUE(spool->Append(Batch(i, "message " + std::to_string(i))));
    ASSERT_TRUE(spool->Remove(1));
  }
  auto spool = Open();
  EXPECT_EQ(spool->Position("bronze/direct/coingecko"), 3);
  EXPECT_EQ(spool->first(), 2);
  auto entry = spool->ReadAfter(0);
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->number, 2);
  EXPECT_EQ((*entry)->batch.row(0).value, "message 2");
  ASSERT_TRUE(spool->Remove(3));
  EXPECT_TRUE(spool->empty());
  EXPECT_EQ(spool->bytes(), 0u);
  EXPECT_EQ(spool->Position("bronze/direct/coingecko"), 3) << "delivered is not forgotten";
}

TEST_F(SpoolTest, ABatchReadSoonComesFromMemoryAndAgainFromTheFile) {
  auto spool = Open();
  for (int i = 1; i <= 4; ++i) ASSERT_TRUE(spool->Append(Batch(i, "message " + std::to_string(i))));
  ASSERT_TRUE(spool->Remove(1));
  auto entry = spool->ReadAfter(0);
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->number, 2) << "what was removed is gone from memory too";
  auto first = Contents(*spool), again = Contents(*spool);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(*first, *again) << "a new producer reads what the one before it took";
  auto reopened = (spool.reset(), Open());
  EXPECT_EQ(*Contents(*reopened), *first);
}

TEST_F(SpoolTest, MarksAreTakenWhenTheirBatchIsLetGoAndWaitApart) {
  std::string sender;
  {
    auto spool = Open();
    ASSERT_TRUE(spool->Append(Batch(1, "message")));
    ASSERT_TRUE(spool->Remove(1, {RejectMark("<html>"), RejectMark("<body>")}, FromMicros(1'000)));
    EXPECT_TRUE(spool->empty()) << "no message waits";
    EXPECT_EQ(spool->marks(), 2u);
    sender = spool->sender();
  }
  auto spool = Open();
  EXPECT_EQ(spool->sender(), sender);
  auto marks = spool->OldestMarks(10);
  ASSERT_TRUE(marks && marks->size() == 2) << marks.error().message;
  EXPECT_EQ((*marks)[0].number, 1'000) << "the time of taking";
  EXPECT_EQ((*marks)[0].mark.rejects[0].value, "<html>");
  ASSERT_TRUE(spool->RemoveMarks((*marks)[0].number, FromMicros(2'000)));
  ASSERT_TRUE(spool->Append(Batch(2, "message")));
  ASSERT_TRUE(spool->Remove(2, {RejectMark("later")}, FromMicros(10)));
  marks = spool->OldestMarks(10);
  ASSERT_EQ(marks->size(), 2u);
  EXPECT_EQ((*marks)[1].number, (*marks)[0].number + 1) << "numbers grow though the clock went back";
}

TEST_F(SpoolTest, MarksThatFindNoRoomAreCountedAndTheCountIsAMark) {
  auto spool = Open();
  std::vector<RawBatch> large(5, RejectMark(std::string(300'000, 'x')));
  ASSERT_TRUE(spool->Append(Batch(1, "message")));
  ASSERT_TRUE(spool->Remove(1, large, FromMicros(1'000)));
  EXPECT_EQ(spool->marks(), 3u);
  EXPECT_EQ(spool->dropped_marks(), 2);
  spool.reset();
  spool = Open();
  EXPECT_EQ(spool->dropped_marks(), 2) << "not forgotten by a restart";
  auto marks = spool->OldestMarks(1);
  ASSERT_TRUE(spool->RemoveMarks((*marks)[0].number, FromMicros(9'000)));
  EXPECT_EQ(spool->dropped_marks(), 0);
  marks = spool->OldestMarks(10);
  ASSERT_EQ(marks->size(), 3u);
  ASSERT_EQ((*marks)[2].mark.gaps.size(), 1u);
  EXPECT_THAT((*marks)[2].mark.gaps[0].reason, HasSubstr("2 rejected bodies and gaps"));
  EXPECT_EQ((*marks)[2].mark.gaps[0].from_time, FromMicros(1'000));
  EXPECT_EQ((*marks)[2].mark.gaps[0].to_time, FromMicros(9'000));
}

TEST_F(SpoolTest, ASpoolOfAnOlderProgramGetsItsTableOfMarksAndOneThatLostItIsDamaged) {
  auto drop = [&] {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, "drop table mark", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
  };
  ASSERT_TRUE(Open()->Append(Batch(1, "message")));
  drop();
  {
    auto spool = Open();
    ASSERT_TRUE(spool);
    ASSERT_TRUE(spool->Remove(1, {RejectMark("<html>")}, FromMicros(1'000)));
  }
  drop();
  auto opened = Spool::Open(file_, kRoom);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt);
}

TEST_F(SpoolTest, IsBoundedButTakesABatchWhenEmpty) {
  auto spool = Open();
  EXPECT_TRUE(spool->HasRoom(2 * kRoom, kRoom));
  ASSERT_TRUE(spool->Append(Batch(1, std::string(kRoom / 2, 'x'))));
  EXPECT_FALSE(spool->HasRoom(kRoom, kRoom));
  EXPECT_TRUE(spool->HasRoom(kRoom / 4, kRoom));
}

TEST_F(SpoolTest, ASecondProcessIsRefused) {
  auto spool = Open();
  auto second = Spool::Open(file_, kRoom);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("another producer has this spool: lock="));
  EXPECT_THAT(second.error().message, HasSubstr("kafka.spool_path"));
}

TEST_F(SpoolTest, AFlippedByteIsAnErrorOrChangesNothing) {
  {
    auto spool = Open();
    for (int i = 1; i <= 4; ++i) ASSERT_TRUE(spool->Append(Batch(i, std::string(700, static_cast<char>('a' + i)))));
    ASSERT_TRUE(spool->Remove(1, {RejectMark(std::string(300, 'm'))}, FromMicros(1'000)));
  }
  std::ifstream in(file_, std::ios::binary);
  std::string good((std::istreambuf_iterator<char>(in)), {});
  auto spool = Open();
  auto expected = Contents(*spool);
  ASSERT_TRUE(expected);
  spool.reset();
  int errors = 0, same = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << bad;
    auto opened = Spool::Open(file_, kRoom);
    auto found = opened ? Contents(**opened) : std::unexpected(opened.error());
    if (found) {
      ASSERT_EQ(*found, *expected) << "byte " << at;
      ++same;
    } else {
      ASSERT_THAT(found.error().message, HasSubstr(file_.string())) << "byte " << at;
      ++errors;
    }
  }
  EXPECT_GT(errors, 2500) << "at least every byte of the bodies";
  EXPECT_GT(same, 0) << "free space does not matter";
}

TEST_F(SpoolTest, ACutFileIsAnError) {
  {
    auto spool = Open();
    for (int i = 1; i <= 3; ++i) ASSERT_TRUE(spool->Append(Batch(i, std::string(5000, 'x'))));
  }
  auto size = fs::file_size(file_);
  for (auto left : {size - 4096, size / 2, std::uintmax_t{4096}, std::uintmax_t{100}, std::uintmax_t{0}}) {
    fs::path copy = folder_ / "cut.db";
    fs::copy_file(file_, copy, fs::copy_options::overwrite_existing);
    fs::resize_file(copy, left);
    auto opened = Spool::Open(copy, kRoom);
    ASSERT_FALSE(opened) << left;
    EXPECT_THAT(opened.error().message, HasSubstr("cut.db"));
  }
}

TEST_F(SpoolTest, AnEmptyFileIsNeverTakenForANewSpool) {
  fs::create_directories(folder_);
  std::ofstream(file_.string()).flush();
  auto opened = Spool::Open(file_, kRoom);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt);
  EXPECT_THAT(opened.error().message, HasSubstr(file_.string()));
}

TEST_F(SpoolTest, WhatAKilledStartLeftOfTheMakingIsMadeAnew) {
  fs::create_directories(folder_);
  std::ofstream(file_.string() + ".new") << "half";
  std::ofstream(file_.string() + ".new-journal") << "of it";
  auto spool = Open();
  ASSERT_TRUE(spool && spool->Append(Batch(1, "message")));
  EXPECT_FALSE(fs::exists(file_.string() + ".new"));
}

}  // namespace
}  // namespace cryptostream
