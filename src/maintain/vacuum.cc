// Vacuum of data files. In: the table's folders and its log. Out: files that may go. The order of looking matters: first the folders, then who
// holds what, then the newest version. A file that was being written when we looked is held, or committed and therefore live, or came
// later and is not in our list.
// Expired removals are not in the checkpoint any more, so "removed long ago" and "never committed" look alike; the file's mtime
// is never later than its removal, so one rule serves both: not live, no remembered removal, old.
#include "maintain/vacuum.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/crash_point.h"
#include "base/file.h"
#include "base/log.h"
#include "delta/file_hold.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

const CrashPoint kBeforeFiles("vacuum.before_files");
const CrashPoint kAfterFile("vacuum.after_file");
const CrashPoint kAfterFiles("vacuum.after_files");
constexpr int kCommitsPerRead = 100;

struct Found {
  std::string path;     // below the root
  std::string visible;  // the name it has when it is whole
  Timestamp written;
  std::int64_t size_bytes = 0;
};

struct Listing {
  std::vector<Found> files;
  std::vector<std::string> folders;  // that may be empty, deepest first
};

bool IsDataFile(const std::string& name) { return name.ends_with(".parquet") || name.ends_with(".parquet.tmp"); }

// ".part-x.parquet.tmp" is a file that is being written: the name it will have.
std::string VisibleName(const std::string& name) {
  if (!name.starts_with('.') || !name.ends_with(".tmp")) return name;
  return name.substr(1, name.size() - 5);
}

Result<Listing> ListFiles(const fs::path& root) {
  Listing listing;
  std::error_code error;
  fs::recursive_directory_iterator entries(root, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    std::string name = entries->path().filename().string();
    std::error_code gone;  // by another vacuum: not our concern
    auto time = fs::last_write_time(entries->path(), gone);
    if (gone) continue;
    auto written = std::chrono::floor<std::chrono::microseconds>(fs::file_time_type::clock::to_sys(time));
    fs::path below = entries->path().lexically_relative(root);
    if (entries->is_directory(gone)) {
      if (name.starts_with('_') || name.starts_with('.')) {
        entries.disable_recursion_pending();
      } else {
        listing.files.push_back({below.string(), "", written, -1});
      }
    } else if (IsDataFile(name)) {
      auto size = static_cast<std::int64_t>(entries->file_size(gone));
      listing.files.push_back({below.string(), (below.parent_path() / VisibleName(name)).string(), written, size});
    }
  }
  if (error) return Unavailable("cannot list the table's folders: path=" + root.string() + " reason=" + error.message());
  return listing;
}

// What a reader at `position` still has to open: the table as it is there, and what later commits added or took away.
Status AddUnread(const Table& table, Version position, std::set<std::string>& wanted) {
  if (position >= table.version()) return {};
  if (position != kNoVersion) {
    CS_ASSIGN(auto there, table.SnapshotWithRowsOf(position));
    CS_ASSIGN(std::vector<DataFile> files, there->Files());
    for (const DataFile& file : files) wanted.insert(file.path);
  }
  for (Version after = position; after < table.version(); after += kCommitsPerRead) {
    CS_ASSIGN(auto commits, table.CommitsAfter(after, kCommitsPerRead));
    for (const CommitActions& commit : commits) {
      for (const DataFile& file : commit.adds) wanted.insert(file.path);
      for (const DataFile& file : commit.removes) wanted.insert(file.path);
    }
  }
  return {};
}

}  // namespace

Result<VacuumPlan> PlanVacuum(Table& table, const std::vector<Version>& positions, const MaintenanceOptions& options,
                              Timestamp now) {
  fs::path root(table.root_path());
  CS_ASSIGN(Listing listing, ListFiles(root));
  std::set<std::string> held;
  for (const Found& file : listing.files) {
    if (FileHold::Held((root / file.visible).string())) held.insert(file.path);
  }
  CS_TRY(table.Refresh());
  CS_ASSIGN(std::vector<DataFile> live, table.Files());
  CS_ASSIGN(auto removed, table.Tombstones());
  std::set<std::string> wanted;
  for (const DataFile& file : live) wanted.insert(file.path);
  for (Version position : positions) CS_TRY(AddUnread(table, position, wanted));
  Timestamp before = now - options.file_retention;
  VacuumPlan plan;
  for (const Found& file : listing.files) {
    if (file.written >= before) continue;
    if (file.visible.empty()) {
      plan.folders.push_back(file.path);
      continue;
    }
    if (held.contains(file.path) || wanted.contains(file.path)) continue;
    auto removal = removed.find(file.path);
    if (removal != removed.end() && removal->second >= before) continue;
    plan.files.push_back(file.path);
    plan.size_bytes += file.size_bytes;
  }
  std::sort(plan.files.begin(), plan.files.end());
  std::sort(plan.folders.begin(), plan.folders.end(), std::greater<>());  // the deepest first
  return plan;
}

Result<std::int64_t> VacuumTable(const Table& table, const VacuumPlan& plan) {
  fs::path root(table.root_path());
  std::int64_t deleted = 0;
  kBeforeFiles.Reach();
  for (const std::string& path : plan.files) {
    std::error_code error;
    deleted += fs::remove(root / path, error);
    if (error) return Unavailable("cannot delete: path=" + (root / path).string() + " reason=" + error.message());
    kAfterFile.Reach();
  }
  for (const std::string& path : plan.folders) {
    std::error_code not_empty;
    fs::remove(root / path, not_empty);
  }
  kAfterFiles.Reach();
  return deleted;
}

}  // namespace cryptostream
