// Notes of readers outside of the lake: whom maintenance waits for, and for how long.
#include "delta/outside_reader.h"

#include <fmt/format.h>

#include "delta/table_fixture.h"

namespace cryptostream {
namespace {

class OutsideReaderTest : public TableTest {
 protected:
  // A table with `commits` commits after its creation.
  std::unique_ptr<Table> Make(int commits) {
    auto table = Must(Table::Create(Spec("t")));
    for (int i = 0; i < commits; ++i) Append(*table, i * 10, 10);
    return table;
  }
  std::vector<Version> Found(const Table& table) { return OutsideReaders(Path(""), table); }
};

TEST_F(OutsideReaderTest, HoldsWhatWasNotRead) {
  auto table = Make(3);
  EXPECT_TRUE(Found(*table).empty());
  ASSERT_TRUE(NoteReader(Path(""), "one", {{table->id(), 1}, {"another-table", 0}}));
  ASSERT_TRUE(NoteReader(Path(""), "two", {{table->id(), 2}}));
  std::vector<Version> found = Found(*table);
  std::ranges::sort(found);
  EXPECT_EQ(found, (std::vector<Version>{1, 2}));
  ASSERT_TRUE(NoteReader(Path(""), "one", {{table->id(), 3}}));  // it has everything: nothing to hold
  EXPECT_EQ(Found(*table), (std::vector<Version>{2}));
}

TEST_F(OutsideReaderTest, LetsGoAfterADay) {
  auto table = Make(3);
  ASSERT_TRUE(NoteReader(Path(""), "one", {{table->id(), 1}}));
  auto next = std::filesystem::path(table->root_path()) / "_delta_log" / fmt::format("{:020}.json", 2);
  std::filesystem::last_write_time(next, std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  EXPECT_TRUE(Found(*table).empty());
}

TEST_F(OutsideReaderTest, HoldsNothingThatIsGoneOrNotThereYet) {
  auto table = Make(3);
  ASSERT_TRUE(NoteReader(Path(""), "restored", {{table->id(), 9}}));
  EXPECT_TRUE(Found(*table).empty());
  ASSERT_TRUE(NoteReader(Path(""), "restored", {{table->id(), 1}}));
  std::filesystem::remove(std::filesystem::path(table->root_path()) / "_delta_log" / fmt::format("{:020}.json", 1));
  EXPECT_TRUE(Found(*table).empty());
  ASSERT_TRUE(WriteFileDurable(ReaderNotes(Path("")) / "restored", "no note at all\n\n"));
  EXPECT_TRUE(Found(*table).empty());
}

}  // namespace
}  // namespace cryptostream
