#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "market/name.h"
#include "market/quote.h"
#include "market/source_order.h"

namespace cryptostream {

// Positions travel in Delta txn actions (docs/exactly-once.md). App id -> version.
using Positions = std::map<std::string, std::int64_t>;

inline constexpr std::string_view kAppPrefix = "cryptostream/";

inline std::string AppId(std::string_view rest) { return std::string(kAppPrefix) + std::string(rest); }
inline std::string EpochId() { return AppId("epoch"); }
inline std::string SilverPositionId(std::string_view bronze_id) { return AppId("silver/") + std::string(bronze_id); }
inline std::string GoldPositionId(std::string_view silver_id) { return AppId("gold/") + std::string(silver_id); }
inline std::string CorrectedId(std::string_view silver_id) { return AppId("corrected/") + std::string(silver_id); }
inline std::string ClosedId(std::string_view source) { return AppId("closed/") + std::string(source); }
inline std::string RollupPositionId(std::string_view table, std::string_view gold_id) {
  return AppId(table) + "/" + std::string(gold_id);
}
inline std::string WatermarkId(std::string_view source, int partition) {
  return AppId("watermark/") + std::string(source) + "/" + std::to_string(partition);
}
// The source and partition of such an id; nullopt for any other.
std::optional<std::pair<Name, int>> WatermarkKey(std::string_view id);
// The sources and times of all closed/<source> among `positions`.
std::map<Name, Timestamp> ClosedTimes(const Positions& positions);
// A record of silver: from which version of bronze on a source's messages without a currency are in this one, the `n`th of the source.
inline std::string QuoteId(std::int64_t n, std::string_view source, std::string_view quote) {
  return AppId("quote/") + std::to_string(n) + "/" + std::string(source) + "/" + std::string(quote);
}
// Currencies as configured, with what silver's positions have recorded.
SourceQuotes QuotesOf(const Positions& silver, const QuoteSettings& configured);
// The chosen tables': how far rows are chosen (`closed/chosen`); it stands where the source stands elsewhere.
inline constexpr std::string_view kChosen = "chosen";
// A record of the chosen tables: the order in which rows are chosen, from a window on.
std::string OrderId(const SourceOrders::Record& record);
// Orders as configured, with what the chosen table's positions have recorded.
SourceOrders OrdersOf(const Positions& gold, const SourceOrders& otherwise = {});
// A side table's own position for what stage `stage` sends to it from `input`.
inline std::string QuarantineId(std::string_view stage, std::string_view input) {
  return AppId("quarantine/") + std::string(stage) + "/" + std::string(input);
}
// Gold: until when its rows are those of a format of tables, kUpgraded where all are. Not there in a table that was made with that format.
inline std::string UpgradedId(int format) { return AppId("upgraded/") + std::to_string(format); }
inline constexpr std::int64_t kUpgraded = 253'402'300'799'999'999;  // the end of the year 9999
inline std::string GapsId(std::string_view input) { return AppId("gaps/") + std::string(input); }

inline std::int64_t PositionOr(const Positions& positions, const std::string& id, std::int64_t otherwise) {
  auto found = positions.find(id);
  return found == positions.end() ? otherwise : found->second;
}

// Those of `now` that `next` moves: what a table must say before a commit that brings `next` (CommitPlan::expected).
Positions StandingBefore(const Positions& now, const Positions& next);
// The positions whose app id begins with `prefix`, by the rest of the id.
Positions PositionsBelow(const Positions& positions, std::string_view prefix);

}  // namespace cryptostream
