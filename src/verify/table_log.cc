// A Delta log read without the kernel, so that what the kernel makes of the same files can be held against
// it. In: the files of _delta_log. Out: their actions, and the table at any version among them. Memory: some
// 300 bytes an action, the largest commit once; time: that of reading the files. Statistics, the bulk of a
// log, are kept as hashes and read again where they are looked at.
#include "verify/table_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "verify/log_replay.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

Status CheckContiguous(const fs::path& log, const LogListing& listing) {
  if (listing.Last() == kNoVersion) return Corrupt("the log has neither a commit nor a whole checkpoint: log=" + log.string());
  Version hole = listing.Hole();
  if (hole == kNoVersion) return {};
  return Corrupt(fmt::format("a commit is missing: version={} file={}", hole, (log / CommitName(hole)).string()));
}

// The checkpoints with which a replay can begin, the best first, kNoVersion standing for the beginning of the
// log.
std::vector<Version> Bases(const LogListing& listing, LogExtent extent) {
  Version first = listing.commits.empty() ? listing.Last() + 1 : *listing.commits.begin();
  std::vector<Version> bases;
  for (const auto& [version, names] : listing.checkpoints) {
    if (version >= first - 1 && version <= listing.Last()) bases.push_back(version);
  }
  if (first == 0) {
    if (extent == LogExtent::kWhole) bases.clear();
    bases.insert(bases.begin(), kNoVersion);
  }
  if (extent == LogExtent::kTail) std::ranges::reverse(bases);
  return bases;
}

Status TakeBase(TableLog& log, LogReplay& replay, LogExtent extent) {
  std::vector<Version> bases = Bases(log.listing, extent);
  if (bases.empty()) {
    Version missing = *log.listing.commits.begin() - 1;
    return Corrupt(fmt::format("commits are missing and no checkpoint stands for them: version={} file={}", missing,
                               (log.log() / CommitName(missing)).string()));
  }
  Status first_error;
  for (Version version : bases) {
    log.base = version;
    Status taken = version == kNoVersion ? Status() : replay.TakeBase(version);
    if (taken) return {};
    if (taken.error().kind != ErrorKind::kCorrupt) return taken;
    log.bad_checkpoints.push_back(
        fmt::format("version={} file={}: {}", version, log.listing.checkpoints.at(version).front(), taken.error().message));
    if (first_error) first_error = std::move(taken);
  }
  return Corrupt("the log cannot be read: log=" + log.log().string() + " " + first_error.error().message);
}

}  // namespace

QueryLimits Patient(std::size_t max_rows) { return {.timeout = std::chrono::hours(6), .max_rows = max_rows}; }

const DescribingAction* LatestAt(const std::vector<DescribingAction>& actions, Version at) {
  auto found = std::find_if(actions.rbegin(), actions.rend(), [&](const DescribingAction& each) { return each.version <= at; });
  return found == actions.rend() ? nullptr : &*found;
}

Result<TableLog> TableLog::Read(const TableLayout& layout, const fs::path& table_root, LogExtent extent) {
  TableLog out;
  out.layout = &layout;
  out.root = table_root;
  CS_ASSIGN(out.listing, ListLog(out.log()));
  CS_TRY(CheckContiguous(out.log(), out.listing));
  out.version = out.listing.Last();
  LogReplay replay(out);
  CS_TRY(TakeBase(out, replay, extent));
  auto from = out.listing.commits.upper_bound(out.base);
  out.first_commit = from == out.listing.commits.end() ? out.version + 1 : *from;
  if (extent == LogExtent::kWhole) {  // what the base stands for is not replayed, but must be readable
    for (auto at = out.listing.commits.begin(); at != from; ++at) CS_TRY(replay.LookAtCommit(*at));
  }
  for (auto at = from; at != out.listing.commits.end(); ++at) CS_TRY(replay.TakeCommit(*at));
  out.files.shrink_to_fit();
  out.positions.shrink_to_fit();
  const DescribingAction* metadata = LatestAt(out.metadata, out.version);
  auto id = metadata == nullptr ? std::nullopt : TextOf(metadata->fields, "id");
  if (!id) return Corrupt("the log has no metadata: log=" + out.log().string());
  out.table_id = *id;
  return out;
}

std::unordered_map<std::string_view, const FileAction*> TableLog::LastActions(Version at) const {
  std::unordered_map<std::string_view, const FileAction*> last;
  for (const FileAction& action : files) {
    if (action.version <= at) last[action.path] = &action;
  }
  return last;
}

Result<std::vector<LoggedFile>> TableLog::FilesAt(Version at) const {
  std::vector<LoggedFile> live;
  auto last = LastActions(at);
  for (const FileAction& action : files) {  // in the order of the log
    if (action.version > at || !action.add || last.at(action.path) != &action) continue;
    live.push_back({action.path, action.size_bytes, action.version, action.known, action.data_change});
  }
  return live;
}

std::unordered_map<std::uint32_t, const PositionAction*> TableLog::LastPositions(Version at) const {
  std::unordered_map<std::uint32_t, const PositionAction*> last;
  for (const PositionAction& action : positions) {
    if (action.version <= at) last[action.id] = &action;
  }
  return last;
}

Result<std::map<std::string, std::int64_t>> TableLog::PositionsAt(Version at) const {
  std::map<std::string, std::int64_t> out;
  for (const PositionAction& action : positions) {
    if (action.version <= at) out[position_ids[action.id]] = action.value;
  }
  return out;
}

Status TableLog::ForEachLive(std::size_t most, const std::function<Status(const std::vector<LiveFile>&)>& visit) const {
  auto last = LastActions(version);
  std::vector<LiveFile> portion;
  auto take = [&](std::int64_t line, LogAction&& action, Version of) -> Status {
    if (action.kind != "add") return {};
    FileAction kept = KeptFile(action.fields, true, nullptr);
    auto found = last.find(kept.path);
    if (found == last.end() || !found->second->add || found->second->version != of || found->second->line != line) return {};
    CS_ASSIGN(LogFields partition, MembersOf(action.fields, "partitionValues"));
    portion.push_back({found->second, std::move(partition), TextOf(action.fields, "stats").value_or("")});
    if (portion.size() < most) return {};
    CS_TRY(visit(portion));
    portion.clear();
    return {};
  };
  if (base != kNoVersion) {
    for (const std::string& name : listing.checkpoints.at(base)) {
      CS_TRY(ForEachActionOfCheckpoint(
          log() / name, [&](std::int64_t line, LogAction&& action) { return take(line, std::move(action), base); }));
    }
  }
  Version before = base;
  for (const FileAction& action : files) {
    if (!action.known || !action.add || action.version == before || last.at(action.path) != &action) continue;
    before = action.version;
    CS_ASSIGN(std::string text, CommitText(*this, before));
    CS_TRY(ForEachActionOf(text, [&](std::int64_t line, LogAction&& action) { return take(line, std::move(action), before); }));
  }
  return portion.empty() ? Status() : visit(portion);
}

}  // namespace cryptostream
