// Where files stand, from their lines and from what a lake knows, the names of the first versions among it.
#include "source/standing.h"

#include <arrow/util/compression.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "source/file_identity.h"

namespace cryptostream {
namespace {

using ::testing::HasSubstr;

class StandingTest : public ::testing::Test {
 protected:
  std::filesystem::path dir_ = std::filesystem::temp_directory_path() / ("standing_" + RandomHexId());
  RecordingPositions known_;

  StandingTest() { std::filesystem::create_directories(dir_); }
  ~StandingTest() override { std::filesystem::remove_all(dir_); }

  static std::string Messages(int count, int changed_at = -1) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += "{\"timestamp\":" + std::to_string(1'000'000 + i) +
              ",\"coin_id\":\"a\",\"price\":" + (i == changed_at ? "2" : "1") + "}\n";
    }
    return text;
  }
  std::filesystem::path File(const std::string& bytes, const std::string& name = "a.jsonl") {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
    return dir_ / name;
  }
  Result<Standing> Find(const std::filesystem::path& file, bool again = false) {
    auto known = [&](std::string_view prefix) -> Result<RecordingPositions> {
      RecordingPositions found = known_;
      std::erase_if(found, [&](const auto& entry) { return !entry.first.starts_with(prefix); });
      return found;
    };
    return FindStanding({{.file = file, .again = again}}, known, {});
  }
  // As a replay to the end of the file leaves it.
  void Take(const std::filesystem::path& file) {
    Standing standing = Find(file).value();
    auto reader = LineReader::Open(file, 1000).value();
    LineChain chain;
    chain.Begin("messages");
    RecordingPositions marks;
    while (auto line = reader->Next({}).value()) {
      chain.Add(*line);
      if (chain.at_mark()) marks.insert(MarkOf(standing.id, chain));
    }
    for (const auto& [id, version] : CompanyOf(standing.id, chain, marks)) known_[id] = version;
    known_[standing.id] = chain.lines();
  }
};

TEST_F(StandingTest, AFileGoesOnWhereItEndedWhateverItsNameAndPacking) {
  auto file = File(Messages(300));
  Take(file);
  std::string grown = Messages(450);
  auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP).ValueOrDie();
  std::string packed(grown.size() + 1000, '\0');
  packed.resize(static_cast<std::size_t>(
      codec
          ->Compress(static_cast<std::int64_t>(grown.size()), reinterpret_cast<const std::uint8_t*>(grown.data()),
                     static_cast<std::int64_t>(packed.size()), reinterpret_cast<std::uint8_t*>(packed.data()))
          .ValueOrDie()));
  for (const auto& now :
       {file, File(grown, "moved.jsonl"), File(packed, "moved.gz"), File("\xef\xbb\xbf" + grown, "marked.jsonl")}) {
    EXPECT_EQ(Find(now).value().position, 300) << now;
  }
}

TEST_F(StandingTest, AChangedFileIsToldAndCanBeTakenAnew) {
  auto file = File(Messages(3000));
  Take(file);
  std::string before = Find(file).value().id;
  File(Messages(3000, 1500));
  auto standing = Find(file);
  ASSERT_FALSE(standing);
  EXPECT_THAT(standing.error().message, HasSubstr("lines_taken=3000"));
  EXPECT_THAT(standing.error().message, HasSubstr("between 1025 and 2048"));
  EXPECT_THAT(standing.error().message, HasSubstr("--again"));
  auto anew = Find(file, true).value();
  EXPECT_EQ(anew.position, 0);
  EXPECT_NE(anew.id, before);
}

TEST_F(StandingTest, ALakeOfTheFirstVersionsGoesOnWithoutDoubling) {
  auto file = File(Messages(300));
  known_["bronze/file/" + FileIdentity(file).value()] = 300;
  known_["bronze/file/stdin-0123"] = 7;
  EXPECT_EQ(Find(file).value().position, 300);
  EXPECT_EQ(Find(File(Messages(300), "moved.jsonl")).value().position, 300);
  EXPECT_EQ(Find(File(Messages(450))).value().position, 300) << "it has grown since";
  EXPECT_EQ(Find(File(Messages(450, 200))).value().position, 0) << "that is another one";
  std::string open = Messages(300);
  open.pop_back();  // as it was taken, its last line had no end yet
  known_.clear();
  known_["bronze/file/" + FileIdentity(File(open)).value()] = 300;
  EXPECT_EQ(Find(File(Messages(450))).value().position, 300);
}

TEST_F(StandingTest, AnEmptyFileStandsAtItsBeginning) { EXPECT_EQ(Find(File("")).value().position, 0); }

TEST_F(StandingTest, ALastLineCountsWhenItIsWhole) {
  std::string text = Messages(100);
  text.pop_back();
  auto file = File(text);
  Take(file);
  EXPECT_EQ(Find(File(Messages(101))).value().position, 100);
}

}  // namespace
}  // namespace cryptostream
