#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "lake/batch_parser.h"
#include "lake/bronze.h"
#include "lake/dedup.h"
#include "lake/quote_records.h"
#include "lake/stage.h"
#include "lake/upstream.h"
#include "market/window.h"

namespace cryptostream {

// Greatest event time seen, per source and partition.
using Watermarks = std::map<std::pair<Name, int>, Timestamp>;

// What one silver commit holds, for gold.
struct SilverBatch {
  std::vector<Tick> ticks;
  std::vector<std::pair<WindowKey, WindowAccumulator>> windows;  // of rows that others have folded, which are not among the ticks
  Watermarks watermarks;                                         // after these rows; only partitions that advanced in this batch
  std::set<WindowKey> removed;                                   // windows of rows that somebody removed from silver
};
using SilverHandoff = Handoff<std::shared_ptr<const SilverBatch>>;

// The second stage: messages typed, checked and freed of duplicates. Decides from the bronze row and earlier silver only, never
// from the clock, so silver can be derived again from bronze.
class SilverStage final : public StageLogic {
 public:
  SilverStage(Lake& lake, BronzeHandoff& input, SilverHandoff& output);

  // The topic whose rejects are told to the dead letters; empty: none. Set before the stage starts.
  std::string dead_letter_topic;
  // Bronze version up to which silver is durable. Thread-safe.
  Version consumed() const { return published_consumed_.load(); }

  std::string name() const override { return "silver"; }
  const StagePoints& points() const override;
  Table& table() override { return lake_.silver(); }
  const TableLayout& layout() const override { return SilverLayout(); }
  Status Load() override;
  Result<std::optional<StageWork>> Next(StopToken stop) override;
  void Committed(Version version) override;
  void SetTrouble(bool trouble) override { input_.SetBypass(trouble); }

 private:
  Result<BronzeBatchList> ReadCommit(const CommitActions& commit) const;
  Result<StageWork> Process(Version version, const BronzeBatchList& batches);
  void ParseRows(const BronzeBatchList& batches, StageWork& work);
  Status LoadDuplicates();
  Status LoadTradeIds();
  Status LookUpOldRows();
  void DropDuplicates(const BronzeBatchList& batches, StageWork& work);
  void RejectRow(const RawBatch& batch, std::size_t row, const std::string& reason, StageWork& work) const;
  Positions WatermarkPositions() const;
  StageWork QuoteWork();

  Lake& lake_;
  BronzeHandoff& input_;
  SilverHandoff& output_;
  const Version first_version_;  // of bronze, that this process can have written
  Upstream<BronzeBatchList> upstream_;

  BatchParser parser_;
  std::unique_ptr<DuplicateFilter> duplicates_;
  bool trade_ids_loaded_ = false;
  Positions positions_;
  Version consumed_ = kNoVersion;
  Version quarantined_ = kNoVersion;  // bronze version up to which rejects are in quarantine
  Watermarks watermarks_;
  QuoteRecords quotes_;

  Version working_ = kNoVersion;  // bronze version of the work returned last
  std::shared_ptr<SilverBatch> working_batch_;
  std::int64_t working_duplicates_ = 0;
  ParsedRows parsed_;  // of the working batch, in order with its ticks until duplicates are dropped
  std::atomic<Version> published_consumed_{kNoVersion};
};

}  // namespace cryptostream
