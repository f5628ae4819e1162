// The rules that a row of silver keeps, and the words for those that it breaks. In: a tick whose fields could be read. Out: the reason why it
// is none.
#include "market/tick_check.h"

#include <algorithm>
#include <utility>

namespace cryptostream {
namespace {

using Rejected = std::unexpected<ParseReject>;

Rejected Reject(RejectReason reason, std::string detail = "") { return Rejected(ParseReject{reason, std::move(detail)}); }

bool InRange(double value) { return value >= kMinMagnitude && value <= kMaxMagnitude; }

// What a whole bar must have.
std::expected<void, ParseReject> CheckBar(const Tick& tick) {
  if (tick.is_trade()) return Reject(RejectReason::kBadBar, "trade_id");
  for (auto [name, value] : {std::pair("open", tick.open), std::pair("high", tick.high), std::pair("low", tick.low)}) {
    if (IsNull(value) || !InRange(value)) return Reject(RejectReason::kBadBar, name);
  }
  if (tick.low > std::min(tick.open, tick.price) || tick.low > tick.high) return Reject(RejectReason::kBadBar, "low");
  if (tick.high < std::max(tick.open, tick.price)) return Reject(RejectReason::kBadBar, "high");
  if (tick.vwap < tick.low || tick.vwap > tick.high) return Reject(RejectReason::kBadBar, "vwap");
  return {};
}

}  // namespace

std::expected<void, ParseReject> CheckTick(const Tick& tick) {
  if (tick.event_time == kNoTime) return Reject(RejectReason::kMissingTimestamp);
  if (tick.coin.empty()) return Reject(RejectReason::kMissingCoinId);
  if (IsNull(tick.price)) return Reject(RejectReason::kMissingPrice);
  if (tick.price <= 0) return Reject(RejectReason::kPriceNotPositive);
  if (!InRange(tick.price)) return Reject(RejectReason::kPriceOutOfRange);
  if (!IsNull(tick.quantity) && tick.quantity != 0 && !InRange(tick.quantity)) {
    return Reject(RejectReason::kBadNumber, "quantity");
  }
  return tick.is_bar() ? CheckBar(tick) : std::expected<void, ParseReject>();
}

std::string_view RejectText(RejectReason reason) {
  switch (reason) {
    case RejectReason::kMalformedJson: return "malformed_json";
    case RejectReason::kNotUtf8: return "not_utf8";
    case RejectReason::kTooLarge: return "too_large";
    case RejectReason::kTooDeep: return "too_deep";
    case RejectReason::kNotAnObject: return "not_an_object";
    case RejectReason::kDuplicateKey: return "duplicate_key";
    case RejectReason::kMissingTimestamp: return "missing_timestamp";
    case RejectReason::kMissingCoinId: return "missing_coin_id";
    case RejectReason::kMissingPrice: return "missing_price";
    case RejectReason::kWrongType: return "wrong_type";
    case RejectReason::kBadTimestamp: return "bad_timestamp";
    case RejectReason::kBadCoinId: return "bad_coin_id";
    case RejectReason::kBadNumber: return "bad_number";
    case RejectReason::kPriceNotPositive: return "price_not_positive";
    case RejectReason::kPriceOutOfRange: return "price_out_of_range";
    case RejectReason::kFutureTimestamp: return "future_timestamp";
    case RejectReason::kConflictingDuplicate: return "conflicting_duplicate";
    case RejectReason::kUnmappedSymbol: return "unmapped_symbol";
    case RejectReason::kTooManyNames: return "too_many_names";
    case RejectReason::kBadBar: return "bad_bar";
    case RejectReason::kBarTooLong: return "bar_too_long";
  }
  return "unknown";
}

std::string ParseReject::Text() const {
  std::string text(RejectText(reason));
  return detail.empty() ? text : text + ": " + detail;
}

}  // namespace cryptostream
