// Opening a lake: take the lock, open or make the tables, refuse what is not ours, count the start. Everything else that
// a start needs (positions, open windows, the memory for duplicates) each stage reads from its own table.
#include "lake/lake.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/crash_point.h"
#include "base/log.h"
#include "delta/position.h"
#include "verify/start_check.h"

namespace cryptostream {
namespace {

const CrashPoint kAfterLock("lake.after_lock");
const CrashPoint kAfterOpen("lake.after_open");

// A duration as Delta's properties have it, in the largest unit that holds it exactly.
std::string Interval(std::chrono::milliseconds duration) {
  const std::pair<std::int64_t, const char*> units[] = {{3'600'000, "hours"}, {60'000, "minutes"}, {1000, "seconds"}};
  for (const auto& [ms, unit] : units) {
    if (duration.count() % ms == 0) return "interval " + std::to_string(duration.count() / ms) + " " + unit;
  }
  return "interval " + std::to_string(duration.count()) + " milliseconds";
}

}  // namespace

std::vector<LakeTable> Lake::Tables() {
  return {{bronze_.get(), &BronzeLayout()},   {silver_.get(), &SilverLayout()}, {gold_.get(), &GoldLayout()},
          {hourly_.get(), &GoldHourLayout()}, {daily_.get(), &GoldDayLayout()}, {quarantine_.get(), &QuarantineLayout()},
          {gaps_.get(), &GapsLayout()}};
}

Result<std::unique_ptr<Table>> Lake::OpenTable(const TableLayout& layout, Formats formats) {
  TableSpec spec;
  spec.uri = options_.root + "/" + layout.path;
  spec.schema = layout.schema;
  spec.partition_columns = layout.partition_columns;
  spec.properties = DefaultTableProperties(*layout.schema, layout.partition_columns);
  spec.properties["delta.logRetentionDuration"] = Interval(options_.maintenance.log_retention);
  spec.properties["delta.deletedFileRetentionDuration"] = Interval(options_.maintenance.file_retention);
  spec.fsync = options_.fsync;
  if (layout.path.starts_with("gold/")) spec.commits.insert(CommitKind::kReplace);
  auto age = options_.maintenance.retain.find(layout.name);
  if (age != options_.maintenance.retain.end() && age->second > age->second.zero()) spec.commits.insert(CommitKind::kDelete);
  auto table = Table::OpenOrCreate(spec);
  if (!table) {
    Error error = std::move(table).error();
    error.message = "cannot open table " + layout.name + ": " + error.message;
    return std::unexpected(std::move(error));
  }
  if (!(*table)->properties().contains(kFormatProperty)) {
    return Invalid("the storage was written by another program: table=" + spec.uri +
                   " (choose another --storage; `cryptostream import` takes over an original installation)");
  }
  if (int format = FormatOf((*table)->properties()); formats == Formats::kNewest && format < kTableFormat) {
    return Invalid(
        fmt::format("the lake is of an earlier format: format={} wanted={} table={} (`cryptostream upgrade` brings it on)",
                    format, kTableFormat, spec.uri));
  }
  return table;
}

// A table that was deleted, copied in or restored from elsewhere has another id than the one that the next table's position
// names; going on would read it all again.
Status Lake::CheckLineage() {
  struct Link {
    Table* table;
    std::string own_id, prefix;
    Table* upstream;
    const char* upstream_name;
  };
  auto rollup = [&](Table* table, const TableLayout& layout) {
    return Link{table, RollupPositionId(layout.name, gold_->id()), AppId(layout.name) + "/", gold_.get(), "gold"};
  };
  for (const Link& link : {Link{silver_.get(), SilverPositionId(bronze_->id()), AppId("silver/"), bronze_.get(), "bronze"},
                           Link{gold_.get(), GoldPositionId(silver_->id()), AppId("gold/"), silver_.get(), "silver"},
                           rollup(hourly_.get(), GoldHourLayout()), rollup(daily_.get(), GoldDayLayout())}) {
    CS_ASSIGN(Positions positions, link.table->Txns());
    bool other =
        std::any_of(positions.begin(), positions.end(), [&](const auto& entry) { return entry.first.starts_with(link.prefix); });
    if (other && !positions.contains(link.own_id)) {
      return Corrupt(std::string("the table before it was replaced: upstream=") + link.upstream_name +
                     " table=" + link.table->uri() + " (put the original " + link.upstream_name +
                     " table back, or start a new lake with another --storage)");
    }
    std::int64_t position = PositionOr(positions, link.own_id, kNoVersion);
    if (position > link.upstream->version()) {
      return Corrupt(std::string("the table before it is older than what was read from it: upstream=") + link.upstream_name +
                     " version=" + std::to_string(link.upstream->version()) + " consumed=" + std::to_string(position) +
                     " (was a backup restored? put the newer one back)");
    }
  }
  return {};
}

Result<std::unique_ptr<Lake>> Lake::Open(const LakeOptions& options, Formats formats) {
  std::unique_ptr<Lake> lake(new Lake(options));
  CS_TRY(MakeDirsDurable(options.root));
  CS_ASSIGN(lake->lock_, FileLock::Acquire(options.root + "/.cryptostream.lock"));
  CS_TRY(CheckBeforeWriting(options.root));
  kAfterLock.Reach();
  CS_ASSIGN(lake->bronze_, lake->OpenTable(BronzeLayout(), formats));
  CS_ASSIGN(lake->silver_, lake->OpenTable(SilverLayout(), formats));
  CS_ASSIGN(lake->gold_, lake->OpenTable(GoldLayout(), formats));
  CS_ASSIGN(lake->hourly_, lake->OpenTable(GoldHourLayout(), formats));
  CS_ASSIGN(lake->daily_, lake->OpenTable(GoldDayLayout(), formats));
  CS_ASSIGN(lake->quarantine_, lake->OpenTable(QuarantineLayout(), formats));
  CS_ASSIGN(lake->gaps_, lake->OpenTable(GapsLayout(), formats));
  for (Table* table : {lake->bronze_.get(), lake->silver_.get(), lake->gold_.get(), lake->hourly_.get(), lake->daily_.get(),
                       lake->quarantine_.get(), lake->gaps_.get()}) {
    CS_ASSIGN(Positions positions, table->Txns());
    lake->epoch_ = std::max(lake->epoch_, PositionOr(positions, EpochId(), 0));
  }
  ++lake->epoch_;
  CS_ASSIGN(Positions silver, lake->silver_->Txns());
  lake->quotes_ = QuotesOf(silver, options.quotes);
  CS_TRY(lake->CheckLineage());
  kAfterOpen.Reach();
  return lake;
}

}  // namespace cryptostream
