// The check before a start. In: the logs, from their newest checkpoint on. Out: leave to write, or the first thing that is wrong. The kernel
// alone would go on in most of these cases: with a checksum at hand it looks neither at the commits that it stands for nor at their
// positions, and a stage that trusts a wrong position writes rows twice or leaves some out. Cost: 40 ms a table, however
// long the log is; a full verification of every commit and data file would take minutes on a large lake.
#include "verify/start_check.h"

#include <fmt/format.h>

#include "base/log.h"
#include "verify/log_repair.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

Check CheckProperties(const TableLog& log) {
  Check check{"", true, "", {}};
  WrongRows(check, *log.duck,
            "SELECT 'property=' || key || ': the table forgets its positions, unset it' FROM (SELECT "
            "unnest(map_keys(properties)) AS key "
            "FROM metadata) WHERE key = 'delta.setTransactionRetentionDuration'");
  return check;
}

// The data files of the newest commits: what a crash or a careless hand has most likely taken.
Check CheckNewFiles(const TableLog& log) {
  Check check{"", true, "", {}};
  auto files = log.FilesAt(log.version);
  if (!files) {
    Wrong(check, files.error().message);
    return check;
  }
  for (const LoggedFile& file : *files) {
    if (!file.known) continue;
    std::error_code error;
    auto size = fs::file_size(log.root / file.path, error);
    if (error) Wrong(check, fmt::format("version={} file={}: missing", file.version, file.path));
    if (!error && static_cast<std::int64_t>(size) != file.size_bytes) {
      Wrong(check,
            fmt::format("version={} file={}: has {} bytes, the log says {}", file.version, file.path, size, file.size_bytes));
    }
  }
  return check;
}

// Whether what stands for the commits is good: the hint, and the checksums that the kernel would believe.
bool StandInsGood(const TableLog& log) {
  if (!CheckHint(log).ok) return false;
  Check check{"", true, "", {}};
  for (Version version : log.listing.checksums) {
    if (version >= log.base && version <= log.version) CompareChecksum(check, log, version);
  }
  return check.ok;
}

// A table without a log is about to be made. Rows there would be nobody's, and vacuum would take them.
Status CheckNoRows(const fs::path& table) {
  std::error_code error;
  for (fs::recursive_directory_iterator file(table, error), end; !error && file != end; file.increment(error)) {
    std::string name = file->path().filename().string();
    if (name.starts_with('.') || !name.ends_with(".parquet")) continue;
    return Corrupt(
        fmt::format("the table has rows and no log, nothing is written to it: table={} file={} (put the backup of _delta_log "
                    "back, or move the directory away)",
                    table.string(), file->path().lexically_relative(table).string()));
  }
  return {};
}

Result<TableLog> ReadTail(const TableLayout& layout, const fs::path& root) {
  auto log = TableLog::Read(layout, root, LogExtent::kTail);
  if (log && StandInsGood(*log)) return log;
  // The newest checkpoint cannot be read, or a checksum or the hint is wrong: the commits may be whole all the same.
  auto done = RepairLog(layout, root);
  if (!done) return std::unexpected(log ? done.error() : log.error());
  for (const std::string& line : *done) LogWarn("a log was mended: {}", line);
  return TableLog::Read(layout, root, LogExtent::kTail);
}

}  // namespace

Status CheckBeforeWriting(const fs::path& root) {
  fs::path absolute = fs::absolute(root).lexically_normal();
  for (const TableLayout* layout : AllLayouts()) {
    fs::path table = absolute / layout->path;
    if (!HasLog(table)) {
      CS_TRY(CheckNoRows(table));
      continue;
    }
    CS_ASSIGN(TableLog log, ReadTail(*layout, table));
    for (const Check& check :
         {CheckProperties(log), CheckActions(log), CheckCommits(log), CheckPositions(log), CheckNewFiles(log)}) {
      if (check.ok) continue;
      return Corrupt(
          fmt::format("the table is damaged, nothing is written to it: table={} {} (`cryptostream verify` tells all of it; "
                      "put a backup back)",
                      table.string(), check.places.front()));
    }
  }
  return {};
}

}  // namespace cryptostream
