// From a message to a tick. In: one JSON object, as a producer wrote it. Out: a Tick, or the reason why not; a message is
// never half read and a missing number is never 0. simdjson on demand reads 2 million seed messages a second on one
// core; its raw tokens give the decimal digits, from which time and price are taken exactly (market/decimal.h).
#include "market/parse.h"

#include <array>
#include <cstring>

#include "market/decimal.h"
#include "market/json.h"

namespace cryptostream {
namespace {

namespace od = simdjson::ondemand;
using Rejected = std::unexpected<ParseReject>;

Rejected Reject(RejectReason reason, std::string detail = "") { return Rejected(ParseReject{reason, std::move(detail)}); }

enum Field : unsigned {
  kTimestamp,
  kCoinId,
  kPrice,
  kVolume24h,
  kMarketCap,
  kPriceChange24h,
  kPriceChangePercentage24h,
  kHigh24h,
  kLow24h,
  kLastUpdated,
  kSource,
  kSymbol,
  kTradeId,
  kQuantity,
  kFieldCount
};
constexpr std::array<std::string_view, kFieldCount> kFieldNames{
    "timestamp", "coin_id", "price",        "volume_24h", "market_cap", "price_change_24h", "price_change_percentage_24h",
    "high_24h",  "low_24h", "last_updated", "source",     "symbol",     "trade_id",         "quantity"};

unsigned FieldOf(std::string_view key) {
  for (unsigned i = 0; i < kFieldCount; ++i) {
    if (kFieldNames[i] == key) return i;
  }
  return kFieldCount;
}

// The text of a number, or of a string that is to hold one. Empty for null. Whether it is a number is seen when it is read.
struct NumberToken {
  std::string_view text;
  bool quoted = false;
};

std::expected<NumberToken, ParseReject> TakeNumber(od::value value, std::string_view field) {
  od::json_type type;
  if (value.type().get(type)) return Reject(RejectReason::kMalformedJson, std::string(field));
  if (type == od::json_type::number) return NumberToken{ScalarText(value), false};
  if (type == od::json_type::string) {
    std::string_view text;
    if (value.get_string().get(text)) return Reject(RejectReason::kMalformedJson, std::string(field));
    if (text.empty()) return Reject(RejectReason::kWrongType, std::string(field));
    return NumberToken{text, true};
  }
  bool null = false;
  if (type == od::json_type::null && !value.is_null().get(null) && null) return NumberToken{};
  return Reject(RejectReason::kWrongType, std::string(field));
}

// Why a token could not be read: it is no number, or one that `bad` says.
Rejected RejectNumber(const NumberToken& token, std::string_view field, RejectReason bad) {
  if (IsJsonNumber(token.text)) return Reject(bad, std::string(field));
  if (token.quoted) return Reject(RejectReason::kWrongType, std::string(field));
  return Reject(RejectReason::kMalformedJson, "bad number in " + std::string(field));
}

std::expected<double, ParseReject> Number(od::value value, std::string_view field) {
  // The usual case. What simdjson refuses is looked at below, and so is 0, which it also makes of what is too small for a double.
  if (double number = 0; !value.get_double().get(number) && number != 0) return number;
  auto token = TakeNumber(value, field);
  if (!token) return Rejected(std::move(token).error());
  if (token->text.empty()) return kNull;
  auto number = NearestDouble(token->text);
  if (!number) return RejectNumber(*token, field, RejectReason::kBadNumber);
  return *number;
}

std::optional<Timestamp> SaneTime(std::int64_t micros) {
  constexpr std::int64_t kYear10000 = 253'402'300'800'000'000;
  if (micros < 0 || micros >= kYear10000) return std::nullopt;
  return FromMicros(micros);
}

std::expected<Timestamp, ParseReject> EpochSeconds(od::value value, std::string_view field) {
  auto token = TakeNumber(value, field);
  if (!token) return Rejected(std::move(token).error());
  if (token->text.empty()) return kNoTime;
  auto micros = ScaledDecimal(token->text, 6);
  auto time = micros ? SaneTime(*micros) : std::nullopt;
  if (!time) return RejectNumber(*token, field, RejectReason::kBadTimestamp);
  return *time;
}

// RFC 3339 as CoinGecko writes it, or epoch seconds, or null.
std::expected<Timestamp, ParseReject> Moment(od::value value, std::string_view field) {
  od::json_type type;
  if (value.type().get(type)) return Reject(RejectReason::kMalformedJson, std::string(field));
  if (type != od::json_type::string) return EpochSeconds(value, field);
  std::string_view text;
  if (value.get_string().get(text)) return Reject(RejectReason::kMalformedJson, std::string(field));
  if (IsJsonNumber(text)) {
    auto micros = ScaledDecimal(text, 6);
    auto time = micros ? SaneTime(*micros) : std::nullopt;
    if (time) return *time;
    return Reject(RejectReason::kBadTimestamp, std::string(field));
  }
  auto time = ParseRfc3339(text);
  if (!time || !SaneTime(ToMicros(*time))) return Reject(RejectReason::kBadTimestamp, std::string(field));
  return *time;
}

std::expected<Name, ParseReject> Identifier(od::value value, std::string_view field, RejectReason bad, NameCache& names) {
  od::json_type type;
  if (value.type().get(type)) return Reject(RejectReason::kMalformedJson, std::string(field));
  bool null = false;
  if (type == od::json_type::null && !value.is_null().get(null) && null) return Name();
  if (type != od::json_type::string) return Reject(RejectReason::kWrongType, std::string(field));
  std::string_view text;
  if (value.get_string().get(text)) return Reject(RejectReason::kMalformedJson, std::string(field));
  if (Name name = names.Find(text); !name.empty()) return name;
  if (!IsValidName(text)) return Reject(bad, std::string(field));
  Name name(text);
  if (name.empty()) return Reject(RejectReason::kTooManyNames, std::string(field));
  names.Keep(name);
  return name;
}

std::expected<std::int64_t, ParseReject> TradeId(od::value value) {
  auto token = TakeNumber(value, "trade_id");
  if (!token) return Rejected(std::move(token).error());
  if (token->text.empty()) return kNoTradeId;
  auto id = ScaledDecimal(token->text, 0);
  if (!id || *id < 0 || token->text.find_first_of(".eE") != std::string_view::npos) {
    return RejectNumber(*token, "trade_id", RejectReason::kBadNumber);
  }
  return *id;
}

template <class T>
std::expected<void, ParseReject> Store(T& place, std::expected<T, ParseReject> value) {
  if (!value) return Rejected(std::move(value).error());
  place = *value;
  return {};
}

std::expected<void, ParseReject> ReadField(unsigned field, od::value value, NameCache& names, Tick& tick) {
  std::string_view name = kFieldNames[field];
  switch (field) {
    case kTimestamp: return Store(tick.event_time, EpochSeconds(value, name));
    case kCoinId: return Store(tick.coin, Identifier(value, name, RejectReason::kBadCoinId, names));
    case kPrice: return Store(tick.price, Number(value, name));
    case kVolume24h: return Store(tick.volume_24h, Number(value, name));
    case kMarketCap: return Store(tick.market_cap, Number(value, name));
    case kPriceChange24h: return Store(tick.price_change_24h, Number(value, name));
    case kPriceChangePercentage24h: return Store(tick.price_change_percentage_24h, Number(value, name));
    case kHigh24h: return Store(tick.high_24h, Number(value, name));
    case kLow24h: return Store(tick.low_24h, Number(value, name));
    case kLastUpdated: return Store(tick.last_updated, Moment(value, name));
    case kSource: return Store(tick.source, Identifier(value, name, RejectReason::kWrongType, names));
    case kSymbol: return Store(tick.symbol, Identifier(value, name, RejectReason::kWrongType, names));
    case kTradeId: return Store(tick.trade_id, TradeId(value));
    case kQuantity: return Store(tick.quantity, Number(value, name));
    default: return {};
  }
}

bool InRange(double value) { return value >= kMinMagnitude && value <= kMaxMagnitude; }

// What a whole tick must have, after every field was read.
std::expected<void, ParseReject> Check(const Tick& tick) {
  if (tick.event_time == kNoTime) return Reject(RejectReason::kMissingTimestamp);
  if (tick.coin.empty()) return Reject(RejectReason::kMissingCoinId);
  if (IsNull(tick.price)) return Reject(RejectReason::kMissingPrice);
  if (tick.price <= 0) return Reject(RejectReason::kPriceNotPositive);
  if (!InRange(tick.price)) return Reject(RejectReason::kPriceOutOfRange);
  if (!IsNull(tick.quantity) && tick.quantity != 0 && !InRange(tick.quantity)) {
    return Reject(RejectReason::kBadNumber, "quantity");
  }
  return {};
}

Rejected FromJsonError(simdjson::error_code code) {
  switch (code) {
    case simdjson::UTF8_ERROR: return Reject(RejectReason::kNotUtf8);
    case simdjson::DEPTH_ERROR: return Reject(RejectReason::kTooDeep);
    case simdjson::INCORRECT_TYPE: return Reject(RejectReason::kNotAnObject);
    default: return Reject(RejectReason::kMalformedJson, simdjson::error_message(code));
  }
}

Rejected FromValidation(const Error& error) {
  if (error.message == "too deep") return Reject(RejectReason::kTooDeep);
  return Reject(RejectReason::kMalformedJson, error.message);
}

}  // namespace

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
  }
  return "unknown";
}

std::string ParseReject::Text() const {
  std::string text(RejectText(reason));
  return detail.empty() ? text : text + ": " + detail;
}

struct MessageParser::Buffers {
  od::parser parser;
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;
  NameCache names;
};

MessageParser::MessageParser() : buffers_(std::make_unique<Buffers>()) {}
MessageParser::~MessageParser() = default;
MessageParser::MessageParser(MessageParser&&) noexcept = default;
MessageParser& MessageParser::operator=(MessageParser&&) noexcept = default;

std::expected<Tick, ParseReject> MessageParser::Parse(std::string_view message, Name default_source, Timestamp received) {
  if (message.size() > kMaxMessageBytes) return Reject(RejectReason::kTooLarge);
  Buffers& b = *buffers_;
  if (b.capacity < message.size() + simdjson::SIMDJSON_PADDING) {
    b.capacity = (message.size() + simdjson::SIMDJSON_PADDING) * 2;
    b.bytes = std::make_unique<char[]>(b.capacity);
  }
  std::memcpy(b.bytes.get(), message.data(), message.size());
  std::memset(b.bytes.get() + message.size(), 0, simdjson::SIMDJSON_PADDING);
  od::document document;
  simdjson::padded_string_view view(b.bytes.get(), message.size(), b.capacity);
  if (auto error = b.parser.iterate(view).get(document)) return FromJsonError(error);
  od::object object;
  if (auto error = document.get_object().get(object)) return FromJsonError(error);

  Tick tick;
  tick.event_time = kNoTime;
  tick.ingested = received;
  unsigned seen = 0;
  for (auto entry : object) {
    std::string_view key;
    if (auto error = entry.unescaped_key().get(key)) return FromJsonError(error);
    od::value value;
    if (auto error = entry.value().get(value)) return FromJsonError(error);
    unsigned field = FieldOf(key);
    if (field == kFieldCount) {
      if (auto valid = ValidateJson(value, kMaxJsonDepth); !valid) return FromValidation(valid.error());
      continue;
    }
    if (seen & (1u << field)) return Reject(RejectReason::kDuplicateKey, std::string(key));
    seen |= 1u << field;
    if (auto read = ReadField(field, value, b.names, tick); !read) return Rejected(std::move(read).error());
  }
  if (!document.at_end()) return Reject(RejectReason::kMalformedJson, "text after the object");
  if (tick.source.empty()) tick.source = default_source;
  if (auto whole = Check(tick); !whole) return Rejected(std::move(whole).error());
  return tick;
}

}  // namespace cryptostream
