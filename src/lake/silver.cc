// The second stage. In: bronze rows of one version, from memory when they are the next in line, else from the table. Out: typed
// rows in silver/crypto_transformed with the bronze version and the greatest event times in the same commit; what cannot be a
// row goes to quarantine first. bronze = silver + duplicates + rejected by silver, always.
#include "lake/silver.h"

#include <arrow/api.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "delta/data_file.h"
#include "delta/retained_from.h"
#include "lake/silver_reader.h"

namespace cryptostream {
namespace {

const StagePoints kPoints{CrashPoint("silver.after_load"), CrashPoint("silver.before_commit"), CrashPoint("silver.after_commit")};

// After a start, memory for duplicates reaches this many lateness horizons back.
constexpr int kHorizons = 4;

}  // namespace

SilverStage::SilverStage(Lake& lake, BronzeHandoff& input, SilverHandoff& output)
    : lake_(lake),
      input_(input),
      output_(output),
      first_version_(lake.bronze().version() + 1),
      upstream_(lake.bronze(), input, [this](const CommitActions& commit) { return ReadCommit(commit); }) {}

const StagePoints& SilverStage::points() const { return kPoints; }

Status SilverStage::Load() {
  CS_ASSIGN(positions_, lake_.silver().Txns());
  CS_ASSIGN(Positions side, lake_.quarantine().Txns());
  consumed_ = PositionOr(positions_, SilverPositionId(lake_.bronze().id()), kNoVersion);
  quarantined_ = PositionOr(side, QuarantineId("silver", lake_.bronze().id()), kNoVersion);
  published_consumed_ = consumed_;
  upstream_.Restart(consumed_);
  watermarks_.clear();
  std::set<Name> sources;
  for (const auto& [id, position] : positions_) {
    auto key = WatermarkKey(id);
    if (!key) continue;
    watermarks_[*key] = FromMicros(position);
    sources.insert(key->first);
  }
  quotes_.Load(positions_, lake_.options().quotes, sources, std::max(first_version_, consumed_ + 1));
  return LoadDuplicates();
}

// A commit of the changed records alone, before anything is read under them.
StageWork SilverStage::QuoteWork() {
  StageWork work;
  working_ = consumed_;
  working_batch_ = std::make_shared<SilverBatch>();
  working_duplicates_ = 0;
  work.commit.positions = quotes_.fresh();
  work.commit.positions[SilverPositionId(lake_.bronze().id())] = consumed_;
  work.commit.expected = StandingBefore(positions_, work.commit.positions);
  work.commit.operation = "silver quotes";
  return work;
}

// Takes the newest rows of each source into memory; older ones are looked up when they are asked for.
Status SilverStage::LoadDuplicates() {
  duplicates_ = std::make_unique<DuplicateFilter>();
  trade_ids_loaded_ = false;
  std::map<Name, Timestamp> newest;
  for (const auto& [key, time] : watermarks_) {
    Timestamp& of_source = newest.try_emplace(key.first, time).first->second;
    of_source = std::max(of_source, time);
  }
  for (const auto& [source, time] : newest) {
    Timestamp floor =
        WindowStart(time - std::chrono::duration_cast<std::chrono::microseconds>(lake_.options().lateness * kHorizons));
    duplicates_->SetFloor(source, floor);
    auto remember = [&, source = source](const std::vector<Tick>& ticks) -> Status {
      for (const Tick& tick : ticks) {
        if (tick.source == source) duplicates_->Remember(tick);
      }
      duplicates_->EndBatch();  // keeps to the limit of rows
      return {};
    };
    CS_TRY(ReadSilver(lake_.silver().view(), quotes_.quotes(), {floor, time + std::chrono::microseconds(1)}, remember));
  }
  return {};
}

Result<BronzeBatchList> SilverStage::ReadCommit(const CommitActions& commit) const {
  if (commit.data_change_remove && !IsRetention(commit)) {
    LogWarn("bronze rows were removed by somebody else, silver keeps what it made of them: version={}", commit.version);
  }
  BronzeBatchList batches;
  for (const DataFile& file : commit.adds) {
    CS_ASSIGN(auto table, ReadDataFile(lake_.bronze().root_path(), file, BronzeLayout().schema));
    CS_ASSIGN(BronzeBatchList of_file, BronzeBatches(*table));
    std::move(of_file.begin(), of_file.end(), std::back_inserter(batches));
  }
  return batches;
}

Result<std::optional<StageWork>> SilverStage::Next(StopToken stop) {
  if (!quotes_.fresh().empty()) return QuoteWork();
  CS_ASSIGN(auto input, upstream_.Next(stop));
  if (!input) return std::nullopt;
  if (input->batch.empty()) {  // the table's creation, a compaction, a batch of rejects: nothing to say about it
    consumed_ = input->version;
    published_consumed_ = consumed_;
    return std::nullopt;
  }
  CS_ASSIGN(StageWork work, Process(input->version, input->batch));
  return work;
}

void SilverStage::RejectRow(const RawBatch& batch, std::size_t row, const std::string& reason, StageWork& work) const {
  RawBatch::Row raw = batch.row(row);
  if (!dead_letter_topic.empty() && batch.topic == dead_letter_topic) {
    std::optional<std::string> key;
    if (raw.key) key = std::string(*raw.key);
    work.dead_letters.push_back(
        {batch.source, batch.topic, batch.partition, raw.offset, "silver", reason, std::move(key), std::string(raw.value)});
  }
  if (working_ <= quarantined_) return;
  work.rejects.push_back(
      {batch.source, batch.topic, batch.partition, raw.offset, "silver", reason, std::string(raw.value), raw.received, working_});
}

// Messages to ticks; what cannot be one is rejected.
void SilverStage::ParseRows(const BronzeBatchList& batches, StageWork& work) {
  parsed_ = parser_.Parse(batches, quotes_.quotes(), working_);
  quotes_.Meet(parsed_.sources, working_);
  working_batch_->ticks = std::move(parsed_.ticks);
  for (const auto& [origin, reason] : parsed_.rejected) RejectRow(*batches[origin.batch], origin.row, reason, work);
}

// Which trade ids silver has; read when the first trade comes, because most lakes have none.
Status SilverStage::LoadTradeIds() {
  if (trade_ids_loaded_ || !parsed_.trades) return {};
  CS_TRY(ReadSilverTradeKeys(lake_.silver().view(), [&](const std::vector<Tick>& trades) -> Status {
    for (const Tick& trade : trades) duplicates_->RememberTradeId(trade.source, trade.symbol, trade.trade_id);
    return {};
  }));
  trade_ids_loaded_ = true;
  return {};
}

// Rows that memory does not know are asked of silver: observations by their minute, trades by their id, at whatever time it has them.
Status SilverStage::LookUpOldRows() {
  if (!parsed_.trades && !duplicates_->Forgot(parsed_.oldest)) return {};
  CS_TRY(LoadTradeIds());
  std::set<Timestamp> minutes;
  std::set<std::int64_t> trade_ids;
  for (std::size_t i = 0; i < working_batch_->ticks.size(); ++i) {
    const Tick& tick = working_batch_->ticks[i];
    if (!duplicates_->NeedsLookup(tick, parsed_.keys[i])) continue;
    duplicates_->Want(parsed_.keys[i]);
    if (tick.is_trade()) {
      trade_ids.insert(tick.trade_id);
    } else {
      minutes.insert(WindowStart(tick.event_time));
    }
  }
  auto offer = [&](const std::vector<Tick>& ticks) -> Status {
    for (const Tick& tick : ticks) duplicates_->Offer(tick);
    return {};
  };
  CS_TRY(ReadSilverMinutes(lake_.silver().view(), quotes_.quotes(), minutes, offer));
  return ReadSilverTrades(lake_.silver().view(), quotes_.quotes(), trade_ids, offer);
}

// Keeps the first of each row, in place, and takes the watermarks of what is kept.
void SilverStage::DropDuplicates(const BronzeBatchList& batches, StageWork& work) {
  std::vector<Tick>& ticks = working_batch_->ticks;
  std::size_t kept = 0;
  double dropped = 0;
  Watermarks::iterator mark;  // of the row before: mostly the next one's too
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    const RawBatch& batch = *batches[parsed_.origins[i].batch];
    switch (duplicates_->Check(ticks[i], parsed_.keys[i])) {
      case Duplicate::kYes: ++dropped; continue;
      case Duplicate::kConflict:
        RejectRow(batch, parsed_.origins[i].row, std::string(RejectText(RejectReason::kConflictingDuplicate)), work);
        continue;
      case Duplicate::kNo: break;
    }
    Watermarks::key_type key(ticks[i].source, batch.partition);
    if (kept == 0 || mark->first != key) mark = working_batch_->watermarks.try_emplace(key, ticks[i].event_time).first;
    mark->second = std::max(mark->second, ticks[i].event_time);
    if (kept != i) ticks[kept] = ticks[i];
    ++kept;
  }
  ticks.resize(kept);
  working_duplicates_ = static_cast<std::int64_t>(dropped);
  if (dropped > 0) CountMetric("cryptostream_duplicate_events_total", "Rows that silver had already.", {}, dropped);
}

Result<StageWork> SilverStage::Process(Version version, const BronzeBatchList& batches) {
  StageWork work;
  working_ = version;
  working_batch_ = std::make_shared<SilverBatch>();
  ParseRows(batches, work);
  CS_TRY(LookUpOldRows());
  DropDuplicates(batches, work);
  for (auto& [key, mark] : working_batch_->watermarks) {
    auto [known, first] = watermarks_.try_emplace(key, mark);
    known->second = mark = std::max(known->second, mark);
  }
  work.reject_positions[QuarantineId("silver", lake_.bronze().id())] = version;
  CS_ASSIGN(work.commit.rows, SilverColumns(working_batch_->ticks));
  work.commit.positions = WatermarkPositions();
  work.commit.positions.insert(quotes_.fresh().begin(), quotes_.fresh().end());
  work.commit.positions[SilverPositionId(lake_.bronze().id())] = version;
  work.commit.expected = StandingBefore(positions_, work.commit.positions);
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
  positions_.insert(quotes_.fresh().begin(), quotes_.fresh().end());
  quotes_.Committed();
  positions_[SilverPositionId(lake_.bronze().id())] = working_;
  consumed_ = working_;
  CountMetric("cryptostream_events_total", "Rows committed by a stage.", {{"stage", "silver"}},
              static_cast<double>(working_batch_->ticks.size()));
  lake_.tally().AddSilver(static_cast<std::int64_t>(working_batch_->ticks.size()), working_duplicates_);
  duplicates_->EndBatch();
  output_.Give(version, std::move(working_batch_));
  working_batch_ = nullptr;
  published_consumed_ = consumed_;
}

}  // namespace cryptostream
