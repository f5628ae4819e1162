// Lines of plain and compressed files, whole, cut and broken off; and what names a file.
#include "source/line_reader.h"

#include <arrow/buffer.h>
#include <arrow/util/compression.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/file.h"
#include "source/file_identity.h"
#include "source/stamp.h"

namespace cryptostream {
namespace {

using ::testing::ElementsAre;

class LineReaderTest : public ::testing::Test {
 protected:
  std::filesystem::path file_ = std::filesystem::temp_directory_path() / ("line_reader_" + RandomHexId());
  ~LineReaderTest() override { std::filesystem::remove(file_); }

  void Write(const std::string& bytes) { std::ofstream(file_, std::ios::binary) << bytes; }

  // The lines as "number:text", a cut one with "+bytes" behind; an error's kind at the end.
  std::vector<std::string> Lines(std::size_t limit = 100) {
    std::vector<std::string> lines;
    auto reader = LineReader::Open(file_, limit);
    while (reader) {
      auto line = (*reader)->Next({});
      if (!line) lines.push_back(std::string(ErrorKindName(line.error().kind)));
      if (!line || !*line) break;
      std::string text = std::to_string((*line)->number) + ":" + std::string((*line)->text);
      if ((*line)->cut_bytes > 0) text += "+" + std::to_string((*line)->cut_bytes);
      lines.push_back(std::move(text));
    }
    return lines;
  }
};

std::string Compressed(arrow::Compression::type type, const std::string& text) {
  auto codec = arrow::util::Codec::Create(type).ValueOrDie();
  std::string out(static_cast<std::size_t>(codec->MaxCompressedLen(static_cast<std::int64_t>(text.size()), nullptr)), '\0');
  auto size = codec->Compress(static_cast<std::int64_t>(text.size()), reinterpret_cast<const std::uint8_t*>(text.data()),
                              static_cast<std::int64_t>(out.size()), reinterpret_cast<std::uint8_t*>(out.data()));
  out.resize(static_cast<std::size_t>(size.ValueOrDie()));
  return out;
}

TEST_F(LineReaderTest, ReadsLinesWithAndWithoutAnEnd) {
  Write("a\r\n\nb\nc");
  EXPECT_THAT(Lines(), ElementsAre("0:a", "1:", "2:b", "3:c"));
  Write("");
  EXPECT_TRUE(Lines().empty());
}

TEST_F(LineReaderTest, ReadsGzipAndZstdByTheirContent) {
  for (auto type : {arrow::Compression::GZIP, arrow::Compression::ZSTD}) {
    Write(Compressed(type, "a\nb\n"));
    EXPECT_THAT(Lines(), ElementsAre("0:a", "1:b"));
  }
}

TEST_F(LineReaderTest, ReadsConcatenatedGzip) {
  Write(Compressed(arrow::Compression::GZIP, "a\n") + Compressed(arrow::Compression::GZIP, "b\n"));
  EXPECT_THAT(Lines(), ElementsAre("0:a", "1:b"));
}

TEST_F(LineReaderTest, AFileThatBreaksOffIsAnError) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919 % 10'007) + "\n";
  std::string whole = Compressed(arrow::Compression::GZIP, text);
  Write(whole.substr(0, whole.size() / 2));
  EXPECT_EQ(Lines().back(), "invalid");
}

TEST_F(LineReaderTest, EveryWholeLineBeforeABreakIsGiven) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += std::to_string(i * 7919 % 10'007) + "\n";
  std::string whole = Compressed(arrow::Compression::GZIP, text);
  for (std::size_t cut = 0; cut < whole.size(); cut += 7) {
    Write(whole.substr(0, cut));
    auto lines = Lines();
    if (cut < 2) continue;  // not known as gzip yet
    z_stream stream{};      // how much a reader byte by byte can know
    ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string plain(text.size(), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(whole.data());
    stream.avail_in = static_cast<uInt>(cut);
    stream.next_out = reinterpret_cast<Bytef*>(plain.data());
    stream.avail_out = static_cast<uInt>(plain.size());
    inflate(&stream, Z_SYNC_FLUSH);
    plain.resize(stream.total_out);
    inflateEnd(&stream);
    EXPECT_EQ(lines.size(), 1u + static_cast<std::size_t>(std::ranges::count(plain, '\n'))) << cut;
    EXPECT_EQ(lines.back(), "invalid") << cut;
  }
  whole.resize(whole.size() - 8);  // its checksum alone is missing
  Write(whole);
  EXPECT_EQ(Lines().size(), 301u);
}

TEST_F(LineReaderTest, WhatFollowsAMemberIsAnotherOneOrZerosOrAnError) {
  std::string member = Compressed(arrow::Compression::GZIP, "a\n");
  Write(member + std::string(1000, '\0'));
  EXPECT_THAT(Lines(), ElementsAre("0:a"));
  Write(member + Compressed(arrow::Compression::GZIP, "") + member);
  EXPECT_THAT(Lines(), ElementsAre("0:a", "1:a"));
  Write(member + "more");
  EXPECT_THAT(Lines(), ElementsAre("0:a", "invalid"));
}

TEST_F(LineReaderTest, AByteOrderMarkIsNoPartOfTheFirstLine) {
  Write("\xef\xbb\xbf{}\n\xef\xbb\xbfx\n");
  EXPECT_THAT(Lines(), ElementsAre("0:{}", "1:\xef\xbb\xbfx"));
  Write(Compressed(arrow::Compression::GZIP, "\xef\xbb\xbf{}"));
  EXPECT_THAT(Lines(), ElementsAre("0:{}"));
}

TEST_F(LineReaderTest, TextOfTwoBytesALetterIsRefused) {
  Write(std::string("\xff\xfe{\0}\0\n\0", 8));
  EXPECT_THAT(Lines(), ElementsAre("invalid"));
}

TEST_F(LineReaderTest, SaysWhereTheNextLineBeginsAndWhetherThisOneHasAnEnd) {
  Write("ab\r\nc\nd");
  auto reader = LineReader::Open(file_, 100).value();
  std::vector<std::pair<std::uint64_t, bool>> found;
  while (auto line = reader->Next({}).value()) found.emplace_back(line->next_byte, line->ended);
  EXPECT_THAT(found, ElementsAre(std::pair(4u, true), std::pair(6u, true), std::pair(7u, false)));
}

TEST_F(LineReaderTest, ALineThatIsTooLongIsCutAndTheRestGoesOn) {
  Write(std::string(150, 'x') + "\nok\n" + std::string(5'000'000, 'y') + "\nok2\n" + std::string(3'000'000, 'z'));
  auto lines = Lines(100);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "0:" + std::string(100, 'x') + "+50");
  EXPECT_EQ(lines[1], "1:ok");
  EXPECT_EQ(lines[2], "2:" + std::string(100, 'y') + "+4999900");
  EXPECT_EQ(lines[3], "3:ok2");
  EXPECT_EQ(lines[4], "4:" + std::string(100, 'z') + "+2999900");
}

TEST_F(LineReaderTest, LinesAcrossChunksAreWhole) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "line number " + std::to_string(i) + " of a file of more than one chunk\n";
  Write(text);
  auto lines = Lines();
  ASSERT_EQ(lines.size(), 40'000u);
  EXPECT_EQ(lines[39'999], "39999:line number 39999 of a file of more than one chunk");
}

TEST_F(LineReaderTest, NamesAFileThatIsNotThere) {
  auto reader = LineReader::Open("no/such/file", 100);
  EXPECT_EQ(reader.error().kind, ErrorKind::kNotFound);
}

TEST_F(LineReaderTest, IdentityIsOfTheContentAndBothEnds) {
  Write(std::string(3 << 20, 'a'));
  auto one = FileIdentity(file_).value();
  EXPECT_EQ(one.size(), 32u);
  Write(std::string((3 << 20) - 1, 'a') + "b");
  EXPECT_NE(FileIdentity(file_).value(), one);
  Write(std::string((3 << 20) + 1, 'a'));
  EXPECT_NE(FileIdentity(file_).value(), one);
  Write("");
  EXPECT_EQ(FileIdentity(file_).value(), IdentityOf("0\n"));
  Write("abc");
  auto before = FileIdentity(file_).value();
  Write("abcdef");
  EXPECT_EQ(FileIdentity(file_, 3).value(), before);
  EXPECT_EQ(FileIdentity(std::filesystem::temp_directory_path()).error().kind, ErrorKind::kInvalid);
}

TEST(StampOf, TellsTheUnitBySize) {
  auto expected = FromMicros(1'723'161'253'937'085);
  EXPECT_EQ(StampOf("1723161253937085768"), expected);
  EXPECT_EQ(StampOf("1723161253937085"), expected);
  EXPECT_EQ(StampOf("1723161253937.085"), expected);
  EXPECT_EQ(StampOf("1723161253.937085"), expected);
  for (const char* bad : {"", "x", "-1", "1e9", "17231612539370857680000", "1723161253.", " 1"}) {
    EXPECT_EQ(StampOf(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace cryptostream
