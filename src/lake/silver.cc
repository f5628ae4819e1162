// The second stage. In: bronze rows of one version, from memory when they are the next in line, else from the table. Out: typed
// rows in silver/crypto_transformed with the bronze version and the greatest event times in the same commit; what cannot be a
// row goes to quarantine first. bronze = silver + duplicates + rejected by silver, always.
#include "lake/silver.h"

#include <arrow/api.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "delta/data_file.h"

namespace cryptostream {
namespace {

constexpr std::chrono::milliseconds kPoll{100};
constexpr int kCommitsPerRead = 64;
// Memory for duplicates reaches this many lateness horizons back; older rows are looked up in silver.
constexpr int kHorizons = 4;

}  // namespace

SilverStage::SilverStage(Lake& lake, BronzeHandoff& input, SilverHandoff& output) : lake_(lake), input_(input), output_(output) {}

Status SilverStage::Load() {
  CS_ASSIGN(positions_, lake_.silver().Txns());
  CS_ASSIGN(Positions side, lake_.quarantine().Txns());
  consumed_ = PositionOr(positions_, SilverPositionId(lake_.bronze().id()), kNoVersion);
  quarantined_ = PositionOr(side, QuarantineId("silver", lake_.bronze().id()), kNoVersion);
  published_consumed_ = consumed_;
  backlog_.clear();
  backlog_at_ = 0;
  watermarks_.clear();
  for (const auto& [id, position] : positions_) {
    if (auto key = WatermarkKey(id)) watermarks_[*key] = FromMicros(position);
  }
  duplicates_ = std::make_unique<DuplicateFilter>(lake_.options().lateness * kHorizons);
  std::map<Name, Timestamp> newest;
  for (const auto& [key, time] : watermarks_)
    newest[key.first] = std::max(time, newest.try_emplace(key.first, time).first->second);
  auto snapshot = lake_.silver().snapshot();
  for (const auto& [source, time] : newest) {
    Timestamp floor = duplicates_->FloorFor(time);
    duplicates_->SetFloor(source, floor, time);
    CS_TRY(ReadSilver(*snapshot, lake_.silver().root_path(), {floor, time + std::chrono::microseconds(1)},
                      [&, source = source](std::vector<Tick> ticks) -> Status {
                        for (const Tick& tick : ticks) {
                          if (tick.source == source) duplicates_->Remember(tick);
                        }
                        return {};
                      }));
  }
  return {};
}

// The next bronze version's rows from the table. In: nothing in memory was the next in line.
Result<std::optional<SilverStage::Input>> SilverStage::ReadNext() {
  if (backlog_at_ == backlog_.size()) {
    backlog_at_ = 0;
    CS_ASSIGN(backlog_, lake_.bronze().CommitsAfter(consumed_, kCommitsPerRead));
    if (backlog_.empty()) return std::nullopt;
  }
  const CommitActions& commit = backlog_[backlog_at_++];
  if (commit.data_change_remove) {
    LogWarn("bronze rows were removed by somebody else, silver keeps what it made of them: version={}", commit.version);
  }
  auto rows = std::make_shared<std::vector<BronzeRow>>();
  for (const DataFile& file : commit.adds) {
    CS_ASSIGN(auto table, ReadDataFile(lake_.bronze().root_path(), file, BronzeLayout().schema));
    CS_ASSIGN(std::vector<BronzeRow> part, BronzeRows(*table));
    std::move(part.begin(), part.end(), std::back_inserter(*rows));
  }
  return Input{commit.version, std::move(rows)};
}

Result<std::optional<SilverStage::Input>> SilverStage::Take(StopToken stop) {
  if (backlog_at_ < backlog_.size() && !stop.stop_requested()) return ReadNext();
  auto item = input_.Take(stop, kPoll);
  if (item && item->version == consumed_ + 1) return Input{item->version, std::move(item->batch)};
  if (item && item->version <= consumed_) return std::nullopt;
  if (lake_.bronze().version() > consumed_ && !stop.stop_requested()) return ReadNext();
  return std::nullopt;
}

Result<std::optional<StageWork>> SilverStage::Next(StopToken stop) {
  CS_ASSIGN(auto input, Take(stop));
  if (!input) return std::nullopt;
  if (input->rows->empty()) {  // the table's creation, a compaction, a batch of rejects: nothing to say about it
    consumed_ = input->version;
    published_consumed_ = consumed_;
    return std::nullopt;
  }
  CS_ASSIGN(StageWork work, Process(*input));
  return work;
}

void SilverStage::RejectRow(const BronzeRow& row, const std::string& reason, Version version, StageWork& work) const {
  if (version <= quarantined_) return;
  work.rejects.push_back(
      {row.source.str(), row.topic, row.partition, row.offset, "silver", reason, row.value, row.received, version});
}

// Rows older than memory: take the rows that silver has at their times into memory, so that Check sees them.
Status SilverStage::LookUpOldRows(const std::vector<Tick>& candidates) {
  std::set<Timestamp> minutes;
  for (const Tick& tick : candidates) {
    if (duplicates_->NeedsLookup(tick)) minutes.insert(WindowStart(tick.event_time));
  }
  auto snapshot = lake_.silver().snapshot();
  for (auto first = minutes.begin(); first != minutes.end();) {
    // Minutes less than an hour apart are read as one range: their files are the same.
    auto last = first;
    while (std::next(last) != minutes.end() && *std::next(last) - *last <= std::chrono::hours(1)) ++last;
    TimeRange range{*first, *last + kWindow};
    CS_TRY(ReadSilver(*snapshot, lake_.silver().root_path(), range, [&](std::vector<Tick> ticks) -> Status {
      for (const Tick& tick : ticks) {
        if (minutes.contains(WindowStart(tick.event_time))) duplicates_->Remember(tick);
      }
      return {};
    }));
    first = std::next(last);
  }
  return {};
}

Result<StageWork> SilverStage::Process(const Input& input) {
  StageWork work;
  working_ = input.version;
  working_batch_ = std::make_shared<SilverBatch>();
  std::vector<Tick> candidates;
  std::vector<const BronzeRow*> rows;
  candidates.reserve(input.rows->size());
  rows.reserve(input.rows->size());
  for (const BronzeRow& row : *input.rows) {
    auto tick = parser_.Parse(row.value, row.source, row.received);
    if (!tick) {
      RejectRow(row, tick.error().Text(), input.version, work);
    } else if (tick->event_time > row.received + kFutureTolerance) {
      RejectRow(row, ParseReject{RejectReason::kFutureTimestamp, FormatRfc3339(tick->event_time)}.Text(), input.version, work);
    } else {
      candidates.push_back(*std::move(tick));
      rows.push_back(&row);
    }
  }
  CS_TRY(LookUpOldRows(candidates));
  double dropped = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Tick& tick = candidates[i];
    switch (duplicates_->Check(tick)) {
      case Duplicate::kYes: ++dropped; continue;
      case Duplicate::kConflict:
        RejectRow(*rows[i], std::string(RejectText(RejectReason::kConflictingDuplicate)), input.version, work);
        continue;
      case Duplicate::kNo: break;
    }
    auto key = std::pair(tick.source, static_cast<int>(rows[i]->partition));
    auto [mark, first] = watermarks_.try_emplace(key, tick.event_time);
    mark->second = std::max(mark->second, tick.event_time);
    working_batch_->watermarks[key] = mark->second;
    working_batch_->ticks.push_back(tick);
  }
  if (dropped > 0) CountMetric("cryptostream_duplicate_events_total", "Rows that silver had already.", {}, dropped);
  work.reject_positions[QuarantineId("silver", lake_.bronze().id())] = input.version;
  CS_ASSIGN(work.commit.rows, SilverColumns(working_batch_->ticks));
  work.commit.positions = WatermarkPositions();
  work.commit.positions[SilverPositionId(lake_.bronze().id())] = input.version;
  for (const auto& [id, position] : work.commit.positions) {
    if (auto now = positions_.find(id); now != positions_.end()) work.commit.expected.insert(*now);
  }
  work.commit.operation = "silver append";
  return work;
}

Positions SilverStage::WatermarkPositions() const {
  Positions positions;
  for (const auto& [key, time] : working_batch_->watermarks) {
    positions[WatermarkId(key.first.str(), key.second)] = ToMicros(time);
  }
  return positions;
}

void SilverStage::Committed(Version version) {
  for (const auto& [id, position] : WatermarkPositions()) positions_[id] = position;
  positions_[SilverPositionId(lake_.bronze().id())] = working_;
  consumed_ = working_;
  CountMetric("cryptostream_events_total", "Rows committed by a stage.", {{"stage", "silver"}},
              static_cast<double>(working_batch_->ticks.size()));
  duplicates_->Trim();
  output_.Give(version, std::move(working_batch_));
  working_batch_ = nullptr;
  published_consumed_ = consumed_;
}

}  // namespace cryptostream
