// Reading app ids back into what they name.
#include "delta/position.h"

#include <cstdlib>

namespace cryptostream {

std::optional<std::pair<Name, int>> WatermarkKey(std::string_view id) {
  std::string prefix = AppId("watermark/");
  if (!id.starts_with(prefix)) return std::nullopt;
  auto slash = id.rfind('/');
  if (slash <= prefix.size()) return std::nullopt;
  Name source(id.substr(prefix.size(), slash - prefix.size()));
  return std::pair(source, std::atoi(std::string(id.substr(slash + 1)).c_str()));
}

std::map<Name, Timestamp> ClosedTimes(const Positions& positions) {
  std::map<Name, Timestamp> closed;
  for (const auto& [source, position] : PositionsBelow(positions, ClosedId(""))) closed[Name(source)] = FromMicros(position);
  return closed;
}

Positions StandingBefore(const Positions& now, const Positions& next) {
  Positions standing;
  for (const auto& [id, position] : next) {
    if (auto found = now.find(id); found != now.end()) standing.insert(*found);
  }
  return standing;
}

Positions PositionsBelow(const Positions& positions, std::string_view prefix) {
  Positions below;
  for (auto at = positions.lower_bound(std::string(prefix)); at != positions.end() && at->first.starts_with(prefix); ++at) {
    below[at->first.substr(prefix.size())] = at->second;
  }
  return below;
}

}  // namespace cryptostream
