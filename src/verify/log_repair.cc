// Repair of what is derived. In: a log whose commits are whole. Out: a log in which checkpoints, checksums
// and the hint say what the commits say. The commits are the truth: a checkpoint that contradicts them is put
// out of every reader's sight by a name that no reader knows, and kept for whoever wants to find out why. A
// checkpoint is never written here; the engine writes the next one.
//
// Rejected: deleting what is wrong (evidence), and mending a checkpoint whose commits were cleaned away (it
// is then the only record).
#include "verify/log_repair.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "delta/lake_place.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

Status SetAside(const fs::path& log, const std::string& name, Repaired& repaired) {
  std::error_code error;
  fs::rename(log / name, log / (name + ".unusable"), error);
  if (error) return Unavailable("cannot rename: path=" + (log / name).string() + " reason=" + error.message());
  repaired.done.push_back("set aside: file=" + (log / name).string());
  return FsyncPath(log);
}

// Who says that a log went on behind its last commit; empty if nobody does.
Result<std::string> WhoReadPast(const TableLog& log, const fs::path& lake_root) {
  for (const TableLayout* layout : AllLayouts()) {
    auto place = PlaceOf(lake_root, *layout);
    if (layout == log.layout || !place || !HasLog(*place)) continue;
    auto other = TableLog::Read(*layout, *place, LogExtent::kTail);
    if (!other && !IsFaultOfData(other.error())) return std::unexpected(other.error());
    if (!other)
      return fmt::format("{} may have read past it, but cannot be read itself: {}", layout->name, other.error().message);
    if (auto past = FindReadPast(log.table_id, log.version, *other)) {
      return fmt::format("{} has read up to {}, so the commits from {} on were there and this may be their only copy",
                         past->table, past->version, log.version + 1);
    }
  }
  return std::string();
}

Status SetAsideNewer(const TableLog& log, const fs::path& lake_root, Repaired& repaired) {
  std::vector<std::string> names = log.listing.NewerThanLast();
  if (names.empty()) return {};
  CS_ASSIGN(std::string why_not, WhoReadPast(log, lake_root));
  if (!why_not.empty()) {
    repaired.left.push_back(
        fmt::format("a file of the log is newer than its last commit, nothing is done: table={} last_commit={} "
                    "file={} reason={} (put the commits back from a backup, or move the file away)",
                    log.root.string(), log.version, names.front(), why_not));
    return {};
  }
  for (const std::string& name : names) CS_TRY(SetAside(log.log(), name, repaired));
  return {};
}

// The checkpoints and checksums that the commits reach and contradict.
Status SetAsideBad(const TableLog& log, Repaired& repaired) {
  for (const auto& [version, names] : log.listing.checkpoints) {
    if (version > log.version) break;
    Check check{"", true, "", {}};
    if (version > log.base) CompareCheckpoint(check, log, version);
    bool unreadable = version < log.base &&
                      std::ranges::any_of(
                          log.bad_checkpoints,
                          [&](const std::string& place) { return place.find("file=" + names.front() + ":") != place.npos; });
    if (check.ok && !unreadable) continue;
    for (const std::string& name : names) CS_TRY(SetAside(log.log(), name, repaired));
  }
  for (Version version : log.listing.checksums) {
    if (version < log.base || version > log.version) continue;
    Check check{"", true, "", {}};
    CompareChecksum(check, log, version);
    if (!check.ok) CS_TRY(SetAside(log.log(), ChecksumName(version), repaired));
  }
  return {};
}

Status RebuildHint(const TableLog& log, Repaired& repaired) {
  auto newer = log.listing.checkpoints.upper_bound(log.version);
  bool none = newer == log.listing.checkpoints.begin();
  Check check = CheckHint(log);
  if (!check.not_checked.empty()) return Unavailable(check.not_checked);
  if (check.ok && (log.listing.has_hint || none)) return {};
  fs::path hint = log.log() / "_last_checkpoint";
  if (none) {
    std::error_code error;
    fs::remove(hint, error);
    if (error) return Unavailable("cannot remove: path=" + hint.string() + " reason=" + error.message());
    repaired.done.push_back("removed, there is no checkpoint: file=" + hint.string());
    return FsyncPath(log.log());
  }
  const auto& [version, names] = *std::prev(newer);
  CS_ASSIGN(CheckpointSize size, SizeOfCheckpoint(log, names));
  std::string parts = names.size() > 1 ? fmt::format(",\"parts\":{}", names.size()) : "";
  CS_TRY(WriteFileDurable(hint, fmt::format("{{\"version\":{},\"size\":{},\"sizeInBytes\":{},\"numOfAddFiles\":{}{}}}", version,
                                            size.actions, size.bytes, size.adds, parts)));
  repaired.done.push_back(fmt::format("written anew: file={} version={}", hint.string(), version));
  return {};
}

}  // namespace

Result<Repaired> RepairLog(const TableLayout& layout, const fs::path& lake_root) {
  Repaired repaired;
  CS_ASSIGN(TableLog log, TableLog::Read(layout, PlaceOf(lake_root, layout).value_or(lake_root / layout.path)));
  CS_TRY(SetAsideNewer(log, lake_root, repaired));
  CS_TRY(SetAsideBad(log, repaired));
  CS_ASSIGN(log.listing, ListLog(log.log()));
  CS_TRY(RebuildHint(log, repaired));
  return repaired;
}

Result<Repaired> RepairLake(const fs::path& root) {
  fs::path absolute = fs::absolute(root).lexically_normal();
  std::vector<const TableLayout*> there;
  for (const TableLayout* layout : AllLayouts()) {
    auto place = PlaceOf(absolute, *layout);
    if (place && HasLog(*place)) there.push_back(layout);
  }
  if (there.empty()) return NotFound("there is no lake: root=" + root.string() + " (give --storage)");
  CS_ASSIGN(FileLock lock, FileLock::Acquire((absolute / ".cryptostream.lock").string()));
  Repaired all;
  for (const TableLayout* layout : there) {
    auto repaired = RepairLog(*layout, absolute);
    if (!repaired && !IsFaultOfData(repaired.error())) return std::unexpected(repaired.error());
    if (!repaired) {
      all.left.push_back("cannot be mended: table=" + layout->name + " reason=" + repaired.error().message);
      continue;
    }
    all.done.insert(all.done.end(), repaired->done.begin(), repaired->done.end());
    all.left.insert(all.left.end(), repaired->left.begin(), repaired->left.end());
  }
  return all;
}

}  // namespace cryptostream
