// The files of a log by their names. In: the folder _delta_log. Out: what each is and of which version. Names
// that the protocol does not know (set aside, being written) are passed over.
#include "verify/log_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/text.h"
#include "delta/log_files.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigits = 20;

std::optional<Version> VersionAt(std::string_view name, std::size_t at) {
  if (name.size() < at + kDigits) return std::nullopt;
  std::string_view digits = name.substr(at, kDigits);
  if (digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
  return IntegerOf<Version>(digits);
}

// A file that readers know besides those of ParseLogFileName: commits put together, a checkpoint in the form
// of version 2.
std::optional<Version> OtherVersion(std::string_view name) {
  auto version = VersionAt(name, 0);
  if (!version) return std::nullopt;
  std::string_view rest = name.substr(kDigits);
  if (rest.ends_with(".compacted.json") && rest.size() == 1 + kDigits + 15) return VersionAt(name, kDigits + 1);
  if (rest.starts_with(".checkpoint.") && (rest.ends_with(".json") || rest.ends_with(".parquet"))) return version;
  return std::nullopt;
}

void Sort(std::map<Version, std::vector<std::pair<LogFileName, std::string>>>& parts, LogListing& listing) {
  for (auto& [version, found] : parts) {
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first.parts, a.first.part) < std::pair(b.first.parts, b.first.part);
    });
    for (auto begin = found.begin(); begin != found.end();) {
      auto end = std::find_if(begin, found.end(), [&](const auto& each) { return each.first.parts != begin->first.parts; });
      bool whole = end - begin == begin->first.parts && !listing.checkpoints.contains(version);
      auto& names = whole ? listing.checkpoints[version] : listing.others[version];
      for (; begin != end; ++begin) names.push_back(std::move(begin->second));
    }
  }
}

Result<LogListing> ListOnce(const fs::path& log) {
  LogListing listing;
  std::map<Version, std::vector<std::pair<LogFileName, std::string>>> parts;
  std::error_code error;
  fs::directory_iterator entries(log, error);
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
    return NotFound("no table there: log=" + log.string());
  }
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::string name = entries->path().filename().string();
    if (name == "_last_checkpoint") listing.has_hint = true;
    if (auto parsed = ParseLogFileName(name)) {
      if (parsed->kind == LogFileName::Kind::kCommit) listing.commits.insert(parsed->version);
      if (parsed->kind == LogFileName::Kind::kChecksum) listing.checksums.insert(parsed->version);
      if (parsed->kind == LogFileName::Kind::kCheckpoint) parts[parsed->version].emplace_back(*parsed, name);
    } else if (auto version = OtherVersion(name)) {
      listing.others[*version].push_back(name);
    }
  }
  if (error) return Unavailable("cannot list the log: log=" + log.string() + " reason=" + error.message());
  Sort(parts, listing);
  if (listing.empty()) return NotFound("no table there: log=" + log.string());
  return listing;
}

}  // namespace

Version LogListing::Last() const {
  if (!commits.empty()) return *commits.rbegin();
  return checkpoints.empty() ? kNoVersion : checkpoints.rbegin()->first;
}

std::vector<std::string> LogListing::NewerThanLast() const {
  std::vector<std::string> names;
  Version last = Last();
  for (const auto* files : {&checkpoints, &others}) {
    for (auto at = files->upper_bound(last); at != files->end(); ++at) {
      names.insert(names.end(), at->second.begin(), at->second.end());
    }
  }
  for (auto at = checksums.upper_bound(last); at != checksums.end(); ++at) names.push_back(ChecksumName(*at));
  std::sort(names.begin(), names.end());
  return names;
}

Version LogListing::Hole() const {
  Version expected = commits.empty() ? 0 : *commits.begin();
  for (Version version : commits) {
    if (version != expected) return expected;
    ++expected;
  }
  return kNoVersion;
}

std::string CommitName(Version version) { return fmt::format("{:020}.json", version); }
std::string ChecksumName(Version version) { return fmt::format("{:020}.crc", version); }

Result<LogListing> ListLog(const fs::path& log) {
  constexpr int kTries = 4;
  auto listing = ListOnce(log);
  for (int i = 1; i < kTries && listing && (listing->Hole() != kNoVersion || !listing->NewerThanLast().empty()); ++i) {
    Version last = listing->Last();
    auto again = ListOnce(log);
    if (again && again->Last() == last && again->Hole() == listing->Hole() &&
        again->NewerThanLast() == listing->NewerThanLast()) {
      return again;
    }
    listing = std::move(again);
  }
  return listing;
}

bool HasLog(const fs::path& table_root) {
  auto listing = ListLog(table_root / "_delta_log");
  return listing || listing.error().kind != ErrorKind::kNotFound;
}

}  // namespace cryptostream
