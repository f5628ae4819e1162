// Where a rebuild puts the tables that it replaces. The record is durable before the first table is moved; a table that lies in the folder
// is not moved again, so the new one that has taken its place stays.
#include "maintain/rebuild_aside.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <sstream>

#include "base/crash_point.h"
#include "base/file.h"
#include "base/system_error.h"
#include "base/text.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

const CrashPoint kBeforeMoves("rebuild.before_moves");
const CrashPoint kAfterMove("rebuild.after_move");

constexpr const char* kFolder = ".rebuild";
constexpr const char* kUnfinished = ".part";
constexpr const char* kRecord = "record";

// A line a table, and a line each position that goes with the table before it.
std::string Text(const std::vector<RebuildFolder::Table>& tables) {
  std::string text;
  for (const auto& table : tables) {
    text += "table " + table.layout->name + "\n";
    for (const auto& [id, value] : table.kept) text += fmt::format("keeps {} {}\n", value, id);
  }
  return text;
}

Result<std::vector<RebuildFolder::Table>> Parse(const std::string& text, const fs::path& path) {
  std::vector<RebuildFolder::Table> tables;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    auto damaged = [&] {
      return Corrupt("the record of a rebuild cannot be read: path=" + path.string() + " line=" + Printable(line));
    };
    std::istringstream words(line);
    std::string kind, value;
    words >> kind >> value >> std::ws;
    if (kind == "table") {
      const TableLayout* layout = FindLayout(value);
      if (layout == nullptr) return damaged();
      tables.push_back({layout, {}});
      continue;
    }
    std::string id;
    std::getline(words, id);
    auto number = IntegerOf<std::int64_t>(value);
    if (kind != "keeps" || !number || id.empty() || tables.empty()) return damaged();
    tables.back().kept[id] = *number;
  }
  return tables;
}

Status Rename(const fs::path& from, const fs::path& to) {
  CS_TRY(MakeDirsDurable(to.parent_path()));
  std::error_code error;
  fs::rename(from, to, error);
  if (error) {
    return Unavailable("cannot move a table: from=" + from.string() + " to=" + to.string() +
                       " reason=" + SystemReason(error.value()));
  }
  CS_TRY(FsyncPath(to.parent_path()));
  return FsyncPath(from.parent_path());
}

}  // namespace

Result<std::optional<RebuildFolder>> RebuildFolder::Unfinished(const fs::path& root) {
  std::error_code error;
  for (fs::directory_iterator entry(root / kFolder, error), end; !error && entry != end; entry.increment(error)) {
    fs::path record = entry->path() / kRecord;
    if (entry->path().extension() != kUnfinished || !fs::exists(record, error)) continue;  // without one nothing was moved
    CS_ASSIGN(std::string text, ReadFile(record, 1 << 20));
    CS_ASSIGN(std::vector<Table> tables, Parse(text, record));
    return RebuildFolder(root, entry->path(), std::move(tables));
  }
  return std::nullopt;
}

Result<RebuildFolder> RebuildFolder::Make(const fs::path& root, std::vector<Table> tables) {
  auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  fs::path path =
      root / kFolder / fmt::format("{:%Y%m%dT%H%M%S}Z-{:.8}{}", now, RandomHexId(), kUnfinished);  // two in a second are two
  CS_TRY(MakeDirsDurable(path));
  CS_TRY(WriteFileDurable(path / kRecord, Text(tables)));
  return RebuildFolder(root, std::move(path), std::move(tables));
}

Status RebuildFolder::TakeTables() const {
  kBeforeMoves.Reach();
  for (const Table& table : std::views::reverse(tables_)) {
    fs::path from = root_ / table.layout->path, to = path_ / table.layout->path;
    std::error_code error;
    if (!fs::exists(from, error) || fs::exists(to, error)) continue;
    CS_TRY(Rename(from, to));
    kAfterMove.Reach();
  }
  return {};
}

Result<fs::path> RebuildFolder::Finish() const {
  fs::path done = path_;
  done.replace_extension();
  CS_TRY(Rename(path_, done));
  return done;
}

}  // namespace cryptostream
