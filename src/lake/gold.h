#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "lake/silver.h"
#include "lake/stage.h"
#include "lake/watermark.h"
#include "market/window.h"

namespace cryptostream {

// The third stage: silver's rows folded into 1-minute windows, appended when the watermark has passed them. A row that comes
// after its window was closed marks the window, and marked windows are recomputed from silver and replaced in commits of their own.
// gold = f(silver at its position, windows ending at or before `closed`), whatever the order of arrival.
class GoldStage final : public StageLogic {
 public:
  GoldStage(Lake& lake, SilverHandoff& input, const Clock& clock);

  // Silver version up to which rows are folded; -1 before the first. Thread-safe.
  Version consumed() const { return published_consumed_.load(); }
  // Asks to close all windows and to work in all late rows once the stage has caught up with silver. Thread-safe.
  void RequestClose() {
    close_requested_ = true;
    input_.Wake();
  }
  // True when nothing is left of the request. Thread-safe.
  bool CloseDone() const { return !close_requested_; }

  std::string name() const override { return "gold"; }
  const StagePoints& points() const override;
  Table& table() override { return lake_.sources(); }
  const TableLayout& layout() const override { return SourcesLayout(); }
  Status Load() override;
  Result<std::optional<StageWork>> Next(StopToken stop) override;
  void Committed(Version version) override;
  void SetTrouble(bool trouble) override { input_.SetBypass(trouble); }

 private:
  Status LoadOpenWindows();
  Status LoadDirtyWindows();
  Result<std::shared_ptr<const SilverBatch>> ReadCommit(const CommitActions& commit) const;
  Status AddWindowsOf(const DataFile& vacuumed, SilverBatch& batch) const;
  void Fold(Version version, const SilverBatch& batch);
  bool CaughtUp() const;
  Result<std::optional<StageWork>> Close(bool everything);
  bool CloseEndedDays(bool everything);
  Result<std::optional<StageWork>> Correct();
  Status ForgetDroppedWindows();
  std::optional<StageWork> MovePosition();
  StageWork MakeWork(CommitKind kind, std::string operation) const;
  Timestamp ClosedOf(Name source) const;

  Lake& lake_;
  SilverHandoff& input_;
  Upstream<std::shared_ptr<const SilverBatch>> upstream_;
  const Clock& clock_;

  Positions positions_;
  Version consumed_ = kNoVersion;
  Version corrected_ = kNoVersion;
  std::map<Name, Timestamp> closed_;  // windows ending at or before are closed
  WatermarkTracker watermarks_;
  std::unordered_map<WindowKey, WindowAccumulator> open_;
  std::map<WindowKey, WindowAccumulator> recent_;  // closed ones, so that a late row seldom needs silver to be read
  std::set<WindowKey> dirty_;                      // closed windows with late rows
  std::chrono::steady_clock::time_point last_correction_{};

  std::set<WindowKey> correcting_;  // windows of the correction that was returned last
  bool correcting_all_ = false;     // no marked window is left out of it
  std::atomic<Version> published_consumed_{kNoVersion};
  std::atomic<bool> close_requested_{false};
};

}  // namespace cryptostream
