// The original's bronze table in, batches for our bronze out. Its rows are the same messages that we take from a topic or a recording, so
// they go the same way: silver parses and checks them anew. The position is the number of rows taken, in the order of the table's commits and
// within a commit by path and row, which stays the same while the original goes on appending. Data files are read by DuckDB because
// Spark writes times as INT96. The original's silver and gold are not taken: they follow from its messages.
#include "run/import.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "market/parse.h"
#include "query/duck.h"
#include "query/lake_views.h"
#include "run/lake_run.h"
#include "run/pipeline_parts.h"
#include "run/progress.h"
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
      : table_(std::move(table)), duck_(std::move(duck)), run_(run), progress_(progress), id_("bronze/import/" + table_->id()) {}

  Status Run(StopToken stop) {
    CS_ASSIGN(done_, run_.engine().Position(id_));
    if (done_ > 0) LogInfo("import: {} rows were taken before", done_);
    Begin();
    Version version = kNoVersion;
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
  Status TakeCommit(CommitActions& commit, StopToken stop) {
    std::sort(commit.adds.begin(), commit.adds.end(), [](const DataFile& a, const DataFile& b) { return a.path < b.path; });
    for (const DataFile& file : commit.adds) {
      if (file.rows >= 0 && row_ + file.rows <= done_) {
        row_ += file.rows;
      } else {
        CS_TRY(TakeFile(file, commit.time, stop));
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
    CS_TRY(
        duck_->ForEachRow("select cast(key as varchar), cast(value as varchar), cast(timestamp as timestamptz) from "
                          "read_parquet($1::varchar[], file_row_number = true) order by file_row_number",
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
  const std::string id_;
  std::int64_t done_ = 0;  // rows that bronze has
  std::int64_t row_ = 0;   // the next one
  bool stopped_ = false;
  RawBatch batch_;
};

Result<std::unique_ptr<Table>> OpenOriginal(const fs::path& folder) {
  fs::path path = fs::absolute(fs::exists(folder / "_delta_log") ? folder : folder / BronzeLayout().path).lexically_normal();
  CS_ASSIGN(auto table, Table::Open(path.string()));
  if (table->properties().contains("cryptostream.format")) {
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
  options.directories = {table->root_path()};
  CS_ASSIGN(auto duck, Duck::Open(options));
  Progress progress("import", show_progress);
  CS_ASSIGN(auto run, LakeRun::Start(config.lake, MachineClock(), nullptr));
  auto work = std::make_shared<Import>(std::move(table), std::move(duck), *run, progress);
  run->PlayInput("import", LakeRun::Role::kEssential, [work](StopToken ending) { return work->Run(ending); });
  CS_TRY(run->Finish(true, stop));
  progress.End();
  LogInfo("import: {} rows of the original are in the lake", work->rows());
  return {};
}

}  // namespace cryptostream
