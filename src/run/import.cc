// The original's bronze table in, batches for our bronze out. Its rows are the same messages that we take from a topic or a recording, so
// they go the same way: silver parses and checks them anew. The position is the number of rows taken, in the order of the table's commits and
// within a commit by path and row, which stays the same while the original goes on appending. Where commits
// or their files are gone (a cleaned log, a compaction and a vacuum), the rows of the version that is newest
// then come first, by the files' age, and the commits after it follow; that version is part of the position's
// name. Data files are read by DuckDB because Spark writes times as INT96. The original's silver and gold are
// not taken: they follow from its messages.
#include "run/import.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "base/log.h"
#include "base/text.h"
#include "delta/log_files.h"
#include "market/parse.h"
#include "query/duck.h"
#include "query/lake_views.h"
#include "run/lake_run.h"
#include "run/pipeline_parts.h"
#include "run/progress.h"
#include "run/taken.h"
#include "source/reject.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::hours kPatience{1};
constexpr int kCommitsPerRead = 100;
constexpr const char* kTopic = "import:crypto-raw";
constexpr const char* kSource = "coingecko";

// One import of one table.
class Import {
 public:
  Import(std::unique_ptr<Table> table, std::unique_ptr<Duck> duck, LakeRun& run, Progress& progress)
      : table_(std::move(table)), duck_(std::move(duck)), run_(run), progress_(progress) {}

  Status Run(StopToken stop) {
    CS_ASSIGN(Version version, ChooseBase());
    CS_ASSIGN(done_, run_.engine().Position(id_));
    if (done_ > 0) LogInfo("import: {} rows were taken before", done_);
    Begin();
    if (version != kNoVersion) CS_TRY(TakeSnapshot(version, stop));
    while (version < table_->version()) {
      CS_ASSIGN(auto commits, table_->CommitsAfter(version, kCommitsPerRead));
      if (commits.empty()) return Unavailable("the original's log has a hole: table=" + table_->uri());
      for (CommitActions& commit : commits) {
        version = commit.version;
        CS_TRY(TakeCommit(commit, stop));
      }
    }
    batch_.end_of_input = true;
    Push(stop);
    return {};
  }
  std::int64_t rows() const { return row_; }

 private:
  // The version whose rows come first, before the commits after it; kNoVersion: every commit is taken by
  // itself. Sets the position's name.
  Result<Version> ChooseBase() {
    id_ = "bronze/import/" + table_->id();
    CS_ASSIGN(Positions positions, run_.lake().bronze().Txns());
    const std::string from_version = AppId(id_ + "@");
    for (const auto& [id, rows] : positions) {
      auto base =
          id.starts_with(from_version) ? IntegerOf<Version>(std::string_view(id).substr(from_version.size())) : std::nullopt;
      if (!base) continue;
      id_ += "@" + std::to_string(*base);
      return *base;
    }
    std::int64_t done = PositionOr(positions, AppId(id_), 0);
    CS_ASSIGN(bool whole, CommitsAreWhole(done));
    if (whole) return kNoVersion;
    if (done > 0) {
      return Invalid(
          fmt::format("commits of the original are gone, so what came since the last import cannot be told: table={} taken={} "
                      "(import into a new lake)",
                      table_->uri(), done));
    }
    LogInfo("import: commits of the original are gone, its newest version is taken: version={}", table_->version());
    id_ += "@" + std::to_string(table_->version());
    return table_->version();
  }

  // True when every commit is in the log, and every file that is still to be taken is there.
  Result<bool> CommitsAreWhole(std::int64_t done) {
    CS_ASSIGN(LogFiles log, ListLogFiles(table_->root_path()));
    if (log.commits.empty() || log.commits.front() != 0) return false;
    std::int64_t row = 0;
    for (Version version = kNoVersion; version < table_->version();) {
      CS_ASSIGN(auto commits, table_->CommitsAfter(version, kCommitsPerRead));
      if (commits.empty()) return false;
      version = commits.back().version;
      for (const CommitActions& commit : commits) {
        for (const DataFile& file : commit.adds) {
          row += std::max<std::int64_t>(file.rows, 0);
          if ((file.rows < 0 || row > done) && !fs::exists(fs::path(table_->root_path()) / file.path)) return false;
        }
      }
    }
    return true;
  }

  // Takes the rows of a version: what is left of all commits up to it.
  Status TakeSnapshot(Version version, StopToken stop) {
    auto snapshot = table_->SnapshotAt(version);
    if (!snapshot) {
      return Invalid(fmt::format(
          "the version of the original with which its import began is gone: table={} version={} (import into a new lake)",
          table_->uri(), version));
    }
    CommitActions all;
    all.version = version;
    CS_ASSIGN(all.adds, (*snapshot)->Files());
    return TakeFiles(
        all, [](const DataFile& a, const DataFile& b) { return std::tie(a.modified, a.path) < std::tie(b.modified, b.path); },
        stop);
  }

  Status TakeCommit(CommitActions& commit, StopToken stop) {
    return TakeFiles(commit, [](const DataFile& a, const DataFile& b) { return a.path < b.path; }, stop);
  }

  template <class Before>
  Status TakeFiles(CommitActions& commit, Before before, StopToken stop) {
    std::sort(commit.adds.begin(), commit.adds.end(), before);
    for (const DataFile& file : commit.adds) {
      if (file.rows >= 0 && row_ + file.rows <= done_) {
        row_ += file.rows;
      } else {
        CS_TRY(TakeFile(file, commit.time == Timestamp{} ? file.modified : commit.time, stop));
      }
      progress_.Show(static_cast<std::uint64_t>(commit.version), static_cast<std::uint64_t>(table_->version()),
                     std::to_string(row_) + " rows");
    }
    return {};
  }

  Status TakeFile(const DataFile& file, Timestamp commit_time, StopToken stop) {
    QueryLimits limits{kPatience, std::numeric_limits<std::size_t>::max()};
    std::vector<std::string> paths = FilePaths(table_->root_path(), {file});
    auto take = [&](const std::vector<SqlColumn>&, std::vector<SqlValue>&& row) { return TakeRow(row, commit_time, stop); };
    CS_TRY(duck_->ForEachRow(
        "select cast(key as varchar), cast(value as varchar), cast(timestamp as timestamptz) from "
        "read_parquet($1::varchar[], file_row_number = true, hive_partitioning = false) order by file_row_number",
        {paths}, limits, take));
    if (stopped_) return Cancelled("stopped before the import ended");
    return {};
  }

  bool TakeRow(const std::vector<SqlValue>& row, Timestamp commit_time, StopToken stop) {
    std::int64_t at = row_++;
    if (at < done_) return true;
    Timestamp received = IsSqlNull(row[2]) ? commit_time : std::get<Timestamp>(row[2]);
    std::optional<std::string_view> key;
    if (!IsSqlNull(row[0])) key = std::get<std::string>(row[0]);
    if (IsSqlNull(row[1]))
      AddReject(batch_, at, "no_value", "", received);
    else
      batch_.Add({key, std::get<std::string>(row[1]), received, at});
    if (batch_.bytes() >= RawBatch::kFullBytes || batch_.rows() + batch_.rejects.size() >= RawBatch::kFullRows) Push(stop);
    return !stopped_;
  }

  void Begin() {
    batch_ = RawBatch();
    batch_.source = kSource;
    batch_.topic = kTopic;
    batch_.position_id = id_;
    batch_.live = false;
  }

  void Push(StopToken stop) {
    batch_.next_position = row_;
    stopped_ = !run_.engine().Push(std::move(batch_), stop);
    Begin();
  }

  const std::unique_ptr<Table> table_;
  const std::unique_ptr<Duck> duck_;
  LakeRun& run_;
  Progress& progress_;
  std::string id_;
  std::int64_t done_ = 0;  // rows that bronze has
  std::int64_t row_ = 0;   // the next one
  bool stopped_ = false;
  RawBatch batch_;
};

Result<std::unique_ptr<Table>> OpenOriginal(const fs::path& folder) {
  fs::path path = fs::absolute(fs::exists(folder / "_delta_log") ? folder : folder / BronzeLayout().path).lexically_normal();
  CS_ASSIGN(auto table, Table::Open(path.string()));
  if (table->properties().contains(kFormatProperty)) {
    return Invalid("this is a lake of our own, not an original's: path=" + path.string() + " (run or serve it with --storage)");
  }
  for (const char* column : {"key", "value", "timestamp"}) {
    if (!table->schema()->GetFieldByName(column)) {
      return Invalid("not the original's bronze table: path=" + path.string() + " missing column=" + column);
    }
  }
  return table;
}

}  // namespace

Status ImportBronze(const Config& config, const fs::path& folder, bool show_progress, StopToken stop) {
  CS_ASSIGN(auto table, OpenOriginal(folder));
  DuckOptions options;
  options.directories = {table->root_path() + "/"};
  CS_ASSIGN(auto duck, Duck::Open(options));
  Progress progress("import", show_progress);
  CS_ASSIGN(auto run, LakeRun::Start(config.lake, MachineClock(), nullptr, stop));
  auto work = std::make_shared<Import>(std::move(table), std::move(duck), *run, progress);
  run->PlayInput("import", LakeRun::Role::kEssential, [work](StopToken ending) { return work->Run(ending); });
  Status finished = run->Finish(true, stop);
  progress.End();
  if (IsStopped(finished)) return StoppedEarly(*run, finished, true);
  Status taken = TellTaken("import", run->lake().tally().counts());
  CS_TRY(finished);
  CS_TRY(run->Stop());
  LogInfo("import: {} rows of the original are in the lake", work->rows());
  return taken;
}

}  // namespace cryptostream
