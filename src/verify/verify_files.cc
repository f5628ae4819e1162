// A version's data files against its log. In: the replayed log. Out: whether each live file is there, whole,
// and as its Add says: size, rows, statistics, partition. Read a portion of files at a time.
#include <fmt/format.h>

#include <algorithm>

#include "delta/data_file.h"
#include "verify/file_statistics.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

// Reads a whole file as Arrow's programs do (the engine, delta-rs, pandas), which stumble over bytes that
// DuckDB passes over.
Status ReadThrough(const TableLog& log, const std::string& path) {
  constexpr std::int64_t kPieceRows = 8192;
  DataFile file;
  file.path = path;
  CS_ASSIGN(auto reader, DataFileReader::Open(log.root.string(), file, FileSchema(*log.layout), kPieceRows));
  while (true) {
    CS_ASSIGN(auto piece, reader->Next());
    if (!piece) return {};
  }
}

// The checks of a table's files, a portion of files at a time.
class FilesCheck {
 public:
  explicit FilesCheck(const TableLog& log)
      : there{log.layout->name + ": files present with their size", true, "", {}},
        right{log.layout->name + ": rows, statistics and partitions as in the log", true, "", {}},
        log_(log),
        statistics_(log) {}
  Check there, right;
  std::int64_t files = 0, bytes = 0, read = 0;

  Status Take(const std::vector<LiveFile>& portion) {
    std::vector<LiveFile> readable;
    for (const LiveFile& file : portion) {
      if (IsReadable(file)) readable.push_back(file);
    }
    if (readable.empty()) return {};
    CS_TRY(Open());
    read += static_cast<std::int64_t>(readable.size());
    if (Status compared = Compare(readable); !compared) FindUnreadable(readable, compared.error());
    return {};
  }

 private:
  // One for all portions: it reads the table's folder and nothing else.
  Status Open() {
    if (duck_) return {};
    DuckOptions options;
    options.directories = {log_.root.string() + "/"};
    options.memory_mb = kMemoryMb;
    options.setup = {"SET GLOBAL enable_external_file_cache = false"};  // each file is read once
    CS_ASSIGN(duck_, Duck::Open(options));
    return {};
  }

  bool IsReadable(const LiveFile& file) {
    const FileAction& add = *file.action;
    std::string place = fmt::format("version={} file={}: ", add.version, add.path);
    std::error_code error;
    auto size = fs::file_size(log_.root / add.path, error);
    ++files;
    bytes += add.size_bytes;
    if (error == std::errc::no_such_file_or_directory) {
      Wrong(there, place + "missing");
      return false;
    }
    if (error) {
      NotChecked(there, place + error.message());
      return false;
    }
    if (static_cast<std::int64_t>(size) != add.size_bytes) {
      Wrong(there, place + fmt::format("has {} bytes, the log says {}", size, add.size_bytes));
    }
    if (Status whole = ReadThrough(log_, add.path); !whole) {
      Failed(right, whole.error(), place + "it cannot be read: ");
      return false;
    }
    if (file.stats.empty() || ParseLogJson(file.stats)) return true;
    Wrong(right, place + "its statistics are no JSON");
    return false;
  }

  Status Compare(const std::vector<LiveFile>& readable) {
    CS_ASSIGN(SqlRows rows, duck_->Query(statistics_.Sql(readable), {}, Patient()));
    std::map<std::string, const SqlRow*> by_name;
    for (const SqlRow& row : rows.rows) by_name[std::get<std::string>(row[0])] = &row;
    for (const LiveFile& file : readable) {
      auto row = by_name.find((log_.root / file.action->path).string());
      statistics_.Compare(right, file, row == by_name.end() ? nullptr : row->second);
    }
    return {};
  }

  // The files that cannot be read, one by one: DuckDB's errors do not always name the file.
  void FindUnreadable(const std::vector<LiveFile>& portion, const Error& error) {
    bool found = false;
    for (const LiveFile& file : portion) {
      Status one = Compare({file});
      if (!one) {
        found = true;
        Failed(right, one.error(),
               fmt::format("version={} file={}: it cannot be read: ", file.action->version, file.action->path));
      }
      if (right.places.size() == kMaxPlaces) return;
    }
    if (!found && !IsFaultOfData(error)) return;  // each alone fits into the memory
    if (!found) Failed(right, error);
  }

  static constexpr std::uint64_t kMemoryMb = 128;
  const TableLog& log_;
  FileStatistics statistics_;
  std::unique_ptr<Duck> duck_;
};

}  // namespace

std::vector<Check> CheckFiles(const TableLog& log, const std::function<void(std::size_t, std::size_t)>& progress) {
  constexpr std::size_t kPortion = 128;
  FilesCheck check(log);
  std::size_t all = 0;
  for (const auto& [path, action] : log.LastActions(log.version)) all += action->add;
  Status done = log.ForEachLive(kPortion, [&](const std::vector<LiveFile>& portion) -> Status {
    CS_TRY(check.Take(portion));
    if (progress) progress(static_cast<std::size_t>(check.files), all);
    return {};
  });
  if (!done && done.error().kind == ErrorKind::kNotFound) {
    NotChecked(check.there, "the log was cleaned up meanwhile, try again: " + done.error().message);
  } else if (!done) {
    Failed(check.there, done.error());
  }
  check.there.detail = fmt::format("{} files, {} bytes", check.files, check.bytes);
  check.right.detail = fmt::format("{} files read", check.read);
  return {std::move(check.there), std::move(check.right)};
}

}  // namespace cryptostream
