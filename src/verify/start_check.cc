// The check before a start. In: the logs, from their newest checkpoint on. Out: leave to write, or the first
// thing that is wrong. The kernel alone would go on in most of these cases: with a checksum at hand it looks
// neither at the commits that it stands for nor at their positions, and a stage that trusts a wrong position
// writes rows twice or leaves some out. Cost: 40 ms a table, however long the log is; a full verification of
// every commit and data file would take minutes on a large lake.
#include "verify/start_check.h"

#include <fmt/format.h>

#include "base/log.h"
#include "delta/lake_place.h"
#include "delta/table.h"
#include "verify/log_repair.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

// The data files of the newest commits: what a crash or a careless hand has most likely taken.
Check CheckNewFiles(const TableLog& log) {
  Check check{"", true, "", {}};
  auto files = log.FilesAt(log.version);
  if (!files) {
    Failed(check, files.error());
    return check;
  }
  for (const LoggedFile& file : *files) {
    if (!file.known) continue;
    std::error_code error;
    auto size = fs::file_size(log.root / file.path, error);
    bool missing = error == std::errc::no_such_file_or_directory;
    if (missing) Wrong(check, fmt::format("version={} file={}: missing", file.version, file.path));
    if (error && !missing) NotChecked(check, fmt::format("version={} file={}: {}", file.version, file.path, error.message()));
    if (!error && static_cast<std::int64_t>(size) != file.size_bytes) {
      Wrong(check,
            fmt::format("version={} file={}: has {} bytes, the log says {}", file.version, file.path, size, file.size_bytes));
    }
  }
  return check;
}

// Whether what stands for the commits is good: the checkpoint that the log was read from, the hint, the
// checksums that the kernel would believe, and nothing newer than the commits.
bool StandInsGood(const TableLog& log) {
  if (!log.listing.NewerThanLast().empty() || !log.bad_checkpoints.empty()) return false;
  if (!CheckHint(log).ok || !CheckWritableShape(log).ok) return false;
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

Result<TableLog> ReadTail(const TableLayout& layout, const fs::path& lake_root, const fs::path& table) {
  auto log = TableLog::Read(layout, table, LogExtent::kTail);
  if (log && StandInsGood(*log)) return log;
  // The newest checkpoint cannot be read, or a checksum or the hint is wrong: the commits may be whole all
  // the same.
  auto repaired = RepairLog(layout, lake_root);
  if (!repaired) return std::unexpected(log ? repaired.error() : log.error());
  for (const std::string& line : repaired->done) LogWarn("a log was mended: {}", line);
  if (!repaired->left.empty()) return Corrupt(repaired->left.front());
  return TableLog::Read(layout, table, LogExtent::kTail);
}

// The first of the checks that is not sound, as an error.
Status FirstNotSound(const fs::path& table, const std::vector<Check>& checks, const TableLayout& layout) {
  for (const Check& check : checks) {
    if (!check.ok) {
      return Corrupt(
          fmt::format("the table is damaged, nothing is written to it: table={} {} (`cryptostream verify` tells all of it; {})",
                      table.string(), check.places.front(), HowToMend(layout.name)));
    }
    if (!check.not_checked.empty()) {
      return Unavailable(
          fmt::format("the table cannot be looked at, nothing is written to it: table={} {}", table.string(), check.not_checked));
    }
  }
  return {};
}

std::vector<Check> CheckTail(const TableLog& log, bool with_files) {
  std::vector<Check> checks{CheckWritableShape(log), CheckActions(log), CheckCommits(log), CheckPositions(log)};
  if (with_files) checks.push_back(CheckNewFiles(log));
  return checks;
}

}  // namespace

Status CheckBeforeWriting(const fs::path& root, const std::set<std::string>& damaged) {
  fs::path absolute = fs::absolute(root).lexically_normal();
  for (const TableLayout* layout : AllLayouts()) {
    auto place = PlaceOf(absolute, *layout);
    if (!place) continue;
    if (!HasLog(*place)) {
      CS_TRY(CheckNoRows(*place));
      continue;
    }
    CS_ASSIGN(TableLog log, ReadTail(*layout, absolute, *place));
    if (!IsMadeByUs(log)) continue;  // opening it refuses it for what it is
    CS_TRY(FirstNotSound(*place, CheckTail(log, !damaged.contains(layout->name)), *layout));
  }
  return {};
}

Status CheckLogBeforeWriting(const fs::path& root, const TableLayout& layout) {
  fs::path absolute = fs::absolute(root).lexically_normal(), table = absolute / layout.path;
  if (!HasLog(table)) return Corrupt("the table has no log: table=" + table.string() + " (" + HowToMend(layout.name) + ")");
  CS_ASSIGN(TableLog log, ReadTail(layout, absolute, table));
  const DescribingAction* metadata = LatestAt(log.metadata, log.version);
  if (metadata != nullptr && FormatIn(*metadata) > kTableFormat) {
    return Invalid("table was made or upgraded by a newer cryptostream, use that one: table=" + table.string());
  }
  return FirstNotSound(table, CheckTail(log, false), layout);
}

}  // namespace cryptostream
