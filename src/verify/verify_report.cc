// The words of a verification. In: the checks. Out: a line each, the places below it, and one verdict at the
// end; or JSON.
#include <fmt/format.h>

#include <algorithm>

#include "delta/statistics.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

Verdict VerdictOf(const Check& check) {
  if (!check.ok) return Verdict::kWrong;
  return check.not_checked.empty() ? Verdict::kSound : Verdict::kNotChecked;
}

std::string Json(const Check& check) {
  Verdict verdict = VerdictOf(check);
  const char* ok = verdict == Verdict::kSound ? "true" : verdict == Verdict::kWrong ? "false" : "null";
  const char* outcome = verdict == Verdict::kSound ? "sound" : verdict == Verdict::kWrong ? "wrong" : "not checked";
  std::string places;
  for (const std::string& place : check.places) places += (places.empty() ? "" : ",") + JsonString(place);
  std::string reason = check.not_checked.empty() ? "" : ",\"not_checked\":" + JsonString(check.not_checked);
  return fmt::format("{{\"check\":{},\"ok\":{},\"outcome\":\"{}\",\"detail\":{},\"places\":[{}]{}}}", JsonString(check.name), ok,
                     outcome, JsonString(check.detail), places, reason);
}

void PrintCheck(const Check& check, std::ostream& out) {
  std::string detail = check.detail.empty() ? "" : ": " + check.detail;
  if (check.ok && check.not_checked.empty()) out << "ok     " << check.name << detail << "\n";
  if (!check.ok) out << "WRONG  " << check.name << detail << "\n";
  for (const std::string& place : check.places) out << "       " << place << "\n";
  if (!check.not_checked.empty()) out << "?      " << check.name << ": not checked: " << check.not_checked << "\n";
}

std::string VerdictLine(const VerifyReport& report) {
  auto count = [&](Verdict verdict) { return std::ranges::count(report.checks, verdict, VerdictOf); };
  std::size_t all = report.checks.size();
  switch (report.verdict()) {
    case Verdict::kSound: return fmt::format("verdict: sound, {} checks", all);
    case Verdict::kWrong: return fmt::format("verdict: WRONG, {} of {} checks", count(Verdict::kWrong), all);
    case Verdict::kNotChecked: break;
  }
  return fmt::format("verdict: not known, {} of {} checks could not be made, the others are sound", count(Verdict::kNotChecked),
                     all);
}

// What mends the lake: the wrong table that comes first in the order of the data, since all behind it follows. A log's stand-ins are mended from its
// commits, so that is tried first.
std::string MendLine(const VerifyReport& report, const std::string& root) {
  std::vector<std::string> wrong;
  bool stand_ins = false;
  for (const Check& check : report.checks) {
    if (VerdictOf(check) != Verdict::kWrong) continue;
    wrong.push_back(check.name.substr(0, check.name.find(':')));
    stand_ins = stand_ins || check.name.ends_with(": _last_checkpoint") || check.name.ends_with("what the commits say") ||
                check.name.ends_with("newer than its last commit");
  }
  if (stand_ins) return "to mend it: `cryptostream verify --repair --storage " + root + "` first, it works from the commits";
  for (const TableLayout* layout : AllLayouts()) {
    if (std::ranges::find(wrong, layout->name) == wrong.end()) continue;
    bool made = layout != &BronzeLayout() && layout != &QuarantineLayout() && layout != &GapsLayout();
    return made ? "to mend it: `cryptostream rebuild " + layout->name + " --storage " + root +
                      "`, while nothing writes to the lake"
                : "to mend it: " + HowToMend(layout->name);
  }
  return "";
}

}  // namespace

Verdict VerifyReport::verdict() const {
  Verdict worst = Verdict::kSound;
  for (const Check& check : checks) worst = std::max(worst, VerdictOf(check));
  return worst;
}

void PrintReport(const VerifyReport& report, const ReportForm& form, std::ostream& out) {
  std::vector<const Check*> shown;
  for (const Check& check : report.checks) {
    if (!form.quiet || VerdictOf(check) != Verdict::kSound) shown.push_back(&check);
  }
  if (!form.json) {
    for (const Check* check : shown) PrintCheck(*check, out);
    std::string mend = MendLine(report, form.root);
    if (!mend.empty()) out << mend << "\n";
    if (!form.quiet) out << VerdictLine(report) << "\n";
    return;
  }
  out << "[";
  for (std::size_t i = 0; i < shown.size(); ++i) out << (i > 0 ? ",\n " : "\n ") << Json(*shown[i]);
  out << "\n]\n";
}

}  // namespace cryptostream
