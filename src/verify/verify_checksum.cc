// Checksums (.crc) against the commits. In: the replayed log. Out: whether each says what the commits up to
// its version say. The kernel takes from a checksum the protocol, the metadata and the positions, and then
// looks at no commit before it.
#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

constexpr std::uintmax_t kMostChecksumBytes = 1u << 30;
constexpr std::size_t kNewest = 3;

// The sum of an array of numbers; nullopt where there is no such array.
Result<std::optional<std::int64_t>> SumOf(const LogFields& fields, std::string_view name) {
  CS_ASSIGN(std::vector<LogValue> items, ItemsOf(fields, name));
  std::int64_t sum = 0;
  for (const LogValue& item : items) {
    auto number = IntegerOf<std::int64_t>(item.text);
    if (!number) return Corrupt("not a number: field=" + std::string(name));
    sum += *number;
  }
  return items.empty() ? std::nullopt : std::optional(sum);
}

struct Totals {
  std::int64_t files = 0, bytes = 0;
};

void CompareTotals(Check& check, const std::string& where, const LogFields& held, const Totals& totals) {
  auto compare = [&](const std::string& name, std::optional<std::int64_t> says, std::int64_t is) {
    if (says == is) return;
    Wrong(check, fmt::format("{} {}: says {}, the commits have {}", where, name, says ? std::to_string(*says) : "nothing", is));
  };
  compare("numFiles", IntegerOf(held, "numFiles"), totals.files);
  compare("tableSizeBytes", IntegerOf(held, "tableSizeBytes"), totals.bytes);
  for (const char* name : {"numMetadata", "numProtocol"}) {
    if (held.contains(name)) compare(name, IntegerOf(held, name), 1);
  }
  auto histogram = MembersOf(held, "fileSizeHistogram");
  if (!histogram) return Failed(check, histogram.error(), where + ": ");
  for (const auto& [name, is] : {std::pair("fileCounts", totals.files), std::pair("totalBytes", totals.bytes)}) {
    auto sum = SumOf(*histogram, name);
    if (!sum) return Failed(check, sum.error(), where + ": ");
    if (*sum) compare(std::string("fileSizeHistogram.") + name, **sum, is);
  }
}

Status ComparePositions(Check& check, const std::string& where, const LogFields& held, const TableLog& log, Version version) {
  CS_ASSIGN(auto logged, log.PositionsAt(version));
  CS_ASSIGN(auto items, ItemsOf(held, "setTransactions"));
  for (const LogValue& item : items) {
    CS_ASSIGN(LogFields position, ParseLogJson(item.text));
    std::string id = TextOf(position, "appId").value_or("");
    auto value = IntegerOf(position, "version");
    auto found = logged.find(id);
    if (found == logged.end() || value != found->second) {
      Wrong(check, fmt::format("{} position={}: the checksum says {}, the commits {}", where, id,
                               value ? std::to_string(*value) : "nothing",
                               found == logged.end() ? "nothing" : std::to_string(found->second)));
    }
    if (found != logged.end()) logged.erase(found);
  }
  for (const auto& [id, value] : logged) {
    Wrong(check, fmt::format("{} position={}: the checksum says nothing, the commits {}", where, id, value));
  }
  return {};
}

}  // namespace

std::vector<Version> NewestReached(const TableLog& log, std::vector<Version> all) {
  std::erase_if(all, [&](Version version) { return version <= log.base || version > log.version; });
  std::ranges::sort(all, std::greater<>());
  all.resize(std::min(all.size(), kNewest));
  return all;
}

void CompareChecksum(Check& check, const TableLog& log, Version version) {
  std::string name = ChecksumName(version);
  std::string where = fmt::format("version={} file={}", version, name);
  auto text = ReadFile(log.log() / name, kMostChecksumBytes);
  if (!text && text.error().kind == ErrorKind::kNotFound) return;  // cleaned up since it was listed
  if (!text) return Failed(check, text.error(), where + ": ");
  auto held = ParseLogJson(*text);
  if (!held) return Failed(check, held.error(), where + ": ");
  Totals totals;
  for (const auto& [path, action] : log.LastActions(version)) {
    if (!action->add) continue;
    ++totals.files;
    totals.bytes += action->size_bytes;
  }
  CompareTotals(check, where, *held, totals);
  for (const auto& [field, actions] : {std::pair("metadata", &log.metadata), std::pair("protocol", &log.protocols)}) {
    auto says = MembersOf(*held, field);
    if (!says) return Failed(check, says.error(), where + ": ");
    if (says->empty()) Wrong(check, fmt::format("{} {}: it is missing", where, field));
    if (!says->empty()) CompareFields(check, where, field, *says, LatestAt(*actions, version));
  }
  if (!held->contains("setTransactions")) return;  // then the kernel asks the commits
  if (Status compared = ComparePositions(check, where, *held, log, version); !compared)
    Failed(check, compared.error(), where + ": ");
}

std::vector<Check> CheckCheckpoints(const TableLog& log) {
  Check checksums{log.layout->name + ": checksums say what the commits say", true, "", {}};
  std::vector<Version> newest = NewestReached(log, {log.listing.checksums.begin(), log.listing.checksums.end()});
  for (Version version : newest) CompareChecksum(checksums, log, version);
  checksums.detail = fmt::format("{} of {} compared", newest.size(), log.listing.checksums.size());
  return {CheckHint(log), CheckAgainstCommits(log), std::move(checksums)};
}

}  // namespace cryptostream
