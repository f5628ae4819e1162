// Reading app ids back into what they name.
#include "delta/position.h"

#include <cstdlib>

#include "base/text.h"

namespace cryptostream {
namespace {

constexpr std::string_view kEveryCoin = "*";  // no coin's id

// Names with what stands between them encoded: a source may have a slash in its name.
std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + PercentEncode(name);
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> Names(std::string_view text) {
  std::vector<std::string> names;
  for (std::string_view part : Split(text, ',')) {
    if (std::string name; !part.empty() && PercentDecode(part, false, name)) names.push_back(name);
  }
  return names;
}

}  // namespace

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

std::string OrderId(const SourceOrders::Record& record) {
  std::string coin = record.coin.empty() ? std::string(kEveryCoin) : PercentEncode(record.coin);
  return AppId("order/") + std::to_string(record.n) + "/" + coin + "/" + Joined(record.order.sources) + "/" +
         Joined(record.order.quotes);
}

SourceOrders OrdersOf(const Positions& gold, const SourceOrders& otherwise) {
  SourceOrders orders = otherwise;
  for (const auto& [id, from] : PositionsBelow(gold, AppId("order/"))) {
    auto parts = Split(id, '/');
    if (parts.size() != 4) continue;
    SourceOrders::Record record{std::atoll(std::string(parts[0]).c_str()), "", FromMicros(from), {}};
    if (parts[1] != kEveryCoin && !PercentDecode(parts[1], false, record.coin)) continue;
    record.order = {Names(parts[2]), Names(parts[3])};
    orders.Add(std::move(record));
  }
  return orders;
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
