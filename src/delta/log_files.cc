// What lies in a log's folder. Only names are looked at; a name that this page does not know is nobody's to delete.
#include "delta/log_files.h"

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "base/system_error.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kVersionDigits = 20;

bool TakeNumber(std::string_view* text, std::size_t digits, std::int64_t* out) {
  if (text->size() < digits) return false;
  auto [end, error] = std::from_chars(text->data(), text->data() + digits, *out);
  if (error != std::errc() || end != text->data() + digits) return false;
  text->remove_prefix(digits);
  return true;
}

bool Take(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// "{"version":12,...}" without a JSON library: a number after the key.
std::optional<Version> LastCheckpoint(const fs::path& path) {
  auto text = ReadFile(path, 1 << 20);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  auto at = rest.find("\"version\"");
  if (at == rest.npos) return std::nullopt;
  rest.remove_prefix(at + 9);
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == ':')) rest.remove_prefix(1);
  Version version = kNoVersion;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), version);
  return error == std::errc() ? std::optional(version) : std::nullopt;
}

}  // namespace

std::optional<LogFileName> ParseLogFileName(std::string_view name) {
  using Kind = LogFileName::Kind;
  LogFileName out;
  if (!TakeNumber(&name, kVersionDigits, &out.version)) return std::nullopt;
  if (name == ".json") return out;
  if (name == ".crc") return LogFileName{out.version, Kind::kChecksum};
  if (name == ".checkpoint.parquet") return LogFileName{out.version, Kind::kCheckpoint};
  std::int64_t part = 0, parts = 0;
  if (Take(&name, ".checkpoint.") && TakeNumber(&name, 10, &part) && Take(&name, ".") && TakeNumber(&name, 10, &parts) &&
      name == ".parquet" && part >= 1 && part <= parts) {
    return LogFileName{out.version, Kind::kCheckpoint, static_cast<int>(part), static_cast<int>(parts)};
  }
  return std::nullopt;
}

Result<LogFiles> ListLogFiles(const std::string& root_path) {
  LogFiles files;
  files.folder = fs::path(root_path) / "_delta_log";
  std::error_code error;
  fs::directory_iterator entries(files.folder, error);
  if (error) {
    std::string message = "cannot list the log: path=" + files.folder.string() + " reason=" + SystemReason(error.value());
    return error == std::errc::no_such_file_or_directory ? NotFound(message) : Unavailable(message);
  }
  std::map<Version, int> missing_parts;
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    if (error) break;
    std::string name = entries->path().filename().string();
    if (auto hash = name.rfind('#'); hash != name.npos && ParseLogFileName(std::string_view(name).substr(0, hash))) {
      files.staged.push_back(std::move(name));
      continue;
    }
    auto parsed = ParseLogFileName(name);
    if (!parsed) continue;
    files.by_version[parsed->version].push_back(std::move(name));
    if (parsed->kind == LogFileName::Kind::kCommit) files.commits.push_back(parsed->version);
    if (parsed->kind != LogFileName::Kind::kCheckpoint) continue;
    int& missing = missing_parts.try_emplace(parsed->version, parsed->parts).first->second;
    if (--missing == 0) files.checkpoints.push_back(parsed->version);
  }
  if (error) return Unavailable("cannot list the log: path=" + files.folder.string() + " reason=" + SystemReason(error.value()));
  for (auto& [version, names] : files.by_version) std::sort(names.begin(), names.end(), std::greater<>());
  std::sort(files.commits.begin(), files.commits.end());
  std::sort(files.checkpoints.begin(), files.checkpoints.end());
  files.last_checkpoint = LastCheckpoint(files.folder / "_last_checkpoint");
  return files;
}

}  // namespace cryptostream
