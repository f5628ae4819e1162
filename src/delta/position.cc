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

SourceQuotes QuotesOf(const Positions& silver, const QuoteSettings& configured) {
  SourceQuotes quotes(configured);
  for (const auto& [id, from] : PositionsBelow(silver, AppId("quote/"))) {
    auto first = id.find('/'), last = id.rfind('/');
    if (first == std::string::npos || first == last) continue;
    quotes.Add(Name(std::string_view(id).substr(first + 1, last - first - 1)),
               {std::atoll(id.c_str()), from, Name(std::string_view(id).substr(last + 1))});
  }
  return quotes;
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
