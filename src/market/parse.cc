// From a message to a tick. In: one JSON object, as a producer wrote it. Out: a Tick, or the reason why not; a message is
// never half read and a missing number is never 0. simdjson on demand reads 4 million seed messages a second on one
// core; its raw tokens give the decimal digits, from which time and price are taken exactly (market/decimal.h).
// Its values and fields go by reference and a tick is filled in place: a copy of what was just written waits for the processor's
// store buffer (GCC copies 16 bytes at a time what was written by 8), which was half of the time.
#include "market/parse.h"

#include <array>
#include <cstring>

#include "market/decimal.h"
#include "market/json.h"
#include "market/quote.h"
#include "market/tick_check.h"

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
  kQuote,
  kOpen,
  kHigh,
  kLow,
  kVwap,
  kTrades,
  kBarS,
  kFieldCount
};
constexpr std::array<std::string_view, kFieldCount> kFieldNames{
    "timestamp", "coin_id", "price",        "volume_24h", "market_cap", "price_change_24h", "price_change_percentage_24h",
    "high_24h",  "low_24h", "last_updated", "source",     "symbol",     "trade_id",         "quantity",
    "quote",     "open",    "high",         "low",        "vwap",       "trades",           "bar_s"};

static_assert(kFieldCount < 32);  // a bit each

// Fields that mean something in a bar alone: what else has them is read as if they were not there.
bool IsOfBars(unsigned field) { return field >= kOpen && field <= kTrades; }

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

// Up to the last millisecond of the year 9999: a file's statistics bound times by milliseconds, and no reader knows a year of five digits.
std::optional<Timestamp> SaneTime(std::int64_t micros) {
  constexpr std::int64_t kLast = 253'402'300'799'999'000;
  if (micros < 0 || micros > kLast) return std::nullopt;
  return FromMicros(micros);
}

// Reads one field's value into its place. Every reader returns false once it has said in `reject` why there is none.
class FieldReader {
 public:
  FieldReader(unsigned field, NameCache& names, ParseReject& reject)
      : name_(kFieldNames[field]), names_(names), reject_(reject) {}

  bool Number(od::value& value, double& out) const {
    // The usual case. What simdjson refuses is looked at below, and so is 0, which it also makes of what is too small for a double.
    if (!value.get_double().get(out) && out != 0) return true;
    NumberToken token;
    if (!Token(value, token)) return false;
    out = kNull;
    if (token.text.empty()) return true;
    auto number = NearestDouble(token.text);
    if (!number) return RefuseNumber(token, RejectReason::kBadNumber);
    out = *number;
    return true;
  }

  bool EpochSeconds(od::value& value, Timestamp& out) const {
    NumberToken token;
    if (!Token(value, token)) return false;
    out = kNoTime;
    return token.text.empty() || Micros(token.text, out) || RefuseNumber(token, RejectReason::kBadTimestamp);
  }

  // RFC 3339 as CoinGecko writes it, or epoch seconds, or null.
  bool Moment(od::value& value, Timestamp& out) const {
    od::json_type type;
    if (value.type().get(type)) return Refuse(RejectReason::kMalformedJson);
    if (type != od::json_type::string) return EpochSeconds(value, out);
    std::string_view text;
    if (value.get_string().get(text)) return Refuse(RejectReason::kMalformedJson);
    if (IsJsonNumber(text)) return Micros(text, out) || Refuse(RejectReason::kBadTimestamp);
    auto time = ParseRfc3339(text);
    if (!time || !SaneTime(ToMicros(*time))) return Refuse(RejectReason::kBadTimestamp);
    out = *time;
    return true;
  }

  bool Identifier(od::value& value, RejectReason bad, Name& out) const {
    od::json_type type;
    if (value.type().get(type)) return Refuse(RejectReason::kMalformedJson);
    bool null = false;
    if (type == od::json_type::null && !value.is_null().get(null) && null) return true;
    if (type != od::json_type::string) return Refuse(RejectReason::kWrongType);
    std::string_view text;
    if (value.get_string().get(text)) return Refuse(RejectReason::kMalformedJson);
    out = names_.Find(text);
    if (!out.empty()) return true;
    if (!IsValidName(text)) return Refuse(bad);
    out = Name(text);
    if (out.empty()) return Refuse(RejectReason::kTooManyNames);
    names_.Keep(out);
    return true;
  }

  // A currency's code, whatever its case; null and "" are none.
  bool Quote(od::value& value, Name& out) const {
    od::json_type type;
    std::string_view text;
    if (value.type().get(type)) return Refuse(RejectReason::kMalformedJson);
    if (type != od::json_type::string) return Identifier(value, RejectReason::kWrongType, out);
    if (value.get_string().get(text)) return Refuse(RejectReason::kMalformedJson);
    out = names_.Find(text);
    if (text.empty() || (!out.empty() && IsQuote(text))) return true;
    std::string quote = LowerQuote(text);
    if (!IsQuote(quote)) return Refuse(RejectReason::kWrongType);
    out = Name(quote);
    if (out.empty()) return Refuse(RejectReason::kTooManyNames);
    names_.Keep(out);
    return true;
  }

  // A whole number from 0 on.
  bool Whole(od::value& value, std::int64_t& out) const {
    NumberToken token;
    if (!Token(value, token)) return false;
    if (token.text.empty()) return true;
    auto whole = ScaledDecimal(token.text, 0);
    if (!whole || *whole < 0 || token.text.find_first_of(".eE") != std::string_view::npos) {
      return RefuseNumber(token, RejectReason::kBadNumber);
    }
    out = *whole;
    return true;
  }

  // The length of a bar, in seconds.
  bool Length(od::value& value, std::int32_t& out) const {
    std::int64_t seconds = kNoTradeId;
    if (!Whole(value, seconds)) return false;
    if (seconds == kNoTradeId) return true;
    if (seconds > kLongestBarS) return Refuse(RejectReason::kBarTooLong);
    if (seconds == 0 || kLongestBarS % seconds != 0) return Refuse(RejectReason::kBadNumber);
    out = static_cast<std::int32_t>(seconds);
    return true;
  }

 private:
  bool Refuse(RejectReason reason) const {
    reject_ = {reason, std::string(name_)};
    return false;
  }

  // Why a token could not be read: it is no number, or one that `bad` says.
  bool RefuseNumber(const NumberToken& token, RejectReason bad) const {
    if (IsJsonNumber(token.text)) return Refuse(bad);
    if (token.quoted) return Refuse(RejectReason::kWrongType);
    reject_ = {RejectReason::kMalformedJson, "bad number in " + std::string(name_)};
    return false;
  }

  bool Token(od::value& value, NumberToken& out) const {
    od::json_type type;
    if (value.type().get(type)) return Refuse(RejectReason::kMalformedJson);
    if (type == od::json_type::number) {
      out.text = ScalarText(value);
      return true;
    }
    if (type == od::json_type::string) {
      out.quoted = true;
      if (value.get_string().get(out.text)) return Refuse(RejectReason::kMalformedJson);
      return !out.text.empty() || Refuse(RejectReason::kWrongType);
    }
    bool null = false;
    if (type == od::json_type::null && !value.is_null().get(null) && null) return true;
    return Refuse(RejectReason::kWrongType);
  }

  static bool Micros(std::string_view text, Timestamp& out) {
    auto micros = ScaledDecimal(text, 6);
    auto time = micros ? SaneTime(*micros) : std::nullopt;
    if (time) out = *time;
    return time.has_value();
  }

  const std::string_view name_;
  NameCache& names_;
  ParseReject& reject_;
};

// What no number can be in: simdjson has not looked at its text yet.
bool IsNoNumber(od::value& value, bool& null) {
  od::json_type type;
  if (value.type().get(type)) return false;
  null = type == od::json_type::null;
  return type != od::json_type::number && type != od::json_type::string;
}

bool ReadField(unsigned field, od::value& value, NameCache& names, Tick& tick, ParseReject& reject) {
  FieldReader reader(field, names, reject);
  switch (field) {
    case kTimestamp: return reader.EpochSeconds(value, tick.event_time);
    case kCoinId: return reader.Identifier(value, RejectReason::kBadCoinId, tick.coin);
    case kPrice: return reader.Number(value, tick.price);
    case kVolume24h: return reader.Number(value, tick.volume_24h);
    case kMarketCap: return reader.Number(value, tick.market_cap);
    case kPriceChange24h: return reader.Number(value, tick.price_change_24h);
    case kPriceChangePercentage24h: return reader.Number(value, tick.price_change_percentage_24h);
    case kHigh24h: return reader.Number(value, tick.high_24h);
    case kLow24h: return reader.Number(value, tick.low_24h);
    case kLastUpdated: return reader.Moment(value, tick.last_updated);
    case kSource: return reader.Identifier(value, RejectReason::kWrongType, tick.source);
    case kSymbol: return reader.Identifier(value, RejectReason::kWrongType, tick.symbol);
    case kTradeId: return reader.Whole(value, tick.trade_id);
    case kQuantity: return reader.Number(value, tick.quantity);
    case kQuote: return reader.Quote(value, tick.quote);
    case kOpen: return reader.Number(value, tick.open);
    case kHigh: return reader.Number(value, tick.high);
    case kLow: return reader.Number(value, tick.low);
    case kVwap: return reader.Number(value, tick.vwap);
    case kTrades: return reader.Whole(value, tick.trades);
    case kBarS: return reader.Length(value, tick.bar_s);
    default: return true;
  }
}

// Takes from what is no bar what would make it one.
void ForgetBar(Tick& tick) {
  tick.open = tick.high = tick.low = tick.vwap = kNull;
  tick.trades = kNoTradeId;
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
  std::expected<Tick, ParseReject> out;
  if (auto read = ParseInto(message, default_source, received, *out); !read) out = Rejected(std::move(read).error());
  return out;
}

std::expected<void, ParseReject> MessageParser::ParseInto(std::string_view message, Name default_source, Timestamp received,
                                                          Tick& tick) {
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

  tick.event_time = kNoTime;
  tick.ingested = received;
  unsigned seen = 0;
  std::optional<ParseReject> as_bar;  // what is wrong with it if it turns out to be one
  for (auto entry : object) {
    if (auto error = entry.error()) return FromJsonError(error);
    od::field&& member = std::move(entry).value_unsafe();
    unsigned field = FieldOf(member.escaped_key());
    if (field == kFieldCount) {
      std::string_view key;
      if (auto error = member.unescaped_key(false).get(key)) return FromJsonError(error);
      field = FieldOf(key);
    }
    od::value& value = member.value();
    if (field == kFieldCount) {
      if (auto valid = ValidateJson(value, kMaxJsonDepth); !valid) return FromValidation(valid.error());
      continue;
    }
    bool again = seen & (1u << field);
    seen |= 1u << field;
    bool null = false;
    if (IsOfBars(field) && (IsNoNumber(value, null) || again)) {
      if (auto valid = ValidateJson(value, kMaxJsonDepth); !valid) return FromValidation(valid.error());
      auto reason = again ? RejectReason::kDuplicateKey : RejectReason::kWrongType;
      if (!as_bar && (again || !null)) as_bar = {reason, std::string(kFieldNames[field])};
      continue;
    }
    if (again) return Reject(RejectReason::kDuplicateKey, std::string(kFieldNames[field]));
    ParseReject reject;
    if (ReadField(field, value, b.names, tick, reject)) continue;
    if (!IsOfBars(field) || reject.reason == RejectReason::kMalformedJson) return Rejected(std::move(reject));
    if (!as_bar) as_bar = std::move(reject);
  }
  if (!document.at_end()) return Reject(RejectReason::kMalformedJson, "text after the object");
  if (tick.source.empty()) tick.source = default_source;
  if (!tick.is_bar()) ForgetBar(tick);
  if (tick.is_bar() && as_bar) return Rejected(*std::move(as_bar));
  return CheckTick(tick);
}

}  // namespace cryptostream
