// The driver's half. In: what tasks have said. Out: commits of silver, windows for gold. Nothing is remembered from batch to batch but what
// the tables say: each batch begins with their positions.
#include "cluster/coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "base/log.h"
#include "base/text.h"
#include "cluster/tick_blob.h"
#include "delta/retained_from.h"
#include "lake/commit_once.h"
#include "lake/cut_log.h"

namespace cryptostream {
namespace {

constexpr int kCommitsPerRead = 64;
// So many rows a bucket, a task's unit: about 40 MB of memory.
constexpr std::int64_t kRowsPerBucket = 150'000;

// What the tasks of a batch have said, put together.
struct Said {
  std::vector<DataFile> silver, quarantine;
  std::map<Name, Version> sources;
  SilverBatch batch;
  std::int64_t kept = 0, duplicates = 0;
  std::map<std::string, std::int64_t> rejected;  // by the reason's code

  std::int64_t rows() const {
    std::int64_t rows = kept + duplicates;
    for (const auto& [code, count] : rejected) rows += count;
    return rows;
  }
};

Status Add(const Note& note, Said& said) {
  if (note.kind == kFileNote) {
    const TableLayout* layout = FindLayout(note.name);
    if (layout != &SilverLayout() && layout != &QuarantineLayout()) {
      return Invalid("a file of a table that is not silver's: " + Printable(note.name));
    }
    CS_ASSIGN(DataFile file, FileOf(*layout, note));
    (layout == &SilverLayout() ? said.silver : said.quarantine).push_back(std::move(file));
  } else if (note.kind == kSourceNote) {
    Version& first = said.sources.try_emplace(Name(note.name), note.a).first->second;
    first = std::min(first, note.a);
  } else if (note.kind == kWatermarkNote) {
    Timestamp time = FromMicros(note.b);
    Timestamp& mark = said.batch.watermarks.try_emplace({Name(note.name), static_cast<int>(note.a)}, time).first->second;
    mark = std::max(mark, time);
  } else if (note.kind == kCountNote) {
    (note.name == kKeptCount ? said.kept : note.name == kDuplicatesCount ? said.duplicates : said.rejected[note.name]) += note.a;
  } else if (note.kind == kWindowsNote) {
    CS_ASSIGN(auto windows, WindowsOf(note.bytes));
    std::ranges::move(windows, std::back_inserter(said.batch.windows));
  } else {
    return Invalid("a note that is none of silver's: " + note.kind);
  }
  return {};
}

std::int64_t RowsIn(const std::vector<DataFile>& files) {
  std::int64_t rows = 0;
  for (const DataFile& file : files) rows += file.rows;
  return rows;
}

}  // namespace

Coordinator::Coordinator(Lake& lake, const Clock& clock)
    : lake_(lake), first_version_(lake.bronze().version() + 1), windows_(lake, clock, to_gold_, {}, {}) {}

Status Coordinator::LoadSilver() {
  CS_TRY(lake_.bronze().Refresh());
  CS_TRY(lake_.silver().Refresh());
  CS_ASSIGN(positions_, lake_.silver().Txns());
  CS_ASSIGN(Positions side, lake_.quarantine().Txns());
  CS_TRY(CheckNotFenced(lake_.silver(), positions_, lake_.epoch()));
  consumed_ = PositionOr(positions_, SilverPositionId(lake_.bronze().id()), kNoVersion);
  quarantined_ = PositionOr(side, QuarantineId("silver", lake_.bronze().id()), kNoVersion);
  std::set<Name> sources;
  for (const auto& [id, position] : positions_) {
    if (auto key = WatermarkKey(id)) sources.insert(key->first);
  }
  quotes_.Load(positions_, lake_.options().quotes, sources, std::max(first_version_, consumed_ + 1));
  job_.reset();
  loaded_ = true;
  return {};
}

// The changed records alone, before anything is read under them.
Status Coordinator::CommitQuotes() {
  CommitPlan plan;
  plan.positions = quotes_.fresh();
  plan.positions[SilverPositionId(lake_.bronze().id())] = consumed_;
  plan.expected = StandingBefore(positions_, plan.positions);
  plan.operation = "silver quotes";
  CS_TRY(CommitOnce(lake_.silver(), SilverLayout(), std::move(plan), lake_.epoch()));
  return LoadSilver();
}

Result<std::optional<SilverJob>> Coordinator::NextSilver(std::int64_t rows_at_least) {
  CS_TRY(LoadSilver());
  if (!quotes_.fresh().empty()) CS_TRY(CommitQuotes());
  SilverJob job{.through = consumed_};
  while (job.rows < rows_at_least && job.through < lake_.bronze().version()) {
    auto commits = lake_.bronze().CommitsAfter(job.through, kCommitsPerRead);
    if (!commits && commits.error().kind == ErrorKind::kNotFound) {
      CS_TRY(CheckNotCut(lake_.bronze(), job.through, LogNeed::kCommitsAfter));
    }
    if (!commits) return std::unexpected(commits.error());
    if (commits->empty()) break;
    for (const CommitActions& commit : *commits) {
      if (job.rows >= rows_at_least) break;
      if (commit.data_change_remove && !IsRetention(commit)) {
        LogWarn("bronze rows were removed by somebody else, silver keeps what it made of them: version={}", commit.version);
      }
      for (const DataFile& file : commit.adds) {
        job.files.push_back({static_cast<std::int32_t>(job.files.size()), commit.version, file});
        job.rows += file.rows;
      }
      job.through = commit.version;
    }
  }
  if (job.files.empty()) return std::nullopt;
  job.plan.root = std::filesystem::absolute(lake_.options().root).string();
  job.plan.silver_version = lake_.silver().version();
  job.plan.quarantined = quarantined_;
  job.plan.buckets = static_cast<std::int32_t>(std::max<std::int64_t>(1, (job.rows + kRowsPerBucket - 1) / kRowsPerBucket));
  job.plan.fsync = lake_.options().fsync;
  job.plan.quotes = quotes_.quotes();
  job_ = job;
  return job;
}

Status Coordinator::CommitSilver(const std::vector<Note>& notes) {
  if (!job_) return Invalid("there is no batch to commit");
  Said said;
  for (const Note& note : notes) CS_TRY(Add(note, said));
  const Version through = job_->through;
  if (said.rows() != job_->rows || said.kept != RowsIn(said.silver)) {
    return Invalid(
        fmt::format("the tasks' words do not add up, nothing was committed: rows={} kept={} duplicates={} rejected={} written={}",
                    job_->rows, said.kept, said.duplicates, said.rows() - said.kept - said.duplicates, RowsIn(said.silver)));
  }
  CS_TRY(CommitSide(lake_.quarantine(), QuarantineLayout(),
                    {.adds = std::move(said.quarantine),
                     .positions = {{QuarantineId("silver", lake_.bronze().id()), through}},
                     .operation = "silver quarantine"},
                    lake_.epoch()));
  for (const auto& [source, version] : said.sources) quotes_.Meet({source}, version);
  CommitPlan plan{.adds = std::move(said.silver), .positions = quotes_.fresh(), .operation = "silver append"};
  for (auto& [key, time] : said.batch.watermarks) {
    const std::string id = WatermarkId(key.first.str(), key.second);
    time = std::max(time, FromMicros(PositionOr(positions_, id, ToMicros(time))));
    plan.positions[id] = ToMicros(time);
  }
  plan.positions[SilverPositionId(lake_.bronze().id())] = through;
  plan.expected = StandingBefore(positions_, plan.positions);
  CS_ASSIGN(Version version, CommitOnce(lake_.silver(), SilverLayout(), std::move(plan), lake_.epoch()));
  lake_.tally().AddSilver(said.kept, said.duplicates);
  for (const auto& [code, count] : said.rejected) lake_.tally().AddRejected(code, count);
  job_.reset();
  to_gold_.Give(version, std::make_shared<const SilverBatch>(std::move(said.batch)));
  return {};
}

Status Coordinator::Drain(bool close_windows, StopToken stop) { return windows_.Drain(close_windows, stop); }

Result<std::string> Coordinator::Trouble() const {
  if (auto error = windows_.fatal()) return std::unexpected(*error);
  return windows_.trouble();
}

}  // namespace cryptostream
