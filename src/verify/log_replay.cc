// From the files of a log to its actions in memory. In: a checkpoint to begin with, then commits in order,
// one in memory at a time. Out: TableLog's lists, with what only a look at the whole commit can tell: whether
// its actions have what an action must have, and whether the commit holds what its own commitInfo counts
// (lake/commit_once.cc writes it; another program's has no such counts).
#include "verify/log_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/file.h"
#include "base/text.h"
#include "delta/table.h"
#include "verify/verify_parts.h"

namespace cryptostream {

struct LogReplay::Tally {
  int infos = 0, protocols = 0, metadata = 0;
  std::int64_t files = 0, removed = 0, positions = 0, position_sum = 0, rows = 0;
  int changes = 0, quiet = 0;  // file actions with and without dataChange
  LogFields info;
};

namespace {

constexpr std::uintmax_t kMostCommitBytes = 1u << 30;

std::uint64_t HashOf(std::string_view text) { return std::hash<std::string_view>()(text); }

std::int64_t RowsIn(const LogFields& fields) {
  auto stats = TextOf(fields, "stats");
  if (!stats) return -1;
  auto parsed = ParseLogJson(*stats);
  return parsed ? IntegerOf(*parsed, "numRecords").value_or(-1) : -1;
}

// The operations of a commit of ours, as the kernel calls them, and what they do to rows.
bool SaysQuiet(const LogFields& info) { return TextOf(info, "operation").value_or("") == "OPTIMIZE"; }

}  // namespace

FileAction KeptFile(const LogFields& fields, bool add, std::vector<std::string>* wrong) {
  FileAction kept;
  kept.add = add;
  std::string path = TextOf(fields, "path").value_or("");
  if (!PercentDecode(path, false, kept.path)) kept.path = path;
  kept.size_bytes = IntegerOf(fields, "size").value_or(-1);
  kept.time_ms = IntegerOf(fields, add ? "modificationTime" : "deletionTimestamp").value_or(-1);
  kept.data_change = BoolOf(fields, "dataChange").value_or(true);
  kept.rows = RowsIn(fields);
  std::string rest;
  for (const auto& [name, value] : fields) {
    if (name == "path" || name == "size" || name == "dataChange") continue;
    if (name == "modificationTime" || name == "deletionTimestamp" || name == "extendedFileMetadata") continue;
    if (name == "partitionValues")
      kept.partition = HashOf(value.text);
    else if (name == "stats")
      kept.stats = HashOf(value.text);
    else
      rest += name + "=" + value.text + "\n";
  }
  if (!rest.empty()) kept.rest = HashOf(rest);
  if (wrong == nullptr) return kept;
  if (path.empty()) wrong->push_back("has no path");
  if (!BoolOf(fields, "dataChange")) wrong->push_back("does not say dataChange");
  if (add && kept.size_bytes < 0) wrong->push_back("has no size");
  if (add && kept.time_ms < 0) wrong->push_back("has no modificationTime");
  if (fields.contains("deletionVector")) wrong->push_back("has a deletion vector, which is not supported");
  return kept;
}

void LogReplay::Bad(Version version, std::int64_t line, const std::string& what) {
  if (log_.bad_actions.size() <= kMaxPlaces)
    log_.bad_actions.push_back(fmt::format("version={} line={}: {}", version, line, what));
}

void LogReplay::TakeFile(Version version, std::int64_t line, const LogFields& fields, bool add, Tally& tally) {
  std::vector<std::string> wrong;
  FileAction kept = KeptFile(fields, add, &wrong);
  kept.version = version;
  kept.line = line;
  kept.known = line >= 0;
  if (kept.known) {
    for (const std::string& what : wrong) {
      Bad(version, line, fmt::format("file={}: its {} {}", kept.path, add ? "add" : "remove", what));
    }
    for (const std::string& column : add ? log_.layout->partition_columns : std::vector<std::string>()) {
      auto values = MembersOf(fields, "partitionValues");
      if (!values || !values->contains(column))
        Bad(version, line, fmt::format("file={}: partition has no {}", kept.path, column));
    }
    (add ? tally.files : tally.removed) += 1;
    (kept.data_change ? tally.changes : tally.quiet) += 1;
    if (add) tally.rows += std::max<std::int64_t>(kept.rows, 0);
  }
  log_.files.push_back(std::move(kept));
}

void LogReplay::TakePosition(Version version, std::int64_t line, const LogFields& fields, Tally& tally) {
  auto id = TextOf(fields, "appId");
  auto value = IntegerOf(fields, "version");
  if (!id || !value) return Bad(version, line, "a position without an id or a number");
  auto [known, first] = ids_.try_emplace(*id, static_cast<std::uint32_t>(log_.position_ids.size()));
  if (first) log_.position_ids.push_back(*id);
  log_.positions.push_back({version, line, known->second, *value, IntegerOf(fields, "lastUpdated").value_or(-1)});
  ++tally.positions;
  tally.position_sum += *value;
}

Status LogReplay::Take(Version version, std::int64_t line, LogAction&& action, Tally& tally) {
  const std::string& kind = action.kind;
  if (kind == "add" || kind == "remove") {
    TakeFile(version, line, action.fields, kind == "add", tally);
  } else if (kind == "txn") {
    TakePosition(version, line, action.fields, tally);
  } else if (kind == "metaData") {
    ++tally.metadata;
    log_.metadata.push_back({version, std::move(action.fields)});
  } else if (kind == "protocol") {
    ++tally.protocols;
    log_.protocols.push_back({version, std::move(action.fields)});
  } else if (kind == "domainMetadata") {
    log_.domains.push_back({version, std::move(action.fields)});
  } else if (kind == "commitInfo") {
    ++tally.infos;
    tally.info = std::move(action.fields);
  } else if (kind == "sidecar" || kind == "checkpointMetadata") {
    if (line < 0) return Unavailable("checkpoint is of a form that is not read here: column=" + kind);
    Bad(version, line, "an action that has no place in a commit: " + kind);
  } else if (kind != "cdc" && line >= 0) {
    Bad(version, line, "no action is called " + Printable(kind, 40));
  }
  return {};
}

void LogReplay::CheckTally(Version version, const Tally& tally) {
  auto wrong = [&](const std::string& what) {
    if (log_.bad_commits.size() <= kMaxPlaces) log_.bad_commits.push_back(fmt::format("version={}: {}", version, what));
  };
  if (tally.infos != 1) wrong(fmt::format("the commit has {} commitInfo lines instead of 1", tally.infos));
  if (tally.protocols > 1 || tally.metadata > 1) wrong("the commit has its protocol or metadata more than once");
  if (version == 0 && (tally.protocols == 0 || tally.metadata == 0)) wrong("the first commit lacks protocol or metadata");
  if (SaysQuiet(tally.info) && tally.changes > 0) wrong("dataChange is true in an OPTIMIZE, which moves rows only");
  if (BoolOf(tally.info, "isBlindAppend").value_or(false) && tally.removed > 0) wrong("a blind append removes files");
  if (TextOf(tally.info, "engineInfo").value_or("") != kEngineInfo) return;
  auto parameters = MembersOf(tally.info, "operationParameters");
  if (!parameters || !parameters->contains("positionSum")) return;
  if (!SaysQuiet(tally.info) && tally.quiet > 0) wrong("dataChange is false in a commit that changes rows");
  const std::pair<const char*, std::pair<const char*, std::int64_t>> counts[] = {
      {"files added", {"files", tally.files}},
      {"files removed", {"filesRemoved", tally.removed}},
      {"rows added", {"rows", tally.rows}},
      {"positions", {"positions", tally.positions}},
      {"sum of positions", {"positionSum", tally.position_sum}}};
  for (const auto& [what, count] : counts) {
    auto says = TextOf(*parameters, count.first);
    if (says == std::to_string(count.second)) continue;
    wrong(fmt::format("{}: the commit says {}, it has {}", what, says.value_or("nothing"), count.second));
  }
}

Status LogReplay::TakeBase(Version version) {
  Tally tally;
  auto taken = [&]() -> Status {
    for (const std::string& name : log_.listing.checkpoints.at(version)) {
      CS_TRY(ForEachActionOfCheckpoint(log_.log() / name, [&](std::int64_t line, LogAction&& action) {
        return Take(version, line, std::move(action), tally);
      }));
    }
    return {};
  }();
  if (taken && (tally.metadata == 0 || tally.protocols == 0)) {
    taken = Corrupt("checkpoint lacks protocol or metadata: path=" +
                    (log_.log() / log_.listing.checkpoints.at(version).front()).string());
  }
  if (taken) return {};
  log_.files.clear();
  log_.positions.clear();
  log_.position_ids.clear();
  log_.metadata.clear();
  log_.protocols.clear();
  log_.domains.clear();
  ids_.clear();
  return taken;
}

Result<std::string> CommitText(const TableLog& log, Version version) {
  return ReadFile(log.log() / CommitName(version), kMostCommitBytes);
}

Status LogReplay::TakeCommit(Version version) {
  CS_ASSIGN(std::string text, CommitText(log_, version));
  Tally tally;
  Status taken =
      ForEachActionOf(text, [&](std::int64_t line, LogAction&& action) { return Take(version, line, std::move(action), tally); });
  if (!taken) {
    return Corrupt(fmt::format("a commit cannot be read: version={} file={} reason={}", version,
                               (log_.log() / CommitName(version)).string(), taken.error().message));
  }
  CheckTally(version, tally);
  CommitSaid said{version, IntegerOf(tally.info, "timestamp").value_or(-1)};
  if (auto parameters = MembersOf(tally.info, "operationParameters")) {
    auto without = IntegerOf<std::int64_t>(TextOf(*parameters, "offsetsWithoutRow").value_or(""));
    said.offsets_without_row = without.value_or(-1);
    said.counts_itself = parameters->contains("positionSum");
  }
  log_.commits.push_back(said);
  return {};
}

Status LogReplay::LookAtCommit(Version version) {
  auto sizes =
      std::tuple(log_.files.size(), log_.positions.size(), log_.metadata.size(), log_.protocols.size(), log_.domains.size());
  Status taken = TakeCommit(version);
  if (!taken) return taken;
  log_.files.erase(log_.files.begin() + static_cast<std::ptrdiff_t>(std::get<0>(sizes)), log_.files.end());
  log_.commits.pop_back();
  log_.positions.resize(std::get<1>(sizes));
  log_.metadata.resize(std::get<2>(sizes));
  log_.protocols.resize(std::get<3>(sizes));
  log_.domains.resize(std::get<4>(sizes));
  return taken;
}

}  // namespace cryptostream
