// A table as it was. In: a version, or a time. Out: a pinned snapshot. Times are those of our own commits, found by halving the range of
// versions that the log keeps: a handful of commits is read, however long the log is.
#include "live/as_of.h"

#include <algorithm>

#include "delta/lake_place.h"
#include "delta/log_files.h"
#include "delta/position.h"
#include "delta/table.h"
#include "market/derived_table.h"

namespace cryptostream {
namespace {

Result<Timestamp> CommitTime(const Table& table, Version version) {
  CS_ASSIGN(auto commits, table.CommitsAfter(version - 1, 1));
  if (commits.empty()) return NotFound("a commit is gone: version=" + std::to_string(version));
  return commits.front().time;
}

// The versions that can be opened and whose commits are still there, ascending.
Result<std::vector<Version>> KeptVersions(const Table& table) {
  CS_ASSIGN(auto log, ListLogFiles(table.root_path()));
  Version oldest = 0;
  if (!log.commits.empty() && log.commits.front() > 0) {
    oldest = log.checkpoints.empty() ? table.version() : log.checkpoints.front();
  }
  std::erase_if(log.commits, [&](Version version) { return version < oldest || version > table.version(); });
  return std::move(log.commits);
}

std::unexpected<Error> Outside(const Table& table, const TableLayout& layout, const std::vector<Version>& kept) {
  std::string words = "the table " + layout.name + " is kept ";
  if (kept.empty()) return NotFound(words + "at version " + std::to_string(table.version()) + " only");
  auto from = CommitTime(table, kept.front()), to = CommitTime(table, kept.back());
  words += "from version " + std::to_string(kept.front()) + (from ? " of " + FormatRfc3339(*from) : "") + " to version " +
           std::to_string(kept.back()) + (to ? " of " + FormatRfc3339(*to) : "");
  return NotFound(words);
}

// The newest version committed at or before `time`; nullopt: all came later.
Result<std::optional<Version>> VersionAt(const Table& table, const std::vector<Version>& kept, Timestamp time) {
  std::size_t begin = 0, end = kept.size();
  while (begin < end) {
    std::size_t middle = begin + (end - begin) / 2;
    CS_ASSIGN(auto committed, CommitTime(table, kept[middle]));
    (committed <= time ? begin : end) = committed <= time ? middle + 1 : middle;
  }
  return begin == 0 ? std::nullopt : std::optional(kept[begin - 1]);
}

// The version of an open table that is asked for, with its closed times.
Result<FollowedTable> TableAt(const Table& table, const TableLayout& layout, const AsOf& as_of) {
  CS_ASSIGN(auto kept, KeptVersions(table));
  std::optional<Version> version = as_of.version;
  if (as_of.time) {
    CS_ASSIGN(version, VersionAt(table, kept, *as_of.time));
  }
  if (!version || (*version != table.version() && !std::ranges::binary_search(kept, *version))) {
    return Outside(table, layout, kept);
  }
  auto snapshot = table.SnapshotAt(*version);
  if (!snapshot && snapshot.error().kind == ErrorKind::kNotFound) return Outside(table, layout, kept);
  if (!snapshot) return std::unexpected(snapshot.error());
  FollowedTable found{*std::move(snapshot), table.root_path(), {}};
  CS_ASSIGN(auto positions, found.snapshot->Txns());
  for (const auto& [source, time] : ClosedTimes(positions)) found.closed[source.str()] = time;
  return found;
}

}  // namespace

Result<FollowedTable> OpenAsOf(const std::filesystem::path& root, const TableLayout& layout, const AsOf& as_of) {
  auto place = PlaceOf(root, ReadInItsPlace(root, layout));
  auto table = Table::Open(place.value_or(root / layout.path).string());
  if (!table && table.error().kind == ErrorKind::kNotFound) return NotFound("there is no table " + layout.name + " yet");
  if (!table) return std::unexpected(table.error());
  return TableAt(**table, layout, as_of);
}

Result<std::map<const TableLayout*, FollowedTable>> OpenWindowsAsOf(const std::filesystem::path& root, const AsOf& as_of) {
  std::map<const TableLayout*, FollowedTable> tables;
  CS_ASSIGN(tables[&SourcesLayout()], OpenAsOf(root, SourcesLayout(), as_of));
  AsOf together = as_of;
  if (as_of.version) {
    CS_ASSIGN(auto sources, Table::Open(tables[&SourcesLayout()].root));
    CS_ASSIGN(auto time, CommitTime(*sources, *as_of.version));
    together = {std::nullopt, time};
  }
  for (const DerivedTable* derived : DerivedTables()) {
    auto place = PlaceOf(root, *derived->layout);
    if (!place) continue;
    auto table = Table::Open(place->string());
    if (!table && table.error().kind == ErrorKind::kNotFound) continue;
    if (!table) return std::unexpected(table.error());
    auto then = TableAt(**table, *derived->layout, together);
    if (!then && then.error().kind == ErrorKind::kNotFound) continue;
    if (!then) return std::unexpected(then.error());
    tables[derived->layout] = *std::move(then);
  }
  return tables;
}

}  // namespace cryptostream
