#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lake/derived_stage.h"
#include "lake/gold.h"
#include "lake/lake.h"
#include "lake/silver.h"
#include "lake/stage.h"

namespace cryptostream {

// What is made of silver: gold of every source -> its rollups, and the chosen rows -> theirs, a thread each. Silver is another's: the
// engine's stage, or a cluster's (cluster/). Life: the constructor starts the stages; Stop, or the destructor, lets them finish what they hold.
class WindowEngine {
 public:
  // In: silver's batches on their way; `committed` is called after each commit, `fatal` when a stage has ended for good.
  WindowEngine(Lake& lake, const Clock& clock, SilverHandoff& input, std::function<void()> committed,
               std::function<void(const Error&)> fatal);
  ~WindowEngine();

  // Waits until all that silver has is worked in, and closes all windows if asked. Errors: Cancelled; the fatal error of a stage.
  Status Drain(bool close_windows, StopToken stop);
  void Stop();
  // The stage of a table that is made of gold's windows.
  DerivedStage& derived(const DerivedTable& table);
  // Empty while all stages work, else the first one's trouble, in words.
  std::string trouble() const;
  std::optional<Error> fatal() const;

 private:
  // A stage and its thread.
  struct Derived {
    Derived(Lake& lake, const DerivedTable& table, const Clock& clock, std::function<void()> committed,
            std::function<void(const Error&)> fatal)
        : table(table), logic(lake, table, clock), stage(lake, logic, std::move(committed), std::move(fatal)) {}
    const DerivedTable& table;
    DerivedStage logic;
    Stage stage;
  };
  // Called after the commits of a table: tells the stages behind it.
  std::function<void()> Committed(const TableLayout& table);
  std::function<void(const Error&)> Fatal();

  Lake& lake_;
  const std::function<void()> committed_;
  const std::function<void(const Error&)> on_fatal_;
  mutable std::mutex mutex_;
  std::optional<Error> fatal_;  // guarded by mutex_
  GoldStage gold_;
  // Last: their threads use everything above.
  std::vector<std::unique_ptr<Derived>> derived_;  // in the order of DerivedTables()
  Stage gold_stage_;
};

}  // namespace cryptostream
