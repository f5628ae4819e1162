#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"
#include "delta/table.h"
#include "lake/maintenance.h"
#include "lake/tally.h"
#include "market/quote.h"
#include "market/rollup.h"
#include "market/schema.h"

namespace cryptostream {

struct LakeOptions {
  std::string root;                                // storage directory
  bool fsync = true;                               // false only for benchmarks
  std::chrono::milliseconds lateness{30'000};      // allowed lateness of events behind the greatest one
  std::chrono::milliseconds idle_after{60'000};    // a partition silent for so long does not hold the watermark
  std::chrono::milliseconds commit_every{1'000};   // bronze's commit timer
  std::size_t commit_bytes = 64 << 20;             // or this much, whichever comes first
  std::chrono::milliseconds correct_every{5'000};  // closed windows are replaced at most so often
  QuoteSettings quotes;                            // currencies of sources whose messages do not say theirs
  MaintenanceOptions maintenance;                  // its retentions become properties of tables that are made
};

// A table of a lake and its shape.
struct LakeTable {
  Table* table = nullptr;
  const TableLayout* layout = nullptr;
};

// The tables of one storage root, opened for writing. Holds the lake's lock for life: there is one writer. The number of
// this start (epoch) goes into every commit, so that a writer whose lock was lost finds out that another one took over.
class Lake {
 public:
  // Whether tables of an earlier format will do: for who upgrades them (maintain/upgrade.h), nobody else may write to them.
  enum class Formats { kNewest, kAny };
  // Opens the lake, or makes it. Errors: Conflict (another process writes it: says who), Invalid (written by another program or by a
  // newer version, or of an earlier format: says what to do), Corrupt, Unavailable.
  static Result<std::unique_ptr<Lake>> Open(const LakeOptions& options, Formats formats = Formats::kNewest);

  const LakeOptions& options() const { return options_; }
  std::int64_t epoch() const { return epoch_; }
  Table& bronze() { return *bronze_; }
  Table& silver() { return *silver_; }
  Table& gold() { return *gold_; }
  // The tables of HourlyRollup() and DailyRollup().
  Table& rollup(const RollupTable& of) { return of.period == HourlyRollup().period ? *hourly_ : *daily_; }
  Table& quarantine() { return *quarantine_; }
  Table& gaps() { return *gaps_; }
  // The currencies of rows and messages that do not say theirs, as they were recorded when the lake was opened.
  const SourceQuotes& quotes() const { return quotes_; }
  // What its stages did since it was opened.
  Tally& tally() { return tally_; }
  // All of them, in the order of the data.
  std::vector<LakeTable> Tables();

 private:
  explicit Lake(LakeOptions options) : options_(std::move(options)) {}
  Result<std::unique_ptr<Table>> OpenTable(const TableLayout& layout, Formats formats);
  Status CheckLineage();

  const LakeOptions options_;
  FileLock lock_;
  std::int64_t epoch_ = 0;
  Tally tally_;
  SourceQuotes quotes_;
  std::unique_ptr<Table> bronze_, silver_, gold_, hourly_, daily_, quarantine_, gaps_;
};

}  // namespace cryptostream
