// The second reading against the first one: whatever a message is made of, both say the same of it.
#include "verify/second_reading.h"

#include <gmock/gmock.h>

#include <random>

#include "market/parse.h"

namespace cryptostream {
namespace {

constexpr std::int64_t kReceived = 1'763'800'100'000'000;

std::optional<double> Number(double value) { return IsNull(value) ? std::nullopt : std::optional(value); }
std::optional<std::string> Text(Name name) { return name.empty() ? std::nullopt : std::optional(name.str()); }

// In words where the two differ; empty where they agree.
std::string Disagreement(const std::string& message) {
  static MessageParser parser;
  auto tick = parser.Parse(message, Name("coingecko"), FromMicros(kReceived));
  if (tick && tick->event_time > FromMicros(kReceived) + kFutureTolerance) {
    tick = std::unexpected(ParseReject{RejectReason::kFutureTimestamp, FormatRfc3339(tick->event_time)});
  }
  SecondReading again = ReadAgain(message, "coingecko", kReceived);
  std::string reasons;
  for (const std::string& reason : again.reasons) reasons += "[" + reason + "]";
  if (!tick) return again.Explains(tick.error().Text()) ? "" : "refused: " + tick.error().Text() + ", again: " + reasons;
  if (!again.good()) return "taken, again: " + reasons;
  bool same =
      Text(tick->coin) == again.coin_id && Text(tick->source) == again.source && Text(tick->symbol) == again.symbol &&
      Text(tick->quote) == again.quote && ToMicros(tick->event_time) == again.event_us && Number(tick->price) == again.price &&
      Number(tick->quantity) == again.quantity && Number(tick->volume_24h) == again.volume_24h &&
      Number(tick->market_cap) == again.market_cap && Number(tick->price_change_24h) == again.price_change_24h &&
      Number(tick->price_change_percentage_24h) == again.price_change_percentage_24h &&
      Number(tick->high_24h) == again.high_24h && Number(tick->low_24h) == again.low_24h &&
      (tick->last_updated == kNoTime ? std::nullopt : std::optional(ToMicros(tick->last_updated))) == again.last_updated_us &&
      (tick->is_trade() ? std::optional(tick->trade_id) : std::nullopt) == again.trade_id &&
      (tick->is_bar() ? std::optional<std::int64_t>(tick->bar_s) : std::nullopt) == again.bar_s &&
      (tick->trades != kNoTradeId ? std::optional(tick->trades) : std::nullopt) == again.trades &&
      Number(tick->open) == again.open && Number(tick->high) == again.high && Number(tick->low) == again.low &&
      Number(tick->vwap) == again.vwap;
  return same ? "" : "another row";
}

// Random values of every type and form, and what comes near to one.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  std::string Message() {
    static const std::vector<std::string> kKeys{"timestamp",
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
                                                "trades",
                                                "raw",
                                                ""};
    std::string out = One({"{", "{", "{", "{", "{", "{", " {", "\xEF\xBB\xBF{", "[", "", "\"{"});
    std::vector<std::string> members{Member("timestamp", Often("1763800000.123457", Value())),
                                     Member("coin_id", Often("\"bitcoin\"", Value())),
                                     Member("price", Often("97000.25", Value()))};
    for (unsigned more = Below(5); more > 0; --more) members.push_back(Member(Pick(kKeys), Value()));
    std::shuffle(members.begin(), members.end(), random_);
    if (Below(12) == 0) members.pop_back();
    for (std::size_t i = 0; i < members.size(); ++i) out += (i > 0 ? Often(",", One({" , ", ",,", "", "}"})) : "") + members[i];
    out += Often("}", One({"}\n", " } ", "", "}}", "},", "]", "} x", "}\xEF\xBB\xBF"}));
    if (Below(60) == 0) out[Below(static_cast<unsigned>(out.size()))] = static_cast<char>(Below(256));
    if (Below(200) == 0) out.insert(Below(static_cast<unsigned>(out.size())), 1, '\0');
    return out;
  }

 private:
  unsigned Below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string One(std::initializer_list<const char*> texts) {
    return *(texts.begin() + Below(static_cast<unsigned>(texts.size())));
  }
  std::string Pick(const std::vector<std::string>& texts) { return texts[Below(static_cast<unsigned>(texts.size()))]; }
  std::string Often(std::string usual, std::string else_what) { return Below(8) > 0 ? usual : else_what; }
  std::string Digits(unsigned most) {
    std::string out;
    for (unsigned n = Below(most) + 1; n > 0; --n) out += static_cast<char>('0' + Below(10));
    return out;
  }

  std::string Member(const std::string& key, const std::string& value) {
    std::string name = Below(15) > 0 || key.empty() ? key : "\\u00" + Hex(key[0]) + key.substr(1);
    return "\"" + name + "\"" + Often(":", One({" : ", "::", "", ":\t"})) + value;
  }
  std::string Hex(char c) {
    constexpr const char* kHex = "0123456789abcdef";
    return {kHex[c >> 4 & 15], kHex[c & 15]};
  }

  std::string Value() {
    switch (Below(8)) {
      case 0: return NumberText();
      case 1: return "\"" + NumberText() + "\"";
      case 2: return "\"" + StringText() + "\"";
      case 3: return "\"" + Time() + "\"";
      case 4:
        return One(
            {"true", "false", "null", "nul", "nulll", "tru", "True", "NaN", "Infinity", "-Infinity", "nan", "inf", "undefined"});
      case 5: return Container(Below(5));
      case 6:
        return One({"0",
                    "-0",
                    "-0.0",
                    "1e999",
                    "1e-400",
                    "4.9e-324",
                    "1e-100",
                    "9.99e-101",
                    "1e100",
                    "1.01e100",
                    "1e14",
                    "1.709683191E9",
                    "9223372036854775807",
                    "9223372036854775808",
                    "-1",
                    "3735683261.0",
                    "3.73568326E9",
                    "253402300799.999999",
                    "253402300800",
                    "-0.0000001",
                    "01",
                    "1.",
                    ".5",
                    "+1",
                    "1e",
                    "--1",
                    "0x10",
                    "1_0",
                    "- 1"});
      default: return Container(60 + Below(8));
    }
  }
  std::string NumberText() {
    std::string out = Often("", "-") + One({"", "0", "17638001", "1763800"}) + Digits(Below(3) == 0 ? 25 : 3);
    if (Below(2) == 0) out += "." + Digits(Below(3) == 0 ? 30 : 8);
    if (Below(3) == 0) out += One({"e", "E"}) + One({"", "+", "-"}) + Digits(3);
    return out;
  }
  std::string StringText() {
    std::string out;
    for (unsigned n = Below(4); n > 0; --n) {
      out += One({"bitcoin",
                  "BTCUSDT",
                  "a b",
                  "//",
                  "nan",
                  "inf",
                  "/* x */",
                  "\\n",
                  "\\u0000",
                  "\\ud83d\\ude00",
                  "\\ud83d",
                  "\\ude00",
                  "\\u12",
                  "\\x",
                  "\\/",
                  "\xC3\xA4",
                  "\xF0\x9F\x98\x80",
                  "\xC3",
                  "\xED\xA0\x80",
                  "\t",
                  "\x01",
                  "\x7F",
                  "1",
                  ",",
                  "}",
                  "https://x/y.png",
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"});
    }
    return out;
  }
  std::string Time() {
    return One({"2025-11-22", "2024-02-29", "2023-02-29", "1969-12-31", "1970-01-01", "9999-12-31", "0000-02-29", "2025-13-01",
                "2025-00-01", "25-11-22"}) +
           One({"T", "t", " ", "_", ""}) +
           One({"08:26:40", "23:59:60", "23:59:61", "24:00:00", "00:00:00", "8:26:40", "08:60:00", "08:26"}) +
           One({"", ".5", ".", ".123456", ".1234567", ".999999999"}) +
           One({"Z", "z", "", "+05:45", "-0800", "+24:00", "+23:59", "-00:00", "+1:00", "+01:60", "Zx", "+05:4500"});
  }
  std::string Container(unsigned depth) {
    std::string open, close;
    for (unsigned i = 0; i < depth; ++i) {
      bool list = Below(2) == 0;
      open += list ? "[" : "{\"a\":";
      close.insert(0, list ? "]" : "}");
    }
    return open +
           One({"[]", "{}", "1", "true", "nul", "\"\"", "1 2", "[1,]", "{\"a\":1,}", "{\"a\"}", "{1:2}", "01", "NaN",
                "\"\\q\""}) +
           close;
  }

  std::mt19937 random_;
};

TEST(SecondReadingTest, AgreesWithTheEngineOnRandomMessages) {
  Draw draw(7);
  int good = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string message = draw.Message();
    ASSERT_EQ(Disagreement(message), "") << message;
    good += ReadAgain(message, "coingecko", kReceived).good();
  }
  EXPECT_GT(good, 1'000);
}

TEST(SecondReadingTest, SeesAWrongReason) {
  auto reasons = [](const char* message) { return ReadAgain(message, "coingecko", kReceived).reasons; };
  EXPECT_THAT(reasons(R"({"timestamp":1,"coin_id":"bitcoin","price":1,"raw":{"image":"https://x/y?nan=inf"}})"),
              testing::IsEmpty());
  EXPECT_THAT(reasons(R"({"timestamp":1,"coin_id":"bitcoin","price":true})"), testing::ElementsAre("wrong_type: price"));
  EXPECT_THAT(reasons(R"({"timestamp":1,"coin_id":"bitcoin"})"), testing::ElementsAre("missing_price"));
  EXPECT_THAT(reasons("42"), testing::ElementsAre("not_an_object"));
  EXPECT_THAT(reasons(""), testing::ElementsAre("malformed_json"));
}

}  // namespace
}  // namespace cryptostream
