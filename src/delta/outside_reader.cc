// Notes of readers outside of the lake: "<table id> <version>" a line, a file a reader. That a note holds for
// a day only needs no clock of the reader's: the first commit that it has not read has an age of its own.
#include "delta/outside_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/file.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kHeldFor{24};
constexpr std::uintmax_t kMostBytes = 1 << 16;

// Whether the table can still be opened at `version`, and the commit after it is young. What is cleaned up
// goes in ascending order.
bool MayReadOn(const Table& table, Version version) {
  const fs::path log = fs::path(table.root_path()) / "_delta_log";
  std::error_code error;
  if (version < 0 || version >= table.version() || !fs::exists(log / fmt::format("{:020}.json", version), error)) return false;
  auto written = fs::last_write_time(log / fmt::format("{:020}.json", version + 1), error);
  return !error && fs::file_time_type::clock::now() - written < kHeldFor;
}

}  // namespace

fs::path ReaderNotes(const fs::path& root) { return root / "state" / "readers"; }

Status NoteReader(const fs::path& root, const std::string& reader, const std::map<std::string, Version>& positions) {
  std::string text;
  for (const auto& [table_id, version] : positions) text += fmt::format("{} {}\n", table_id, version);
  CS_TRY(MakeDirsDurable(ReaderNotes(root)));
  return WriteFileDurable(ReaderNotes(root) / reader, text);
}

std::vector<Version> OutsideReaders(const fs::path& root, const Table& table) {
  std::vector<Version> found;
  std::error_code error;
  for (fs::directory_iterator notes(ReaderNotes(root), error), end; !error && notes != end; notes.increment(error)) {
    auto text = ReadFile(notes->path(), kMostBytes);
    if (!text) continue;
    std::istringstream lines(*text);
    std::string id;
    for (Version version = kNoVersion; lines >> id >> version;) {
      if (id == table.id() && MayReadOn(table, version)) found.push_back(version);
    }
  }
  return found;
}

}  // namespace cryptostream
