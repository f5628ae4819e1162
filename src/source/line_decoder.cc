// The forms of a recording's lines. Messages go through untouched: no parsing at full speed, because silver judges them and
// quarantines what is wrong with their bytes; only bytes that bronze's text column cannot hold are refused here.
#include "source/line_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "market/json.h"
#include "market/quote.h"
#include "source/binance_frame.h"
#include "source/markets_decoder.h"
#include "source/ohlcv_csv.h"
#include "source/reject.h"
#include "source/stamp.h"

namespace cryptostream {
namespace {

namespace od = simdjson::ondemand;

constexpr std::size_t kMostBodyBytes = 10'000'000;  // of a recorded answer, as of a live one
constexpr std::array<std::string_view, 4> kFormatNames{"messages", "coingecko-markets", "binance-frames", "ohlcv-csv"};

std::string_view WithoutQuotes(std::string_view token) {
  auto end = token.find_last_not_of(" \t\r\n");
  token = token.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (token.size() >= 2 && token.front() == '"' && token.back() == '"') token = token.substr(1, token.size() - 2);
  return token;
}

// Reads fields of a line as JSON text. Keeps buffers between lines.
class LineJson {
 public:
  // Calls visit(key, text) for each field of the object at the line's root, up to the first fault; for none when there is no object.
  template <class Visit>
  void VisitTexts(std::string_view line, Visit visit) {
    padded_.assign(line).append(simdjson::SIMDJSON_PADDING, '\0');
    simdjson::padded_string_view view(padded_.data(), line.size(), padded_.size());
    od::object object;
    if (parser_.iterate(view).get(document_) || document_.get_object().get(object)) return;
    VisitFields(object, [&](std::string_view key, od::value value) {
      std::string_view text;
      auto error = value.raw_json().get(text);
      if (!error) visit(key, text);
      return error;
    });
  }

 private:
  od::parser parser_;
  od::document document_;
  std::string padded_;
};

class MessagesDecoder final : public LineDecoder {
 public:
  explicit MessagesDecoder(std::string source) : source_(std::move(source)) {}

  std::optional<Timestamp> Read(std::string_view line, bool want_stamp) override {
    line_ = line;
    if (!want_stamp) return std::nullopt;
    std::optional<Timestamp> stamp;
    json_.VisitTexts(line, [&](std::string_view key, std::string_view text) {
      if (key == "timestamp") stamp = StampOf(WithoutQuotes(text));
    });
    return stamp;
  }

  void Append(std::int64_t offset, Timestamp now, RawBatch& batch) override {
    if (simdjson::validate_utf8(line_.data(), line_.size())) {
      batch.Add({std::nullopt, line_, now, offset});
    } else {
      AddReject(batch, offset, std::string(RejectText(RejectReason::kNotUtf8)), line_, now);
    }
  }

  std::string_view source() const override { return source_; }
  std::size_t max_line_bytes() const override { return kMaxMessageBytes; }

 private:
  const std::string source_;
  LineJson json_;
  std::string_view line_;
};

// Moves `pos` past one JSON punctuation mark and the space around it; false when another one stands there.
bool SkipMark(std::string_view text, std::size_t& pos, char mark) {
  pos = std::min(text.find_first_not_of(" \t", pos), text.size());
  return pos < text.size() && text[pos++] == mark;
}

// The newest `last_updated` of a body: when a bare array cannot have been received before.
std::optional<Timestamp> NewestUpdate(std::string_view body) {
  constexpr std::string_view kKey = "\"last_updated\"";
  std::optional<Timestamp> newest;
  for (auto at = body.find(kKey); at != std::string_view::npos; at = body.find(kKey, at)) {
    at += kKey.size();
    if (!SkipMark(body, at, ':') || !SkipMark(body, at, '"')) continue;
    auto time = ParseRfc3339(body.substr(at, body.find('"', at) - at));
    if (time) newest = newest ? std::max(*newest, *time) : *time;
  }
  return newest;
}

class MarketsLineDecoder final : public LineDecoder {
 public:
  explicit MarketsLineDecoder(std::string source) : source_(std::move(source)) {}

  // A body observed at an unknown time counts as observed when its newest price was: the moment is in the data, so that a
  // recording of last year does not turn into prices of today.
  std::optional<Timestamp> Read(std::string_view line, bool) override {
    line_ = body_ = line;
    received_.reset();
    if (line.find_first_not_of(" \t") != line.find('{')) return observed_ = NewestUpdate(line);
    json_.VisitTexts(line, [&](std::string_view key, std::string_view text) {
      if (key == "received") received_ = StampOf(WithoutQuotes(text));
      if (key == "body") body_ = text;
    });
    return observed_ = received_;
  }

  void Append(std::int64_t offset, Timestamp now, RawBatch& batch) override {
    auto seen = decoder_.Decode(body_, observed_.value_or(now), received_.value_or(now), offset, batch);
    if (!seen) AddReject(batch, offset, "malformed_json: " + seen.error(), line_, now);
  }

  std::string_view source() const override { return source_; }
  std::size_t max_line_bytes() const override { return kMostBodyBytes; }

 private:
  const std::string source_;
  LineJson json_;
  MarketsDecoder decoder_;
  std::string_view line_, body_;
  std::optional<Timestamp> received_, observed_;
};

}  // namespace

Result<ReplayFormat> ParseReplayFormat(std::string_view text) {
  auto found = std::ranges::find(kFormatNames, text);
  if (found != kFormatNames.end()) return static_cast<ReplayFormat>(found - kFormatNames.begin());
  std::vector<std::string> names(kFormatNames.begin(), kFormatNames.end());
  std::string near = Nearest(text, names);
  return Invalid(fmt::format("unknown format: \"{}\", {}", Printable(text, 40),
                             near.empty() ? fmt::format("one of {}", fmt::join(names, ", ")) : "did you mean " + near + "?"));
}

std::string_view FormatName(ReplayFormat format) { return kFormatNames[static_cast<std::size_t>(format)]; }

SymbolMap DefaultSymbols() {
  return {{"BTCUSDT", "bitcoin"}, {"ETHUSDT", "ethereum"},    {"SOLUSDT", "solana"},    {"ADAUSDT", "cardano"},
          {"XRPUSDT", "ripple"},  {"DOTUSDT", "polkadot"},    {"DOGEUSDT", "dogecoin"}, {"LINKUSDT", "chainlink"},
          {"TRXUSDT", "tron"},    {"AVAXUSDT", "avalanche-2"}};
}

SymbolMap WithQuotes(SymbolMap symbols) {
  for (auto& [name, symbol] : symbols) {
    if (symbol.quote.empty()) symbol.quote = QuoteOfSymbol(name);
  }
  return symbols;
}

void LineDecoder::Skip(std::string_view kind) {
  constexpr std::size_t kMostKinds = 16;
  auto found = skipped_.find(std::string(kind));
  if (found == skipped_.end() && skipped_.size() >= kMostKinds) kind = "other";
  ++skipped_[std::string(kind)];
}

std::unique_ptr<LineDecoder> MakeLineDecoder(ReplayFormat format, std::string source, SymbolMap symbols, BarForm bars) {
  bool own = source.empty();
  switch (format) {
    case ReplayFormat::kMessages: return std::make_unique<MessagesDecoder>(own ? "coingecko" : std::move(source));
    case ReplayFormat::kCoinGeckoMarkets: return std::make_unique<MarketsLineDecoder>(own ? "coingecko" : std::move(source));
    case ReplayFormat::kBinanceFrames:
      return std::make_unique<BinanceFrameDecoder>(own ? "binance_spot" : std::move(source), std::move(symbols));
    case ReplayFormat::kOhlcvCsv:
      return std::make_unique<OhlcvCsvDecoder>(own ? "ohlcv_csv" : std::move(source), symbols, std::move(bars));
  }
  return nullptr;
}

}  // namespace cryptostream
