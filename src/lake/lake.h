#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"
#include "delta/table.h"
#include "lake/maintenance.h"
#include "lake/tally.h"
#include "market/derived_table.h"
#include "market/quote.h"
#include "market/schema.h"
#include "market/source_order.h"

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
  SourceOrderSettings order;                       // which row gold takes where several sources have one
  MaintenanceOptions maintenance;                  // its retentions become properties of tables that are made
  std::set<std::string> damaged;                   // tables whose data files may lack: they are being made anew (maintain/rebuild.h)
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
  Table& bronze() { return table(BronzeLayout()); }
  Table& silver() { return table(SilverLayout()); }
  // The windows of every source, and those that were chosen of them.
  Table& sources() { return table(SourcesLayout()); }
  Table& gold() { return table(GoldLayout()); }
  Table& derived(const DerivedTable& of) { return table(*of.layout); }
  Table& quarantine() { return table(QuarantineLayout()); }
  Table& gaps() { return table(GapsLayout()); }
  // Requires: the table is there, as all are in a lake of the newest format.
  Table& table(const TableLayout& layout) { return *tables_.at(&layout); }
  // Whether tables still lie where they lay before there were the chosen ones, which are not there then (delta/lake_place.h).
  bool lies_in_former_places() const { return !tables_.contains(&GoldLayout()); }
  // Puts these tables into their places and makes those that are missing. Killed anywhere, it goes on at the next call. Errors: as of
  // the tables.
  Status TakePlaces();
  // The currencies of rows and messages that do not say theirs, as they were recorded when the lake was opened.
  const SourceQuotes& quotes() const { return quotes_; }
  // What its stages did since it was opened.
  Tally& tally() { return tally_; }
  // Those that are there, in the order of the data.
  std::vector<LakeTable> Tables();

 private:
  explicit Lake(LakeOptions options) : options_(std::move(options)) {}
  Result<std::unique_ptr<Table>> OpenTable(const TableLayout& layout, Formats formats);
  Status OpenTables(Formats formats);
  Status CheckLineages();

  const LakeOptions options_;
  FileLock lock_;
  std::int64_t epoch_ = 0;
  Tally tally_;
  SourceQuotes quotes_;
  std::map<const TableLayout*, std::unique_ptr<Table>> tables_;
};

}  // namespace cryptostream
