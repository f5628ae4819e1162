// Verification from outside: the order of checks. In: a lake's directory. Out: one report. Each table is
// pinned once, the later before the earlier (the chosen rows, gold's of every source, silver, quarantine, bronze), so that what a table names of
// the one before it is there although the engine goes on writing. First each table for itself (log,
// checkpoints, files); what cannot be read is not compared with others.
#include "verify/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "delta/lake_place.h"
#include "delta/table.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

// The order in which tables are pinned.
int PinRank(const std::string& name) {
  if (name == "bronze") return 4;
  if (name == "gaps") return 3;
  if (name == "quarantine") return 2;
  if (name == "silver") return 1;
  if (name == SourcesLayout().name) return 0;
  if (name == GoldLayout().name) return -2;
  return name.starts_with(SourcesLayout().name) ? -1 : -3;
}

// What can lack without anything being lost: a rollup of a lake that is older than the rollups, or chosen rows of one that is older than
// those, or is being upgraded.
bool MayLack(const TableLayout& layout, const PinnedTables& tables) {
  if (PinRank(layout.name) >= 0) return false;
  auto sources = tables.find(SourcesLayout().name);
  return sources == tables.end() || FormatOf(sources->second) < kChosenRows;
}

std::vector<const TableLayout*> PinOrder() {
  std::vector<const TableLayout*> layouts = AllLayouts();
  std::ranges::stable_sort(layouts, {}, [](const TableLayout* layout) { return PinRank(layout->name); });
  return layouts;
}

// Clean-up may take a log's oldest files while it is read; then it is listed again.
Result<TableLog> ReadLog(const TableLayout& layout, const fs::path& root) {
  constexpr int kTries = 3;
  auto log = TableLog::Read(layout, root);
  for (int i = 1; i < kTries && !log && log.error().kind == ErrorKind::kNotFound; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    log = TableLog::Read(layout, root);
  }
  return log;
}

bool Wanted(const std::string& what, const std::string& table) {
  if (what == "all" || what == table) return true;
  if (what == "bronze") return table == "gaps" || table == "quarantine";
  return what == "gold" && PinRank(table) <= 0;
}

void Append(VerifyReport& report, std::vector<Check> checks) { std::ranges::move(checks, std::back_inserter(report.checks)); }

// The places at which progress is told, in order: each table's log, each table's files, each comparison.
enum Step : std::size_t { kLogs = 0, kFiles = 10, kBronze = 20, kSilver = 21, kGold = 22, kDerived = 23, kSteps = 28 };

void Say(const VerifyOptions& options, std::size_t step, const std::string& doing) {
  if (options.progress) options.progress(step, kSteps, doing);
}

struct Pinned {
  PinnedTables tables;
  std::map<std::string, bool> readable;  // its own checks found nothing wrong
};

// Reads the logs. A table that lacks is wrong, unless nothing was written yet: the start that makes the
// tables was cut off, the next one goes on. A lake that is older than the rollups has none until its next
// start.
Result<Pinned> PinTables(const fs::path& root, const VerifyOptions& options, VerifyReport& report) {
  Pinned pinned;
  std::vector<const TableLayout*> missing;
  for (const TableLayout* layout : PinOrder()) {
    auto place = PlaceOf(root, *layout);
    if (!place || !HasLog(*place)) {
      missing.push_back(layout);
      continue;
    }
    Say(options, kLogs + pinned.tables.size(), layout->name + ": log");
    auto log = ReadLog(*layout, *place);
    if (log) {
      pinned.tables.emplace(layout->name, *std::move(log));
      continue;
    }
    Check check{layout->name + ": log readable and contiguous", true, "", {}};
    Failed(check, log.error());
    report.checks.push_back(std::move(check));
  }
  if (missing.size() == AllLayouts().size()) return NotFound("there is no lake: root=" + root.string() + " (give --storage)");
  bool written =
      !report.checks.empty() || std::ranges::any_of(pinned.tables, [](const auto& table) { return table.second.version > 0; });
  for (const TableLayout* layout : missing) {
    if (written && MayLack(*layout, pinned.tables)) continue;
    Check check{layout->name + ": the table is there", true, written ? "" : "not made yet, the next start makes it", {}};
    if (written)
      Wrong(check,
            "table=" + (root / layout->path).string() + ": it is missing, others have rows (" + HowToMend(layout->name) + ")");
    report.checks.push_back(std::move(check));
  }
  return pinned;
}

void CheckTables(const VerifyOptions& options, Pinned& pinned, VerifyReport& report) {
  std::size_t step = kFiles;
  for (const TableLayout* layout : AllLayouts()) {
    ++step;
    auto found = pinned.tables.find(layout->name);
    if (found == pinned.tables.end()) continue;
    pinned.readable[layout->name] = true;
    if (!Wanted(options.what, layout->name)) continue;
    const TableLog& log = found->second;
    Say(options, step - 1, layout->name + ": commits");
    Append(report, CheckLog(log));
    report.checks.push_back(CheckShape(log, options));
    report.checks.push_back(CheckNewer(log, pinned.tables));
    Append(report, CheckCheckpoints(log));
    std::vector<Check> files = CheckFiles(log, [&](std::size_t done, std::size_t all) {
      Say(options, step - 1, fmt::format("{}: {} of {} files", layout->name, done, all));
    });
    pinned.readable[layout->name] = std::ranges::all_of(files, &Check::ok);
    Append(report, std::move(files));
    if (PinRank(layout->name) >= 2) report.checks.push_back(CheckKept(found->second));
  }
}

using PairCheck = std::function<Result<std::vector<Check>>(const PinnedTables&)>;

// A commit of many large messages, or more state than DuckDB can spill, does not fit into the first memory. Better to need more than
// to leave it unsaid.
Result<std::vector<Check>> LookWell(PinnedTables& tables, const PairCheck& check) {
  auto checks = check(tables);
  bool said = checks ? std::ranges::all_of(*checks, &std::string::empty, &Check::not_checked) : IsFaultOfData(checks.error());
  if (said) return checks;
  tables.memory_mb = kAmpleMemoryMb;
  checks = check(tables);
  tables.memory_mb = kFrugalMemoryMb;
  return checks;
}

// Compares tables unless one of them cannot be read.
void Compare(Pinned& pinned, const std::vector<std::string>& names, const PairCheck& check, VerifyReport& report) {
  Check whole{names.front() + ": rows as the tables before it make them", true, "", {}};
  for (const std::string& name : names) {
    auto found = pinned.readable.find(name);
    if (found != pinned.readable.end() && found->second) continue;
    NotChecked(whole,
               found == pinned.readable.end() ? name + " is not there or cannot be read" : name + " has files that are wrong");
    report.checks.push_back(std::move(whole));
    return;
  }
  auto checks = LookWell(pinned.tables, check);
  if (checks) return Append(report, *std::move(checks));
  // Perhaps a file of a table that was not asked for, and so not looked at yet.
  for (const std::string& name : IsFaultOfData(checks.error()) ? names : std::vector<std::string>()) {
    for (Check& one : CheckFiles(pinned.tables.at(name))) {
      if (!one.ok) report.checks.push_back(std::move(one));
    }
  }
  NotChecked(whole, checks.error().message);
  report.checks.push_back(std::move(whole));
}

}  // namespace

Result<VerifyReport> VerifyLake(const fs::path& root, const VerifyOptions& options) {
  fs::path absolute = fs::absolute(root).lexically_normal();
  VerifyReport report;
  CS_ASSIGN(Pinned pinned, PinTables(absolute, options, report));
  CheckTables(options, pinned, report);
  bool none = std::ranges::all_of(pinned.tables, [](const auto& table) { return table.second.version == 0; });
  if (none && pinned.tables.size() < AllLayouts().size() && report.ok()) return report;  // half made: no rows to compare
  auto wanted = [&](const char* what) { return options.what == what || options.what == "all"; };
  if (wanted("bronze")) {
    Say(options, kBronze, "bronze: rows beside its positions");
    Compare(pinned, {"bronze", "quarantine"}, CheckBronze, report);
    Compare(pinned, {"quarantine"}, CheckQuarantine, report);
  }
  if (wanted("silver")) {
    Say(options, kSilver, "silver: rows beside bronze's");
    Compare(pinned, {"silver", "bronze", "quarantine"}, CheckSilver, report);
  }
  if (wanted("gold")) {
    Say(options, kGold, "gold: windows beside silver's rows");
    Compare(pinned, {SourcesLayout().name, "silver"}, CheckGold, report);
    std::size_t step = kDerived;
    for (const DerivedTable* derived : DerivedTables()) {
      const std::string &name = derived->layout->name, &upstream = derived->upstream->name;
      Say(options, step++, name + ": rows beside those of " + upstream);
      if (!pinned.tables.contains(name)) continue;  // made before there was such a table; the next start adds it
      Compare(pinned, {name, upstream}, [&](const PinnedTables& tables) { return CheckDerived(tables, *derived); }, report);
    }
  }
  return report;
}

Result<VerifyReport> VerifyLake(const fs::path& root, const std::string& what) {
  VerifyOptions options;
  options.what = what;
  return VerifyLake(root, options);
}

}  // namespace cryptostream
