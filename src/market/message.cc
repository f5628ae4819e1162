// From what a provider said to the message of topic crypto-raw. In: a row of /coins/markets, a chart's point, a trade. Out:
// one JSON object, the original's four keys first, so that a consumer of the original's messages keeps working.
//
// Numbers are copied as text, never through a double: 8.8782e-8 and a supply above 2^63 arrive as they were sent. Nothing is
// judged here beyond what makes a message impossible; a row with a null price becomes a message with a null price, and silver
// puts it into quarantine with its bytes. Building text by hand (not with a JSON writer) is what keeps those bytes.
#include "market/message.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <iterator>

#include "market/json.h"

namespace cryptostream {
namespace {

namespace od = simdjson::ondemand;
using Rejected = std::unexpected<ParseReject>;

// The provider's names, in the order in which the message has them.
enum Field : unsigned { kId, kPrice, kVolume, kMarketCap, kChange, kChangePercentage, kHigh, kLow, kLastUpdated, kFieldCount };
constexpr std::array<std::string_view, kFieldCount> kProviderNames{
    "id",       "current_price", "total_volume", "market_cap", "price_change_24h", "price_change_percentage_24h",
    "high_24h", "low_24h",       "last_updated"};
constexpr std::array<std::string_view, kFieldCount> kMessageNames{
    "coin_id",  "price",   "volume_24h",  "market_cap", "price_change_24h", "price_change_percentage_24h",
    "high_24h", "low_24h", "last_updated"};

using FieldTexts = std::array<std::string_view, kFieldCount>;

unsigned FieldOf(std::string_view key) {
  unsigned field = 0;
  while (field < kFieldCount && kProviderNames[field] != key) ++field;
  return field;
}

std::string_view WithoutTrailingSpace(std::string_view text) {
  auto end = text.find_last_not_of(" \t\r\n");
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

// The content of a JSON string that has no escapes; empty for anything else.
std::string_view PlainString(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.find('\\') != std::string_view::npos) return {};
  return text.substr(1, text.size() - 2);
}

Rejected FromJsonError(simdjson::error_code code) {
  if (code == simdjson::UTF8_ERROR) return Rejected(ParseReject{RejectReason::kNotUtf8, ""});
  if (code == simdjson::INCORRECT_TYPE) return Rejected(ParseReject{RejectReason::kNotAnObject, ""});
  return Rejected(ParseReject{RejectReason::kMalformedJson, simdjson::error_message(code)});
}

// Reads the texts of the fields that a message copies. Requires: the document lives while the texts are used.
std::expected<FieldTexts, ParseReject> ReadFields(od::document& document) {
  FieldTexts texts{};
  od::object object;
  if (auto error = document.get_object().get(object)) return FromJsonError(error);
  for (auto entry : object) {
    std::string_view key;
    if (auto error = entry.unescaped_key().get(key)) return FromJsonError(error);
    unsigned field = FieldOf(key);
    if (field == kFieldCount) continue;
    if (!texts[field].empty()) return Rejected(ParseReject{RejectReason::kDuplicateKey, std::string(key)});
    std::string_view text;
    if (auto error = entry.value().raw_json().get(text)) return FromJsonError(error);
    texts[field] = WithoutTrailingSpace(text);
  }
  if (!document.at_end()) return Rejected(ParseReject{RejectReason::kMalformedJson, "text after the object"});
  return texts;
}

void AppendField(std::string_view name, std::string_view text, std::string& out) {
  out.append(",\"").append(name).append("\":").append(text.empty() ? "null" : text);
}

// A text that needs no escapes; nothing where it is empty.
void AppendText(std::string_view name, std::string_view text, std::string& out) {
  if (!text.empty()) out.append(",\"").append(name).append("\":\"").append(text).append("\"");
}

}  // namespace

void AppendEpochSeconds(Timestamp time, int digits, std::string& out) {
  std::int64_t micros = ToMicros(time);
  std::int64_t seconds = micros / 1'000'000, fraction = micros % 1'000'000;
  if (fraction < 0) fraction += 1'000'000, --seconds;
  if (digits == 3) {
    fmt::format_to(std::back_inserter(out), "{}.{:03}", seconds, fraction / 1'000);
  } else {
    fmt::format_to(std::back_inserter(out), "{}.{:06}", seconds, fraction);
  }
}

struct MarketMessageBuilder::Buffers {
  od::parser parser;
  std::string padded;  // the object and the zeros that simdjson may read behind it
  std::string value;
};

MarketMessageBuilder::MarketMessageBuilder() : buffers_(std::make_unique<Buffers>()) {}
MarketMessageBuilder::~MarketMessageBuilder() = default;

std::expected<MarketMessage, ParseReject> MarketMessageBuilder::Build(std::string_view object, Timestamp observed,
                                                                      std::string_view source, std::string_view quote) {
  if (object.size() > kMaxMessageBytes) return Rejected(ParseReject{RejectReason::kTooLarge, ""});
  Buffers& b = *buffers_;
  b.padded.assign(object).append(simdjson::SIMDJSON_PADDING, '\0');
  od::document document;
  simdjson::padded_string_view view(b.padded.data(), object.size(), b.padded.size());
  if (auto error = b.parser.iterate(view).get(document)) return FromJsonError(error);
  auto texts = ReadFields(document);
  if (!texts) return Rejected(std::move(texts).error());

  b.value.assign("{\"timestamp\":");
  AppendEpochSeconds(observed, 6, b.value);
  for (unsigned field = 0; field < kFieldCount; ++field) AppendField(kMessageNames[field], (*texts)[field], b.value);
  AppendText("source", source, b.value);
  AppendText("quote", quote, b.value);
  b.value.append(",\"raw\":").append(object).append("}");
  std::string_view id = PlainString((*texts)[kId]);
  return MarketMessage{IsValidName(id) ? id : std::string_view(), PlainString((*texts)[kLastUpdated]), b.value};
}

namespace {

void BeginMessage(Timestamp time, int digits, std::string_view coin_id, std::string_view price, std::string& out) {
  out.append("{\"timestamp\":");
  AppendEpochSeconds(time, digits, out);
  out.append(",\"coin_id\":\"").append(coin_id).append("\"");
  AppendField("price", price, out);
}

int DigitsOf(Timestamp time) { return ToMicros(time) % 1'000 == 0 ? 3 : 6; }

void EndMessage(std::string_view symbol, std::string_view source, std::string_view quote, std::string& out) {
  AppendText("symbol", symbol, out);
  AppendText("source", source, out);
  AppendText("quote", quote, out);
  out.append("}");
}

}  // namespace

void AppendChartMessage(const ChartPoint& point, std::string_view coin_id, std::string_view quote, std::string& out) {
  BeginMessage(FromMicros(point.time_ms * 1'000), 3, coin_id, point.price, out);
  AppendField("volume_24h", point.volume_24h, out);
  AppendField("market_cap", point.market_cap, out);
  EndMessage("", "coingecko_chart", quote, out);
}

void AppendTradeMessage(const TradeFields& trade, std::string& out) {
  BeginMessage(trade.time, DigitsOf(trade.time), trade.coin_id, trade.price, out);
  AppendField("quantity", trade.quantity, out);
  AppendField("trade_id", trade.trade_id, out);
  EndMessage(trade.symbol, trade.source, trade.quote, out);
}

void AppendBarMessage(const BarFields& bar, std::string& out) {
  BeginMessage(bar.end, DigitsOf(bar.end), bar.coin_id, bar.close, out);
  AppendField("open", bar.open, out);
  AppendField("high", bar.high, out);
  AppendField("low", bar.low, out);
  for (auto [name, text] : {std::pair("quantity", bar.volume), std::pair("vwap", bar.vwap), std::pair("trades", bar.trades)}) {
    if (!text.empty()) AppendField(name, text, out);
  }
  out.append(",\"bar_s\":").append(std::to_string(bar.seconds));
  EndMessage(bar.symbol, bar.source, bar.quote, out);
}

}  // namespace cryptostream
