// What stands in for the commits: checkpoints and their hint. In: the replayed log. Out: whether each says
// what the commits up to its version say, every field of every action. Readers, the kernel among them, take a
// checkpoint's word for it and do not look at the commits again, so one that contradicts them changes the
// table silently. Only the newest few are compared: nobody reads older ones.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/file.h"
#include "base/text.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostHintBytes = 1 << 20;

std::string Shown(const LogFields& fields, const std::string& name) {
  auto found = fields.find(name);
  return found == fields.end() ? "nothing" : Printable(found->second.text, 60);
}

// Long texts (a schema) are shown from where they part.
std::string ShownApart(const std::string& text, const std::string& other) {
  auto [at, unused] = std::ranges::mismatch(text, other);
  std::size_t from = static_cast<std::size_t>(at - text.begin());
  from -= std::min<std::size_t>(from, 30);
  return (from > 0 ? "..." : "") + Printable(std::string_view(text).substr(from), 60);
}

// Compares one checkpoint with the log's state at its version.
class CheckpointComparison {
 public:
  CheckpointComparison(Check& check, const TableLog& log, Version version)
      : check_(check),
        log_(log),
        version_(version),
        where_(fmt::format("version={} file={}", version, log.listing.checkpoints.at(version).front())),
        last_(log.LastActions(version)) {
    for (const auto& [id, action] : log.LastPositions(version)) positions_[log.position_ids[id]] = action;
  }

  void Run() {
    for (const std::string& name : log_.listing.checkpoints.at(version_)) {
      Status read = ForEachActionOfCheckpoint(log_.log() / name, [&](std::int64_t, LogAction&& action) {
        Take(std::move(action));
        return Status();
      });
      if (!read && read.error().kind == ErrorKind::kNotFound) return;  // cleaned up since it was listed
      if (!read) return Failed(check_, read.error(), where_ + ": ");
    }
    CheckRest();
  }

 private:
  void Differs(const std::string& what) { Wrong(check_, where_ + " in it: " + what); }

  void Take(LogAction&& action) {
    const std::string& kind = action.kind;
    if (kind == "add") return TakeAdd(action.fields);
    if (kind == "remove") return TakeRemove(action.fields);
    if (kind == "txn") return TakePosition(action.fields);
    if (kind == "metaData" && ++metadata_ == 1)
      return CompareFields(check_, where_, kind, action.fields, LatestAt(log_.metadata, version_));
    if (kind == "protocol" && ++protocols_ == 1)
      return CompareFields(check_, where_, kind, action.fields, LatestAt(log_.protocols, version_));
    if (kind == "domainMetadata") return TakeDomain(action.fields);
    if (kind == "sidecar") NotChecked(check_, where_ + ": the files stand in sidecars, which are not read here");
  }

  void TakeAdd(const LogFields& fields) {
    FileAction held = KeptFile(fields, true, nullptr);
    auto found = last_.find(held.path);
    if (found == last_.end() || !found->second->add)
      return Differs(held.path + ": the checkpoint has a file that the commits do not");
    const FileAction& logged = *found->second;
    if (!seen_.insert(&logged).second) return Differs(held.path + ": more than once");
    std::string apart;
    for (const auto& [name, differs] :
         {std::pair("size", held.size_bytes != logged.size_bytes), std::pair("modificationTime", held.time_ms != logged.time_ms),
          std::pair("partition", held.partition != logged.partition), std::pair("statistics", held.stats != logged.stats),
          std::pair("tags or other fields", held.rest != logged.rest)}) {
      if (differs) apart += (apart.empty() ? "" : ", ") + std::string(name);
    }
    if (!apart.empty()) Differs(held.path + ": another " + apart + " than in the commits");
    // Some writers keep dataChange, others make it false for all: who reads from here on sees no change in
    // any of them.
    if (held.data_change) ++changes_;
    if (held.data_change && !logged.data_change) Differs(held.path + ": dataChange is true, in the commits it is false");
    if (!held.data_change && logged.data_change) quiet_.push_back(&logged);
  }

  void TakeRemove(const LogFields& fields) {
    FileAction held = KeptFile(fields, false, nullptr);
    auto found = last_.find(held.path);
    const FileAction* logged = found == last_.end() ? nullptr : found->second;
    bool older = logged == nullptr && log_.base != kNoVersion;  // removed before the base
    if (older) return;
    if (logged == nullptr || logged->add) return Differs(held.path + ": removed in the checkpoint, not in the commits");
    if (!seen_.insert(logged).second) return Differs(held.path + ": removed more than once");
    bool other_size = held.size_bytes >= 0 && logged->size_bytes >= 0 && held.size_bytes != logged->size_bytes;
    if (held.time_ms != logged->time_ms || other_size)
      Differs(held.path + ": another time or size of the removal than in the commits");
  }

  void TakePosition(const LogFields& fields) {
    std::string id = TextOf(fields, "appId").value_or("");
    auto value = IntegerOf(fields, "version");
    std::int64_t updated = IntegerOf(fields, "lastUpdated").value_or(-1);
    auto found = positions_.find(id);
    if (!positions_seen_.insert(id).second) return Differs("position=" + id + ": more than once");
    const PositionAction* logged = found == positions_.end() ? nullptr : found->second;
    if (logged == nullptr || value != logged->value) {
      Wrong(check_, fmt::format("{} position={}: the checkpoint says {}, the commits {}", where_, id, Shown(fields, "version"),
                                logged == nullptr ? "nothing" : std::to_string(logged->value)));
    } else if (updated >= 0 && logged->updated_ms >= 0 && updated != logged->updated_ms) {
      Wrong(check_, fmt::format("{} position={}: lastUpdated is {}, in the commits {}", where_, id, updated, logged->updated_ms));
    }
  }

  void TakeDomain(const LogFields& fields) {
    auto domain = TextOf(fields, "domain");
    auto logged = std::find_if(log_.domains.rbegin(), log_.domains.rend(), [&](const DescribingAction& each) {
      return each.version <= version_ && TextOf(each.fields, "domain") == domain;
    });
    CompareFields(check_, where_, "domainMetadata " + domain.value_or(""), fields,
                  logged == log_.domains.rend() ? nullptr : &*logged);
  }

  void CheckRest() {
    if (metadata_ != 1) Wrong(check_, fmt::format("{} in it: metaData {} times", where_, metadata_));
    if (protocols_ != 1) Wrong(check_, fmt::format("{} in it: protocol {} times", where_, protocols_));
    if (changes_ > 0 && !quiet_.empty()) Differs(quiet_.front()->path + ": dataChange is false, in the commits it is true");
    for (const FileAction& action : log_.files) {
      auto found = last_.find(action.path);
      if (found == last_.end() || found->second != &action || seen_.contains(&action)) continue;
      if (action.add) Differs(action.path + ": the checkpoint lacks a live file");
      if (!action.add && action.time_ms >= StillRemembered()) Differs(action.path + ": the checkpoint has forgotten its removal");
    }
    for (const auto& [id, action] : positions_) {
      if (positions_seen_.contains(id)) continue;
      Wrong(check_, fmt::format("{} position={}: the checkpoint says nothing, the commits {}", where_, id, action->value));
    }
  }

  // A removal from this time on must stand in the checkpoint: what is older than the table's retention may be
  // forgotten.
  std::int64_t StillRemembered() {
    if (remembered_ms_ >= 0) return remembered_ms_;
    std::error_code error;
    auto written = fs::last_write_time(log_.log() / log_.listing.checkpoints.at(version_).front(), error);
    const DescribingAction* metadata = LatestAt(log_.metadata, version_);
    auto properties = metadata == nullptr ? Result<LogFields>(LogFields()) : MembersOf(metadata->fields, "configuration");
    auto interval = properties ? TextOf(*properties, "delta.deletedFileRetentionDuration") : std::nullopt;
    auto kept = interval ? IntervalOf(*interval) : std::nullopt;
    remembered_ms_ = INT64_MAX;
    if (error || !kept) return remembered_ms_;
    auto since = fs::file_time_type::clock::to_sys(written) - *kept;
    return remembered_ms_ = std::chrono::floor<std::chrono::milliseconds>(since.time_since_epoch()).count();
  }

  Check& check_;
  const TableLog& log_;
  Version version_;
  std::string where_;
  std::unordered_map<std::string_view, const FileAction*> last_;
  std::map<std::string, const PositionAction*> positions_;
  std::set<std::string> positions_seen_;
  std::unordered_set<const FileAction*> seen_;
  std::vector<const FileAction*> quiet_;
  std::int64_t remembered_ms_ = -1;
  int metadata_ = 0, protocols_ = 0, changes_ = 0;
};

void CompareHint(Check& check, const TableLog& log, const LogFields& hint, const std::vector<std::string>& names) {
  auto size = SizeOfCheckpoint(log, names);
  if (!size) return Failed(check, size.error(), fmt::format("file={}: ", names.front()));
  for (const auto& [name, is] :
       {std::pair("size", size->actions), std::pair("numOfAddFiles", size->adds), std::pair("sizeInBytes", size->bytes)}) {
    if (!hint.contains(name) || IntegerOf(hint, name) == is) continue;
    Wrong(check, fmt::format("file=_last_checkpoint: {}: is {}, the checkpoint has {} (`verify --repair` writes it anew)", name,
                             Shown(hint, name), is));
  }
}

}  // namespace

Result<CheckpointSize> SizeOfCheckpoint(const TableLog& log, const std::vector<std::string>& names) {
  CheckpointSize size;
  for (const std::string& name : names) {
    std::error_code error;
    size.bytes += static_cast<std::int64_t>(fs::file_size(log.log() / name, error));
    CS_TRY(ForEachActionOfCheckpoint(log.log() / name, [&](std::int64_t, LogAction&& action) {
      ++size.actions;
      size.adds += action.kind == "add";
      return Status();
    }));
  }
  return size;
}

void CompareFields(Check& check, const std::string& where, const std::string& name, const LogFields& held,
                   const DescribingAction* logged) {
  if (logged == nullptr) return Wrong(check, fmt::format("{} in it: {}: the commits have none", where, name));
  LogFields all = held;
  all.insert(logged->fields.begin(), logged->fields.end());
  for (const auto& [field, unused] : all) {
    auto one = held.find(field), other = logged->fields.find(field);
    bool both = one != held.end() && other != logged->fields.end();
    if (!both && (one == held.end() ? other : one)->second.text == "[]") continue;
    if (both && one->second == other->second) continue;
    if (both && field.ends_with("Features")) {  // sets: their order says nothing
      auto left = ItemsOf(held, field), right = ItemsOf(logged->fields, field);
      if (left && right && std::ranges::is_permutation(*left, *right)) continue;
    }
    if (both && one->second.type == LogValue::Type::kObject && other->second.type == LogValue::Type::kObject) {
      auto left = ParseLogJson(one->second.text), right = ParseLogJson(other->second.text);
      DescribingAction inner{logged->version, right ? *right : LogFields()};
      if (left && right) {
        CompareFields(check, where, name + "." + field, *left, &inner);
        continue;
      }
    }
    std::string is = both ? ShownApart(one->second.text, other->second.text) : Shown(held, field);
    std::string says = both ? ShownApart(other->second.text, one->second.text) : Shown(logged->fields, field);
    Wrong(check, fmt::format("{} in it: {}.{}: is {}, in the commits {}", where, name, field, is, says));
  }
}

void CompareCheckpoint(Check& check, const TableLog& log, Version version) { CheckpointComparison(check, log, version).Run(); }

Check CheckHint(const TableLog& log) {
  Check check{log.layout->name + ": _last_checkpoint", true, "", {}};
  if (!log.listing.has_hint) {
    check.detail = "none";
    return check;
  }
  auto text = ReadFile(log.log() / "_last_checkpoint", kMostHintBytes);
  auto hint = text ? ParseLogJson(*text) : Result<LogFields>(std::unexpected(text.error()));
  auto version = hint ? IntegerOf(*hint, "version") : std::nullopt;
  if (!version) {
    std::string reason = hint ? "no version" : hint.error().message;
    Error error = hint ? Error{ErrorKind::kCorrupt, reason, {}} : hint.error();
    error.message = "file=_last_checkpoint: it cannot be read: " + reason + " (`verify --repair` writes it anew)";
    Failed(check, error);
    return check;
  }
  check.detail = fmt::format("version {}", *version);
  auto listing = ListLog(log.log());
  auto found = listing ? listing->checkpoints.find(*version) : log.listing.checkpoints.end();
  if (!listing || found == listing->checkpoints.end() ||
      static_cast<std::int64_t>(found->second.size()) != IntegerOf(*hint, "parts").value_or(1)) {
    Wrong(check,
          fmt::format("file=_last_checkpoint: it names checkpoint {}, which is not there (`verify --repair` writes it anew)",
                      *version));
    return check;
  }
  if (log.listing.checkpoints.contains(*version)) CompareHint(check, log, *hint, found->second);
  return check;
}

Check CheckAgainstCommits(const TableLog& log) {
  Check check{log.layout->name + ": checkpoints say what the commits say", true, "", {}};
  for (const std::string& place : log.bad_checkpoints) Wrong(check, place);
  std::vector<Version> all;
  for (const auto& [version, names] : log.listing.checkpoints) all.push_back(version);
  std::vector<Version> newest = NewestReached(log, all);
  for (Version version : newest) CompareCheckpoint(check, log, version);
  check.detail = fmt::format("{} of {} compared", newest.size(), all.size());
  return check;
}

}  // namespace cryptostream
