// The second reading of a message. In: its bytes. Out: the silver row that it gives, or every reason for which it gives none. It is what
// `verify` compares silver and quarantine with, and shares nothing with the parser of the engine but the rules, which stand in docs/tables.md:
// another scanner, other arithmetic. Both are held against each other by test/fuzz/fuzz_reading.cc and test/lake/reading_test.py.
// Rejected: DuckDB's JSON reader, which has rules of its own (it takes NaN, comments and trailing commas, and gives numbers back as doubles).
// Of a broken text nothing is read behind the place where it breaks, as the engine does; so what is said of a message may be less than is
// wrong with it, but never nothing.
#include "verify/second_reading.h"

#include <algorithm>

#include "verify/second_json.h"
#include "verify/second_number.h"

namespace cryptostream {
namespace {

constexpr std::size_t kLongestMessage = 1'048'576;
constexpr std::size_t kDeepest = 64;
constexpr std::int64_t kAhead = 5'000'000;                   // of an event before its receive time
constexpr std::int64_t kLastTime = 253'402'300'799'999'000;  // the last millisecond of the year 9999
constexpr double kLeast = 1e-100, kGreatest = 1e100;
constexpr std::string_view kMark = "\xEF\xBB\xBF";
constexpr const char* kMalformed = "malformed_json";

bool IsText(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    auto byte = [&](std::size_t at) { return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u; };
    unsigned first = byte(i);
    std::size_t more = first < 0x80 ? 0 : first < 0xC2 ? 9 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : first < 0xF5 ? 3 : 9;
    if (more == 9) return false;
    unsigned code = more == 0 ? first : first & (0x3Fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      if ((byte(i + k) & 0xC0) != 0x80) return false;
      code = code << 6 | (byte(i + k) & 0x3F);
    }
    if ((more == 2 && code < 0x800) || (more == 3 && (code < 0x10000 || code > 0x10FFFF))) return false;
    if (code >= 0xD800 && code < 0xE000) return false;
    i += more + 1;
  }
  return true;
}

bool IsName(std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/+-";
  return !text.empty() && text.size() <= 128 && text.find_first_not_of(kLetters) == std::string_view::npos;
}

bool InRange(double value) { return kLeast <= value && value <= kGreatest; }

bool IsTime(std::int64_t micros) { return micros >= 0 && micros <= kLastTime; }

// A field's value as it stands.
struct Value {
  enum class Kind { kNull, kNumber, kText, kOther } kind = Kind::kOther;
  std::string text;  // a number's, or a string's without its escapes
  bool number_like() const { return (kind == Kind::kNumber || kind == Kind::kText) && IsNumberText(text); }
};

class Reader {
 public:
  Reader(std::string_view message, std::string_view source, std::int64_t received_us)
      : message_(message), cursor_(message), source_(source), received_us_(received_us) {}

  SecondReading Read() {
    if (message_.size() > kLongestMessage) Say("too_large");
    if (!IsText(message_)) Say("not_utf8");
    if (message_.starts_with(kMark)) cursor_ = JsonCursor(message_.substr(kMark.size()));
    cursor_.SkipSpace();
    if (!cursor_.AtEnd() && cursor_.Peek() != '{') Say("not_an_object");
    bool whole = cursor_.Peek() == '{' ? Object() : cursor_.SkipValue().valid;
    if (!whole || !cursor_.AtEnd()) Say(kMalformed);
    if (out_.bar_s) std::ranges::move(bar_reasons_, std::back_inserter(out_.reasons));
    if (!out_.bar_s) out_.open = out_.high = out_.low = out_.vwap = std::nullopt, out_.trades = std::nullopt;
    if (out_.good()) Finish();
    return std::move(out_);
  }

 private:
  void Say(std::string reason) {
    std::vector<std::string>& reasons = of_bar_ ? bar_reasons_ : out_.reasons;
    if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(std::move(reason));
  }
  void Say(const char* reason, std::string_view field) { Say(std::string(reason) + ": " + std::string(field)); }

  bool Object() {
    cursor_.Take('{');
    if (cursor_.Take('}')) return true;
    do {
      auto key = cursor_.TakeString();
      if (!key || !cursor_.Take(':') || !Member(*key)) return false;
    } while (cursor_.Take(','));
    return cursor_.Take('}');
  }

  // Out: false where the text breaks.
  bool Member(const std::string& key) {
    constexpr std::string_view kFields[] = {"timestamp",
                                            "coin_id",
                                            "price",
                                            "volume_24h",
                                            "market_cap",
                                            "price_change_24h",
                                            "price_change_percentage_24h",
                                            "high_24h",
                                            "low_24h",
                                            "last_updated",
                                            "source",
                                            "symbol",
                                            "trade_id",
                                            "quantity",
                                            "quote",
                                            "bar_s",
                                            "open",
                                            "high",
                                            "low",
                                            "vwap",
                                            "trades"};
    auto field = std::ranges::find(kFields, key);
    if (field == std::end(kFields)) {
      JsonValueShape shape = cursor_.SkipValue();
      if (shape.depth > kDeepest) Say("too_deep");
      return shape.valid;
    }
    auto seen = 1u << (field - std::begin(kFields));
    // What only a bar has is judged when it is known that this is one.
    of_bar_ = field - std::begin(kFields) > std::ranges::find(kFields, "bar_s") - std::begin(kFields);
    if (seen_ & seen || (of_bar_ && (cursor_.Peek() == '{' || cursor_.Peek() == '['))) {
      Say(seen_ & seen ? "duplicate_key" : "wrong_type", key);
      of_bar_ = false;
      seen_ |= seen;
      JsonValueShape shape = cursor_.SkipValue();
      if (shape.depth > kDeepest) Say("too_deep");
      return shape.valid;
    }
    seen_ |= seen;
    Value value;
    bool valid = TakeValue(value);
    Set(key, value);
    of_bar_ = false;
    return valid;
  }

  bool TakeValue(Value& value) {
    char c = cursor_.Peek();
    if (c == '"') {
      auto text = cursor_.TakeString();
      if (!text) return false;
      value = {Value::Kind::kText, *std::move(text)};
      return true;
    }
    if (c == '{' || c == '[') return cursor_.SkipValue().valid;
    std::string_view text = cursor_.TakeScalar();
    if (text == "null") value.kind = Value::Kind::kNull;
    if (text == "null" || text == "true" || text == "false") return true;
    if (!IsNumberText(text)) return false;
    value = {Value::Kind::kNumber, std::string(text)};
    return true;
  }

  void Set(const std::string& key, const Value& value) {
    if (value.kind == Value::Kind::kNull) return;
    if (key == "timestamp") return SetTime(key, value, out_.event_us);
    if (key == "last_updated") return SetMoment(key, value, out_.last_updated_us);
    if (key == "trade_id") return SetWhole(key, value, out_.trade_id);
    if (key == "trades") return SetWhole(key, value, out_.trades);
    if (key == "bar_s") return SetLength(key, value);
    if (key == "coin_id") return SetName(key, value, "bad_coin_id", out_.coin_id);
    if (key == "source") return SetName(key, value, "wrong_type", out_.source);
    if (key == "symbol") return SetName(key, value, "wrong_type", out_.symbol);
    if (key == "quote") return SetQuote(key, value);
    if (!value.number_like()) return Say("wrong_type", key);
    auto number = DoubleOf(value.text);
    if (!number) Say("bad_number", key);
    NumberOf(key) = number;
  }

  std::optional<double>& NumberOf(std::string_view key) {
    if (key == "price") return out_.price;
    if (key == "quantity") return out_.quantity;
    if (key == "volume_24h") return out_.volume_24h;
    if (key == "market_cap") return out_.market_cap;
    if (key == "price_change_24h") return out_.price_change_24h;
    if (key == "price_change_percentage_24h") return out_.price_change_percentage_24h;
    if (key == "open") return out_.open;
    if (key == "high") return out_.high;
    if (key == "low") return out_.low;
    if (key == "vwap") return out_.vwap;
    return key == "high_24h" ? out_.high_24h : out_.low_24h;
  }

  void SetTime(const std::string& key, const Value& value, std::optional<std::int64_t>& to) {
    if (!value.number_like()) return Say("wrong_type", key);
    to = CutTo(value.text, 6);
    if (!to || !IsTime(*to)) Say("bad_timestamp", key);
  }

  void SetMoment(const std::string& key, const Value& value, std::optional<std::int64_t>& to) {
    if (value.kind != Value::Kind::kText || value.number_like()) return SetTime(key, value, to);
    to = MicrosOfTime(value.text);
    if (!to || !IsTime(*to)) Say("bad_timestamp", key);
  }

  void SetWhole(const std::string& key, const Value& value, std::optional<std::int64_t>& to) {
    if (!value.number_like()) return Say("wrong_type", key);
    bool whole = value.text.find_first_of(".eE") == std::string::npos;
    to = whole ? CutTo(value.text, 0) : std::nullopt;
    if (!to || *to < 0) Say("bad_number", key);
  }

  void SetLength(const std::string& key, const Value& value) {
    SetWhole(key, value, out_.bar_s);
    if (!out_.bar_s || *out_.bar_s < 0) return;
    if (*out_.bar_s > 60) return Say("bar_too_long", key);
    if (*out_.bar_s == 0 || 60 % *out_.bar_s != 0) Say("bad_number", key);
  }

  void SetName(const std::string& key, const Value& value, const char* bad, std::optional<std::string>& to) {
    if (value.kind != Value::Kind::kText) return Say("wrong_type", key);
    if (!IsName(value.text)) return Say(bad, key);
    to = value.text;
  }

  // A code of up to 16 letters and digits, in whatever case; an empty one is none.
  void SetQuote(const std::string& key, const Value& value) {
    std::string code;
    for (char c : value.text) code += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    bool plain = std::ranges::all_of(code, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
    if (value.kind != Value::Kind::kText || !plain || code.size() > 16) return Say("wrong_type", key);
    if (!code.empty()) out_.quote = code;
  }

  // What a row must have, when everything that is there is right.
  void Finish() {
    if (!out_.source) out_.source = std::string(source_);
    if (!out_.event_us) return Say("missing_timestamp");
    if (!out_.coin_id) return Say("missing_coin_id");
    if (!out_.price) return Say("missing_price");
    if (!(*out_.price > 0)) return Say("price_not_positive");
    if (!InRange(*out_.price)) return Say("price_out_of_range");
    if (out_.quantity && *out_.quantity != 0 && !InRange(*out_.quantity)) return Say("bad_number", "quantity");
    if (out_.bar_s) FinishBar();
    if (*out_.event_us > received_us_ + kAhead) Say("future_timestamp", TimeText(*out_.event_us));
  }

  // Prices within [low, high], and no trade besides.
  void FinishBar() {
    auto bad = [](const std::optional<double>& x) { return !x || !InRange(*x); };
    if (out_.trade_id) Say("bad_bar", "trade_id");
    if (bad(out_.open)) Say("bad_bar", "open");
    if (bad(out_.high)) Say("bad_bar", "high");
    if (bad(out_.low)) Say("bad_bar", "low");
    if (!out_.good()) return;
    for (double inside : {*out_.open, *out_.price, *out_.high}) {
      if (inside < *out_.low) Say("bad_bar", "low");
    }
    if (*out_.high < *out_.open || *out_.high < *out_.price) Say("bad_bar", "high");
    if (out_.vwap && !(*out_.low <= *out_.vwap && *out_.vwap <= *out_.high)) Say("bad_bar", "vwap");
  }

  std::string_view message_;
  JsonCursor cursor_;
  std::string_view source_;
  std::int64_t received_us_;
  unsigned seen_ = 0;
  bool of_bar_ = false;                   // the field in hand
  std::vector<std::string> bar_reasons_;  // what is wrong if it is a bar
  SecondReading out_;
};

}  // namespace

bool SecondReading::Explains(std::string_view reason) const {
  std::string_view word = reason.substr(0, reason.find(':'));
  bool malformed = std::ranges::find(reasons, kMalformed) != reasons.end();
  // In a text that is no JSON a value can be told as bad before the end of the text is told as broken, or the other way round.
  if (malformed && (word.starts_with("bad_") || word == "bar_too_long")) return true;
  return std::ranges::any_of(reasons, [&](const std::string& one) { return one == (word == kMalformed ? word : reason); });
}

SecondReading ReadAgain(std::string_view message, std::string_view default_source, std::int64_t received_us) {
  return Reader(message, default_source, received_us).Read();
}

}  // namespace cryptostream
