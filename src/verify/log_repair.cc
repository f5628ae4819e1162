// Repair of what is derived. In: a log whose commits are whole. Out: a log in which checkpoints, checksums and the hint say what the commits
// say. The commits are the truth: a checkpoint that contradicts them is put out of every reader's sight by a name that no reader knows, and
// kept for whoever wants to find out why. A checkpoint is never written here; the engine writes the next one.
//
// Rejected: deleting what is wrong (evidence), and mending a checkpoint whose commits were cleaned away (it is then the only record).
#include "verify/log_repair.h"

#include <fmt/format.h>

#include "base/file.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

Status SetAside(const fs::path& log, const std::string& name, std::vector<std::string>& done) {
  std::error_code error;
  fs::rename(log / name, log / (name + ".unusable"), error);
  if (error) return Unavailable("cannot rename: path=" + (log / name).string() + " reason=" + error.message());
  done.push_back("set aside: file=" + (log / name).string());
  return FsyncPath(log);
}

// Finds where a replay can begin: the newest checkpoint may be the damaged one. Out: the log, read without the checkpoints set aside.
Result<TableLog> ReadWithoutBad(const TableLayout& layout, const fs::path& root, std::vector<std::string>& done) {
  CS_ASSIGN(TableLog log, TableLog::Read(layout, root));
  for (const auto& [version, names] : log.listing.checkpoints) {
    if (version <= log.base || version > log.version) continue;
    Check check{"", true, "", {}};
    CompareCheckpoint(check, log, version);
    if (check.ok) continue;
    for (const std::string& name : names) CS_TRY(SetAside(log.log(), name, done));
  }
  for (Version version : log.listing.checksums) {
    if (version < log.base || version > log.version) continue;
    Check check{"", true, "", {}};
    CompareChecksum(check, log, version);
    if (!check.ok) CS_TRY(SetAside(log.log(), ChecksumName(version), done));
  }
  CS_ASSIGN(log.listing, ListLog(log.log()));
  return log;
}

Status RebuildHint(const TableLog& log, std::vector<std::string>& done) {
  if (CheckHint(log).ok && (log.listing.has_hint || log.listing.checkpoints.empty())) return {};
  fs::path hint = log.log() / "_last_checkpoint";
  if (log.listing.checkpoints.empty()) {
    std::error_code error;
    fs::remove(hint, error);
    if (error) return Unavailable("cannot remove: path=" + hint.string() + " reason=" + error.message());
    done.push_back("removed, there is no checkpoint: file=" + hint.string());
    return FsyncPath(log.log());
  }
  const auto& [version, names] = *log.listing.checkpoints.rbegin();
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + SqlText(ExactPath((log.log() / name).string()));
  CS_ASSIGN(std::int64_t actions, Number(*log.duck, "SELECT count(*) FROM read_parquet([" + list + "])"));
  CS_ASSIGN(std::int64_t adds, Number(*log.duck, "SELECT count(\"add\") FROM read_parquet([" + list + "])"));
  std::string parts = names.size() > 1 ? fmt::format(",\"parts\":{}", names.size()) : "";
  CS_TRY(WriteFileDurable(hint,
                          fmt::format("{{\"version\":{},\"size\":{},\"numOfAddFiles\":{}{}}}", version, actions, adds, parts)));
  done.push_back(fmt::format("written anew: file={} version={}", hint.string(), version));
  return {};
}

}  // namespace

Result<std::vector<std::string>> RepairLog(const TableLayout& layout, const fs::path& table_root) {
  std::vector<std::string> done;
  CS_ASSIGN(TableLog log, ReadWithoutBad(layout, table_root, done));
  CS_TRY(RebuildHint(log, done));
  return done;
}

Result<std::vector<std::string>> RepairLake(const fs::path& root) {
  fs::path absolute = fs::absolute(root).lexically_normal();
  if (!fs::exists(absolute)) return NotFound("there is no lake: root=" + root.string() + " (give --storage)");
  CS_ASSIGN(FileLock lock, FileLock::Acquire((absolute / ".cryptostream.lock").string()));
  std::vector<std::string> all;
  for (const TableLayout* layout : AllLayouts()) {
    if (!HasLog(absolute / layout->path)) continue;
    CS_ASSIGN(std::vector<std::string> done, RepairLog(*layout, absolute / layout->path));
    all.insert(all.end(), done.begin(), done.end());
  }
  return all;
}

}  // namespace cryptostream
