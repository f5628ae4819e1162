#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "lake/bronze.h"
#include "lake/dedup.h"
#include "lake/handoff.h"
#include "lake/stage.h"
#include "market/parse.h"

namespace cryptostream {

// Greatest event time seen, per source and partition.
using Watermarks = std::map<std::pair<Name, int>, Timestamp>;

// What one silver commit holds, for gold.
struct SilverBatch {
  std::vector<Tick> ticks;
  Watermarks watermarks;  // after these rows; only partitions that advanced in this batch
};
using SilverHandoff = Handoff<std::shared_ptr<const SilverBatch>>;

// An event may be ahead of its receive time by this much; beyond, the stamp is wrong.
inline constexpr std::chrono::seconds kFutureTolerance{5};

// The second stage: messages typed, checked and freed of duplicates. Decides from the bronze row and earlier silver only, never
// from the clock, so silver can be derived again from bronze.
class SilverStage final : public StageLogic {
 public:
  SilverStage(Lake& lake, BronzeHandoff& input, SilverHandoff& output);

  // Bronze version up to which silver is durable. Thread-safe.
  Version consumed() const { return published_consumed_.load(); }

  std::string name() const override { return "silver"; }
  Table& table() override { return lake_.silver(); }
  const TableLayout& layout() const override { return SilverLayout(); }
  Status Load() override;
  Result<std::optional<StageWork>> Next(StopToken stop) override;
  void Committed(Version version) override;
  void SetTrouble(bool trouble) override { input_.SetBypass(trouble); }

 private:
  struct Input {
    Version version = kNoVersion;
    std::shared_ptr<const std::vector<BronzeRow>> rows;
  };
  Result<std::optional<Input>> Take(StopToken stop);
  Result<std::optional<Input>> ReadNext();
  Result<StageWork> Process(const Input& input);
  Status LookUpOldRows(const std::vector<Tick>& candidates);
  void RejectRow(const BronzeRow& row, const std::string& reason, Version version, StageWork& work) const;
  Positions WatermarkPositions() const;

  Lake& lake_;
  BronzeHandoff& input_;
  SilverHandoff& output_;

  MessageParser parser_;
  std::unique_ptr<DuplicateFilter> duplicates_;
  Positions positions_;
  Version consumed_ = kNoVersion;
  Version quarantined_ = kNoVersion;  // bronze version up to which rejects are in quarantine
  Watermarks watermarks_;
  std::vector<CommitActions> backlog_;  // bronze commits read from the table, oldest first
  std::size_t backlog_at_ = 0;

  Version working_ = kNoVersion;  // bronze version of the work returned last
  std::shared_ptr<SilverBatch> working_batch_;
  std::atomic<Version> published_consumed_{kNoVersion};
};

}  // namespace cryptostream
