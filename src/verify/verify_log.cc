// A log's actions among each other. In: the replayed log. Out: whether each file was added once and removed
// only while it was live, positions only went forward, and each commit holds what its own commitInfo counts.
// Last the kernel is asked for the same version: what the engine will see must be what the files say.
#include <arrow/api.h>
#include <fmt/format.h>

#include "delta/table.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

// Rows before and after the actions of one commit that say that they change none.
struct Moved {
  std::int64_t rows = 0;
  bool any = false, known = true;
};

void CheckMoved(Check& check, Version version, const Moved& moved) {
  if (!moved.any || !moved.known || moved.rows == 0) return;
  Wrong(check, fmt::format("version={}: dataChange is false, but the files added have {} rows {} than those removed", version,
                           std::abs(moved.rows), moved.rows > 0 ? "more" : "fewer"));
}

std::string WrongAfter(const FileAction& action, const FileAction* before) {
  bool live = before != nullptr && before->add;
  if (action.add) return live ? "added twice" : "";
  if (!live) return "removed, but it was not live";
  if (action.size_bytes >= 0 && action.size_bytes != before->size_bytes)
    return "removed with another size than it was added with";
  if (action.partition != 0 && action.partition != before->partition)
    return "removed from another partition than it was added to";
  return "";
}

}  // namespace

Check CheckActions(const TableLog& log) {
  Check check{log.layout->name + ": log contiguous, files added once and removed once", true, "", {}};
  check.detail = log.base == kNoVersion ? fmt::format("versions 0 to {}", log.version)
                                        : fmt::format("checkpoint {}, then versions to {}", log.base, log.version);
  for (const std::string& place : log.bad_actions) Wrong(check, place);
  std::unordered_map<std::string_view, const FileAction*> last;
  Version version = kNoVersion;
  Moved moved;
  for (const FileAction& action : log.files) {
    if (!action.known && !action.add) continue;  // what a checkpoint still remembers of a removal
    if (action.version != version) CheckMoved(check, version, std::exchange(moved, {}));
    version = action.version;
    const FileAction*& before = last[action.path];
    if (std::string what = WrongAfter(action, before); !what.empty()) {
      Wrong(check, fmt::format("version={} file={}: {}", version, action.path, what));
    }
    if (action.known && !action.data_change) {
      std::int64_t rows = action.add ? action.rows : before == nullptr ? -1 : before->rows;
      moved.any = true;
      moved.known = moved.known && rows >= 0;
      moved.rows += action.add ? rows : -rows;
    }
    before = &action;
  }
  CheckMoved(check, version, moved);
  return check;
}

// What a commit of ours says about its own content (CommitOnce): a commit that lost a line, or in which a
// position was changed.
Check CheckCommits(const TableLog& log) {
  Check check{log.layout->name + ": each commit holds what it says", true, "", {}};
  for (const std::string& place : log.bad_commits) Wrong(check, place);
  check.detail = fmt::format("{} commits", log.listing.commits.size());
  return check;
}

Check CheckPositions(const TableLog& log) {
  Check check{log.layout->name + ": positions never go back", true, "", {}};
  std::vector<const PositionAction*> last(log.position_ids.size());
  for (const PositionAction& action : log.positions) {
    const PositionAction*& before = last[action.id];
    if (before != nullptr && (action.value < before->value || action.version == before->version)) {
      Wrong(check, fmt::format("version={} position={}: {} after {}", action.version, log.position_ids[action.id], action.value,
                               before->value));
    }
    before = &action;
  }
  check.detail = fmt::format("{} positions", log.position_ids.size());
  return check;
}

namespace {

void CompareFiles(Check& check, const TableLog& log, const std::vector<DataFile>& seen) {
  auto files = log.FilesAt(log.version);
  if (!files) return Failed(check, files.error());
  std::map<std::string, std::int64_t> logged;
  for (const LoggedFile& file : *files) logged[file.path] = file.size_bytes;
  for (const DataFile& file : seen) {
    auto found = logged.find(file.path);
    if (found == logged.end()) {
      Wrong(check, fmt::format("version={} file={}: the kernel sees it, the commits do not", log.version, file.path));
    } else if (found->second != file.size_bytes) {
      Wrong(check, fmt::format("version={} file={}: the kernel sees another size", log.version, file.path));
    }
    if (found != logged.end()) logged.erase(found);
  }
  for (const auto& [path, size] : logged) {
    Wrong(check, fmt::format("version={} file={}: the commits have it, the kernel does not", log.version, path));
  }
}

void ComparePositions(Check& check, const TableLog& log, const std::map<std::string, std::int64_t>& seen) {
  auto logged = log.PositionsAt(log.version);
  if (!logged) return Failed(check, logged.error());
  std::erase_if(*logged, [](const auto& entry) { return !entry.first.starts_with("cryptostream/"); });
  for (const auto& [id, value] : seen) {
    auto found = logged->find(id);
    if (found == logged->end() || found->second != value) {
      Wrong(check, fmt::format("version={} position={}: the kernel sees {}, the commits have {}", log.version, id, value,
                               found == logged->end() ? "none" : std::to_string(found->second)));
    }
  }
  for (const auto& [id, value] : *logged) {
    if (!seen.contains(id)) Wrong(check, fmt::format("version={} position={}: the kernel does not see it", log.version, id));
  }
}

Check CheckKernel(const TableLog& log) {
  Check check{log.layout->name + ": the kernel sees the same", true, "", {}};
  auto table = Table::Open(log.root.string(), {.fsync = false, .version = log.version});
  if (!table) {
    Failed(check, table.error());
    return check;
  }
  auto schema = SchemaOfFormat(*log.layout, FormatOf((*table)->properties()));
  for (const auto& field : schema->fields()) {
    auto there = (*table)->schema()->GetFieldByName(field->name());
    if (there && there->type()->Equals(*field->type())) continue;
    Wrong(check, fmt::format("column={}: {}", field->name(), there ? "is of type " + there->type()->ToString() : "is missing"));
  }
  if ((*table)->snapshot()->partition_columns() != log.layout->partition_columns)
    Wrong(check, "the table is partitioned otherwise");
  auto files = (*table)->Files();
  auto positions = (*table)->Txns();
  if (files) CompareFiles(check, log, *files);
  if (!files) Failed(check, files.error());
  if (positions) ComparePositions(check, log, *positions);
  if (!positions) Failed(check, positions.error());
  check.detail = fmt::format("version {}, {} files", log.version, files ? files->size() : 0);
  return check;
}

}  // namespace

std::vector<Check> CheckLog(const TableLog& log) {
  return {CheckActions(log), CheckCommits(log), CheckPositions(log), CheckKernel(log)};
}

}  // namespace cryptostream
