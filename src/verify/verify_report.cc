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
    if (!form.quiet) out << VerdictLine(report) << "\n";
    return;
  }
  out << "[";
  for (std::size_t i = 0; i < shown.size(); ++i) out << (i > 0 ? ",\n " : "\n ") << Json(*shown[i]);
  out << "\n]\n";
}

}  // namespace cryptostream
