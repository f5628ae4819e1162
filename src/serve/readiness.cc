// Is the service ready, and if not, why. In: what the follower, the sources and the engine say, and the age of the
// prices. Out: checks in words, and one verdict: /readyz and /api/v1/status tell the same. Trouble of a provider is told
// at once, but it is no reason to answer 503: whoever restarts a container on 503 would restart it for as long as
// CoinGecko is away, and lose what still works.
#include "serve/readiness.h"

#include <algorithm>
#include <map>

namespace cryptostream {
namespace {

ReadinessCheck CheckTables(const ServerState& state, const Follower& follower) {
  ReadinessCheck check{"tables", Readiness::kNotReady, {}};
  if (std::string trouble = follower.trouble(); !trouble.empty()) {
    check.words = state.WithoutPaths(trouble);
  } else if (!follower.loaded()) {
    check.words = "loading";
  } else if (follower.finds_no_lake() && !state.lake().known) {
    check.words = "there is no lake at the storage path yet; it is served as soon as it appears";
  } else {
    check = {"tables", Readiness::kReady, "followed"};
  }
  return check;
}

ReadinessCheck CheckSource(const ServerState& state, const SourceReport& report) {
  return {"source " + report.source, IsTrouble(report.state) ? Readiness::kDegraded : Readiness::kReady,
          report.message.empty() ? SourceStateName(report.state) : state.WithoutPaths(report.message)};
}

// "9 live, 1 delayed"; degraded when no price is fresh.
ReadinessCheck CheckPrices(const ServerState& state, const Live& live) {
  std::map<std::string, int> counts;
  std::chrono::microseconds youngest = std::chrono::microseconds::max();
  for (const CoinView& coin : live.Prices()) {
    ++counts[state.Freshness(coin)];
    youngest = std::min(youngest, state.Age(coin));
  }
  ReadinessCheck check{"data", Readiness::kReady, {}};
  if (counts.empty()) return {"data", Readiness::kDegraded, "there is no price yet"};
  for (const char* freshness : {"live", "replay", "delayed", "stale"}) {
    if (counts[freshness] == 0) continue;
    check.words += (check.words.empty() ? "" : ", ") + std::to_string(counts[freshness]) + " " + freshness;
  }
  if (counts["live"] + counts["replay"] + counts["delayed"] > 0) return check;
  check.result = Readiness::kDegraded;
  check.words = "no price is fresh: the newest is " + FormatDuration(std::chrono::floor<std::chrono::seconds>(youngest)) + " old";
  return check;
}

}  // namespace

const char* ReadinessName(Readiness readiness) {
  switch (readiness) {
    case Readiness::kReady: return "ready";
    case Readiness::kDegraded: return "degraded";
    case Readiness::kNotReady: return "not ready";
  }
  return "unknown";
}

ReadinessReport CheckReadiness(const ServerState& state) {
  ReadinessReport report;
  auto backend = state.backend();
  report.checks.push_back(CheckTables(state, backend->follower()));
  for (const auto& [source, told] : state.reports()) report.checks.push_back(CheckSource(state, told));
  report.checks.push_back(CheckPrices(state, *backend->live()));
  if (auto lake = state.lake(); lake.known) {
    report.checks.push_back({"lake", lake.writable ? Readiness::kReady : Readiness::kNotReady,
                             lake.writable ? "writable" : state.WithoutPaths(lake.reason)});
  }
  if (auto sink = state.sink(); sink.known) {
    report.checks.push_back(
        {"postgres", sink.trouble ? Readiness::kDegraded : Readiness::kReady, state.WithoutPaths(sink.words)});
  }
  for (const ReadinessCheck& check : report.checks) report.result = std::max(report.result, check.result);
  return report;
}

}  // namespace cryptostream
