#pragma once

#include <string>
#include <vector>

#include "serve/state.h"

namespace cryptostream {

// How well the service does its work, best first.
enum class Readiness {
  kReady,
  kDegraded,  // it serves and writes, but prices are old or a source is in trouble: nothing that a restart would mend
  kNotReady,  // it cannot serve, or cannot write
};
// "ready", "degraded", "not ready".
const char* ReadinessName(Readiness readiness);

// One thing that was looked at, in words.
struct ReadinessCheck {
  std::string name;  // "source coingecko"
  Readiness result = Readiness::kReady;
  std::string words;
};

struct ReadinessReport {
  Readiness result = Readiness::kReady;  // the worst of the checks
  std::vector<ReadinessCheck> checks;
};

// Looks at the tables, each source, the age of the prices and the lake.
ReadinessReport CheckReadiness(const ServerState& state);

}  // namespace cryptostream
