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
  const std::string prefix = ClosedId("");
  for (const auto& [id, position] : positions) {
    if (id.starts_with(prefix)) closed[Name(std::string_view(id).substr(prefix.size()))] = FromMicros(position);
  }
  return closed;
}

}  // namespace cryptostream
