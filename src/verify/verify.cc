// Verification from outside: the order of checks. In: a lake's directory. Out: one report. Each table is pinned once, the later before
// the earlier (gold, silver, quarantine, bronze), so that what a table names of the one before it is there although the engine goes on
// writing. First each table for itself (log, checkpoints, files); what cannot be read is not compared with others.
#include "verify/verify.h"

#include <algorithm>
#include <functional>
#include <thread>

#include "delta/statistics.h"
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
  return name == "gold" ? 0 : -1;
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
  return what == "gold" && PinRank(table) == -1;
}

void Append(VerifyReport& report, std::vector<Check> checks) { std::ranges::move(checks, std::back_inserter(report.checks)); }

struct Pinned {
  PinnedTables tables;
  std::map<std::string, bool> readable;  // its own checks found nothing wrong
};

Result<Pinned> PinTables(const fs::path& root, const std::string& what, VerifyReport& report) {
  Pinned pinned;
  bool any = false;
  for (const TableLayout* layout : PinOrder()) any |= fs::exists(root / layout->path / "_delta_log");
  if (!any) return NotFound("there is no lake: root=" + root.string() + " (give --storage)");
  for (const TableLayout* layout : PinOrder()) {
    bool rollup = PinRank(layout->name) < 0;  // a lake that is older than rollups has none until its next start
    if (rollup && !fs::exists(root / layout->path / "_delta_log")) continue;
    auto log = ReadLog(*layout, root / layout->path);
    if (log) {
      pinned.tables.emplace(layout->name, *std::move(log));
      continue;
    }
    Check check{layout->name + ": log readable and contiguous", true, "", {}};
    Wrong(check, log.error().message);
    report.checks.push_back(std::move(check));
  }
  for (const TableLayout* layout : AllLayouts()) {
    auto found = pinned.tables.find(layout->name);
    if (found == pinned.tables.end()) continue;
    pinned.readable[layout->name] = true;
    if (!Wanted(what, layout->name)) continue;
    Append(report, CheckLog(found->second));
    Append(report, CheckCheckpoints(found->second));
    std::vector<Check> files = CheckFiles(found->second);
    pinned.readable[layout->name] = std::ranges::all_of(files, &Check::ok);
    Append(report, std::move(files));
    if (PinRank(layout->name) >= 2) report.checks.push_back(CheckKept(found->second));
  }
  return pinned;
}

using PairCheck = std::function<Result<std::vector<Check>>(const PinnedTables&)>;

// Compares tables unless one of them cannot be read.
Status Compare(const Pinned& pinned, const std::vector<std::string>& names, const PairCheck& check, VerifyReport& report) {
  for (const std::string& name : names) {
    auto found = pinned.readable.find(name);
    if (found != pinned.readable.end() && found->second) continue;
    Check skipped{
        names.front() + ": rows as the tables before it make them", false, "not compared: " + name + " cannot be read", {}};
    report.checks.push_back(std::move(skipped));
    return {};
  }
  auto checks = check(pinned.tables);
  if (checks) {
    Append(report, *std::move(checks));
    return {};
  }
  // Perhaps a file of a table that was not asked for, and so not looked at yet.
  bool found = false;
  for (const std::string& name : names) {
    for (Check& one : CheckFiles(pinned.tables.at(name))) {
      if (one.ok) continue;
      found = true;
      report.checks.push_back(std::move(one));
    }
  }
  if (!found) return std::unexpected(checks.error());
  return {};
}

}  // namespace

bool VerifyReport::ok() const { return std::ranges::all_of(checks, &Check::ok); }

Result<VerifyReport> VerifyLake(const fs::path& root, const std::string& what) {
  fs::path absolute = fs::absolute(root).lexically_normal();
  VerifyReport report;
  CS_ASSIGN(Pinned pinned, PinTables(absolute, what, report));
  if (what == "bronze" || what == "all") {
    CS_TRY(Compare(pinned, {"bronze", "quarantine"}, CheckBronze, report));
    CS_TRY(Compare(pinned, {"quarantine"}, CheckQuarantine, report));
  }
  if (what == "silver" || what == "all") CS_TRY(Compare(pinned, {"silver", "bronze", "quarantine"}, CheckSilver, report));
  if (what == "gold" || what == "all") {
    CS_TRY(Compare(pinned, {"gold", "silver"}, CheckGold, report));
    for (const std::string name : {"gold_1h", "gold_1d"}) {
      if (!pinned.tables.contains(name)) continue;  // made before there were rollups; the next start adds them
      auto check = [&](const PinnedTables& tables) { return CheckRollups(tables, name); };
      CS_TRY(Compare(pinned, {name, "gold"}, check, report));
    }
  }
  return report;
}

void PrintReport(const VerifyReport& report, bool json, std::ostream& out) {
  if (json) out << "[";
  for (std::size_t i = 0; i < report.checks.size(); ++i) {
    const Check& check = report.checks[i];
    if (json) {
      std::string places;
      for (const std::string& place : check.places) places += (places.empty() ? "" : ",") + JsonString(place);
      out << (i > 0 ? ",\n " : "\n ") << "{\"check\":" << JsonString(check.name) << ",\"ok\":" << (check.ok ? "true" : "false")
          << ",\"detail\":" << JsonString(check.detail) << ",\"places\":[" << places << "]}";
      continue;
    }
    out << (check.ok ? "ok     " : "WRONG  ") << check.name << (check.detail.empty() ? "" : ": " + check.detail) << "\n";
    for (const std::string& place : check.places) out << "       " << place << "\n";
  }
  if (json) out << "\n]\n";
}

}  // namespace cryptostream
