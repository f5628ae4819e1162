// Which recording is which, from positions alone: grown, changed, shortened, begun alike, taken anew.
#include "source/taken_recordings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using Lines = std::vector<std::string>;

Lines Numbered(int count, int changed_at = -1) {
  Lines lines;
  for (int i = 0; i < count; ++i) lines.push_back(i == changed_at ? "changed" : "line " + std::to_string(i));
  return lines;
}

// What was taken, and a look at a recording.
class TakenRecordingsTest : public ::testing::Test {
 protected:
  RecordingPositions positions_;

  RecordingMatch Look(const Lines& lines, const std::string& format = "messages") {
    RecordingMatch match(TakenRecordings(positions_));
    LineChain chain;
    chain.Begin(format);
    for (std::size_t i = 0; i < lines.size() && match.open(); ++i) {
      chain.Add({static_cast<std::int64_t>(i), lines[i]});
      match.Add(chain);
    }
    return match;
  }
  // Takes it to its end, a batch each `step` lines.
  void Take(const std::string& id, const Lines& lines, std::size_t step = 1000) {
    LineChain chain;
    chain.Begin("messages");
    RecordingPositions marks;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      chain.Add({static_cast<std::int64_t>(i), lines[i]});
      if (chain.at_mark()) marks.insert(MarkOf(id, chain));
      if ((i + 1) % step != 0 && i + 1 != lines.size()) continue;
      for (const auto& [of, version] : CompanyOf(id, chain, std::exchange(marks, {}))) {
        EXPECT_LE(positions_[of], version) << "a position never goes back: " << of;
        positions_[of] = version;
      }
      positions_[id] = chain.lines();
    }
  }
  std::string TakeNew(const Lines& lines) {
    std::string id = Look(lines).NewId();
    Take(id, lines);
    return id;
  }
};

TEST_F(TakenRecordingsTest, TheSameLinesAreTheSameRecordingAndMoreLinesItsRest) {
  for (int count : {1, 2, 63, 64, 65, 1000, 5000}) {
    positions_.clear();
    std::string id = TakeNew(Numbered(count));
    for (int now : {count, count + 1, 3 * count}) {
      RecordingMatch match = Look(Numbered(now));
      ASSERT_NE(match.continued(), nullptr) << count << " " << now;
      EXPECT_EQ(match.continued()->id, id);
      EXPECT_EQ(match.continued()->lines, count);
      EXPECT_FALSE(match.changed());
    }
  }
}

TEST_F(TakenRecordingsTest, AChangedLineIsToldAnywhereBehindTheFirstMark) {
  TakeNew(Numbered(5000));
  for (int at : {64, 100, 2500, 4095, 4096, 4999}) {
    RecordingMatch match = Look(Numbered(5000, at));
    EXPECT_EQ(match.continued(), nullptr) << at;
    auto changed = match.changed();
    ASSERT_TRUE(changed) << at;
    EXPECT_LE(changed->same_lines, at);
    EXPECT_GT(changed->differs_before, at);
    EXPECT_EQ(changed->taken->lines, 5000);
  }
}

TEST_F(TakenRecordingsTest, OneThatBeginsOtherwiseIsAnotherOne) {
  std::string id = TakeNew(Numbered(5000));
  for (int at : {0, 1, 63}) {
    RecordingMatch match = Look(Numbered(5000, at));
    EXPECT_EQ(match.continued(), nullptr);
    EXPECT_FALSE(match.changed()) << at;
    EXPECT_NE(match.NewId(), id);
  }
  EXPECT_EQ(Look(Numbered(5000), "binance-frames").continued(), nullptr);  // the same lines mean something else there
}

TEST_F(TakenRecordingsTest, OneThatIsShorterNowIsTold) {
  TakeNew(Numbered(5000));
  auto changed = Look(Numbered(3000)).changed();
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->same_lines, 2048);
  EXPECT_EQ(changed->differs_before, 0);
}

TEST_F(TakenRecordingsTest, OfSeveralThatFitTheLongestGoesOn) {
  TakeNew(Numbered(100));
  Take("bronze/recording/longer", Numbered(700));
  EXPECT_EQ(Look(Numbered(1000)).continued()->lines, 700);
  EXPECT_EQ(Look(Numbered(100)).continued()->lines, 100);
}

TEST_F(TakenRecordingsTest, TakenAnewItHasAnIdOfItsOwn) {
  std::string first = TakeNew(Numbered(200));
  std::string second = TakeNew(Numbered(200)), third = TakeNew(Numbered(200));
  EXPECT_EQ(second, first + "~2");
  EXPECT_EQ(third, first + "~3");
  EXPECT_EQ(TakenRecordings(positions_).size(), 3u);
  for (const TakenRecording& taken : TakenRecordings(positions_)) {
    EXPECT_EQ(taken.lines, 200) << taken.id;
    EXPECT_EQ(taken.marks.size(), 2u) << taken.id;
  }
}

TEST_F(TakenRecordingsTest, ASecondAttemptHasTheIdOfTheFirst) {
  EXPECT_EQ(Look(Numbered(500)).NewId(), Look(Numbered(500)).NewId());
}

TEST_F(TakenRecordingsTest, WhatAlongTheWayWasCutDifferentlyGivesTheSame) {
  Take("bronze/recording/a", Numbered(5000), 1);
  auto bit_by_bit = positions_;
  positions_.clear();
  Take("bronze/recording/a", Numbered(5000), 5000);
  EXPECT_EQ(positions_, bit_by_bit);
}

}  // namespace
}  // namespace cryptostream
