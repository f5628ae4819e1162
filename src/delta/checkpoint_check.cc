// A checkpoint is only a shortcut: what it says stands in the commits, as long as those are there. In: the folder of a log. Out:
// the same folder without a shortcut that leads nowhere. The newest checkpoint is read whole, because the kernel trusts it and
// may first meet a torn page long after the start. Whether a readable one says what the commits say is asked by `verify`.
#include "delta/checkpoint_check.h"

#include <arrow/api.h>
#include <arrow/filesystem/localfs.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <unistd.h>

#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/file.h"
#include "base/log.h"
#include "base/system_error.h"
#include "delta/snapshot.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kVersionDigits = 20;
constexpr const char* kHint = "_last_checkpoint";

struct LogFolder {
  std::set<Version> commits;
  std::map<Version, fs::path> checkpoints;  // in one file, as we write them
};

std::optional<Version> VersionOf(std::string_view digits) {
  Version version = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  return error == std::errc() && end != digits.data() ? std::optional(version) : std::nullopt;
}

Result<LogFolder> List(const fs::path& log_dir) {
  LogFolder found;
  std::error_code error;
  for (fs::directory_iterator at(log_dir, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    auto version = name.size() > kVersionDigits ? VersionOf(std::string_view(name).substr(0, kVersionDigits)) : std::nullopt;
    if (!version) continue;
    std::string_view rest = std::string_view(name).substr(kVersionDigits);
    if (rest == ".json") found.commits.insert(*version);
    if (rest == ".checkpoint.parquet") found.checkpoints[*version] = at->path();
  }
  if (error)
    return Unavailable(fmt::format("cannot list the log: path={} reason={}", log_dir.string(), SystemReason(error.value())));
  return found;
}

arrow::Status ReadWhole(const fs::path& file) {
  ARROW_ASSIGN_OR_RAISE(auto input, arrow::fs::LocalFileSystem().OpenInputFile(file.string()));
  ARROW_ASSIGN_OR_RAISE(auto reader, parquet::arrow::OpenFile(input, arrow::default_memory_pool()));
  return reader->ReadTable().status();
}

// Whether the commits after the next older checkpoint (or from the first one on) up to `version` are all there.
bool CommitsStandFor(Version version, const LogFolder& log) {
  auto older = log.checkpoints.lower_bound(version);
  Version from = older == log.checkpoints.begin() ? 0 : std::prev(older)->first + 1;
  for (Version at = from; at <= version; ++at) {
    if (!log.commits.contains(at)) return false;
  }
  return true;
}

Status SetAside(const fs::path& file, const fs::path& to) {
  std::error_code error;
  fs::rename(file, to, error);
  if (error) return Unavailable(fmt::format("cannot set aside: path={} reason={}", file.string(), SystemReason(error.value())));
  return FsyncPath(file.parent_path());
}

// The checkpoint that the hint names; nullopt when it names none in words that we know.
std::optional<Version> HintedVersion(std::string_view text) {
  constexpr std::string_view kKey = "\"version\":";
  auto at = text.find(kKey);
  if (at == text.npos) return std::nullopt;
  std::string_view rest = text.substr(at + kKey.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return VersionOf(rest);
}

}  // namespace

Status SetAsideBadCheckpoints(const fs::path& log_dir) {
  std::error_code error;
  if (!fs::is_directory(log_dir, error)) return {};
  CS_ASSIGN(LogFolder log, List(log_dir));
  while (!log.checkpoints.empty()) {
    auto [version, file] = *log.checkpoints.rbegin();
    arrow::Status read = ReadWhole(file);
    if (read.ok()) break;
    if (!CommitsStandFor(version, log)) {
      return Corrupt(
          fmt::format("checkpoint cannot be read and the commits before it are gone: file={} reason={} (put it back "
                      "from a backup)",
                      file.string(), read.message()));
    }
    LogWarn("checkpoint cannot be read, going by the commits: file={} reason={}", file.string(), read.message());
    CS_TRY(SetAside(file, file.string() + ".bad"));
    log.checkpoints.erase(version);
  }
  constexpr std::uintmax_t kMostHintBytes = 1 << 20;
  fs::path hint = log_dir / kHint;
  auto text = ReadFile(hint, kMostHintBytes);
  if (!text) return text.error().kind == ErrorKind::kNotFound ? Status() : std::unexpected(text.error());
  auto named = HintedVersion(*text);
  if (named && (log.checkpoints.contains(*named) || text->find("\"parts\":") != text->npos)) return {};
  LogWarn("hint at the last checkpoint leads nowhere, it is set aside: file={}", hint.string());
  return SetAside(hint, hint.string() + ".bad");
}

}  // namespace cryptostream
