#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/stop.h"
#include "cluster/bronze_file.h"
#include "cluster/note.h"
#include "cluster/plan.h"
#include "lake/lake.h"
#include "lake/quote_records.h"
#include "lake/window_engine.h"

namespace cryptostream {

// A batch of silver that is to be made: whole versions of bronze.
struct SilverJob {
  Version through = kNoVersion;  // of bronze
  std::int64_t rows = 0;
  std::vector<BronzeFile> files;
  SilverPlan plan;
};

// The driver's half of a pipeline whose rows are worked on elsewhere: it holds the lake as its one writer, says what is to be done next, and
// commits what tasks have written, by the engine's own code. Gold and what is made of it run here: they are fed with windows, a few rows
// a minute and coin. One caller at a time.
class Coordinator {
 public:
  // Requires: `lake` and `clock` outlive it.
  Coordinator(Lake& lake, const Clock& clock);

  // The next batch, of so many rows or a little more; nullopt: silver has all of bronze. Asked again before a commit, it gives the same rows.
  // Errors: as of the tables.
  Result<std::optional<SilverJob>> NextSilver(std::int64_t rows_at_least);
  // Commits what the tasks of the last batch have said. Errors: Invalid (no batch was asked for, notes of something else), Conflict and
  // Fenced (another writer), as of CommitOnce.
  Status CommitSilver(const std::vector<Note>& notes);
  // Waits until gold and its rollups have all that silver has; closes all windows if asked. Errors: as of WindowEngine.
  Status Drain(bool close_windows, StopToken stop);
  // What a stage behind silver cannot do now; empty: all is well. Errors: the error that ended one.
  Result<std::string> Trouble() const;

 private:
  Status LoadSilver();
  Status CommitQuotes();

  Lake& lake_;
  const Version first_version_;  // of bronze, that may have come under today's settings
  SilverHandoff to_gold_{2};
  WindowEngine windows_;

  bool loaded_ = false;
  Positions positions_;  // of silver
  Version consumed_ = kNoVersion, quarantined_ = kNoVersion;
  QuoteRecords quotes_;
  std::optional<SilverJob> job_;
};

}  // namespace cryptostream
