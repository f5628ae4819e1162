// One frame of Binance in, one trade's message out. A frame comes wrapped ({"stream":..,"data":{..}}) or bare; the first depth
// frame and all of bookTicker carry no event type, so their kind is the stream's name or "other". Price and quantity are copied with
// their quotes and zeros: "61837.63000000" is what the exchange said.
#include "source/binance_frame.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "market/json.h"
#include "market/message.h"
#include "market/name.h"
#include "source/reject.h"
#include "source/stamp.h"

namespace cryptostream {
namespace {

namespace od = simdjson::ondemand;

std::string_view WithoutTrailingSpace(std::string_view text) {
  auto end = text.find_last_not_of(" \t\r\n");
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

// A kind that may become a label: letters and digits, not too many.
std::string_view KindLabel(std::string_view kind) {
  bool plain = !kind.empty() && kind.size() <= 24 && std::ranges::all_of(kind, [](unsigned char c) { return std::isalnum(c); });
  return plain ? kind : "other";
}

// "btcusdt@depth@100ms" -> "depth".
std::string_view StreamKind(std::string_view stream) {
  auto at = stream.find('@');
  if (at == std::string_view::npos) return "";
  stream.remove_prefix(at + 1);
  return stream.substr(0, stream.find('@'));
}

bool IsScalar(std::string_view text) { return !text.empty() && text.front() != '{' && text.front() != '['; }

}  // namespace

// What is read of a frame; the texts live in `padded` or in the parser.
struct BinanceFrameDecoder::Frame {
  od::parser parser;
  od::document document;
  std::string padded;

  std::optional<Timestamp> received, event_time;
  std::string error;  // why it is none
  std::string_view stream, kind, symbol;
  std::string_view trade_id, price, quantity, trade_time;  // JSON text

  void Clear() {
    received.reset();
    event_time.reset();
    error.clear();
    stream = kind = symbol = trade_id = price = quantity = trade_time = {};
  }
  void Read(std::string_view json);
  simdjson::error_code ReadFields(od::object object);
  simdjson::error_code ReadField(std::string_view key, od::value value);
  bool IsWholeTrade() const;
};

simdjson::error_code BinanceFrameDecoder::Frame::ReadField(std::string_view key, od::value value) {
  std::string_view* text = key == "t"   ? &trade_id
                           : key == "p" ? &price
                           : key == "q" ? &quantity
                           : key == "T" ? &trade_time
                                        : nullptr;
  if (text != nullptr) {
    auto error = value.raw_json().get(*text);
    *text = WithoutTrailingSpace(*text);
    return error;
  }
  std::string_view* name = key == "e" ? &kind : key == "s" ? &symbol : key == "stream" ? &stream : nullptr;
  if (name != nullptr) return value.get_string().get(*name);
  return simdjson::SUCCESS;
}

// The fields of a bare frame, or of the one in "data".
simdjson::error_code BinanceFrameDecoder::Frame::ReadFields(od::object object) {
  return VisitFields(object, [this](std::string_view key, od::value value) {
    od::object data;
    if (key != "data" || value.get_object().get(data)) return ReadField(key, value);
    return VisitFields(data, [this](std::string_view inner, od::value of_inner) { return ReadField(inner, of_inner); });
  });
}

void BinanceFrameDecoder::Frame::Read(std::string_view json) {
  padded.assign(json).append(simdjson::SIMDJSON_PADDING, '\0');
  simdjson::padded_string_view view(padded.data(), json.size(), padded.size());
  od::object object;
  auto code = parser.iterate(view).get(document);
  if (!code) code = document.get_object().get(object);
  if (!code) code = ReadFields(object);
  if (!code && !document.at_end()) code = simdjson::TRAILING_CONTENT;
  if (code == simdjson::UTF8_ERROR) {
    error = RejectText(RejectReason::kNotUtf8);
  } else if (code) {
    error = std::string(RejectText(RejectReason::kMalformedJson)) + ": " + simdjson::error_message(code);
  }
  event_time = StampOf(trade_time);
}

bool BinanceFrameDecoder::Frame::IsWholeTrade() const {
  bool id = !trade_id.empty() && std::ranges::all_of(trade_id, [](unsigned char c) { return std::isdigit(c); });
  return id && event_time && IsScalar(price) && IsScalar(quantity);
}

BinanceFrameDecoder::BinanceFrameDecoder(std::string source, SymbolMap symbols)
    : source_(std::move(source)), symbols_(WithQuotes(std::move(symbols))), frame_(std::make_unique<Frame>()) {}
BinanceFrameDecoder::~BinanceFrameDecoder() = default;

std::size_t BinanceFrameDecoder::max_line_bytes() const { return kMaxMessageBytes; }

std::optional<Timestamp> BinanceFrameDecoder::Read(std::string_view line, bool) {
  line_ = line;
  frame_->Clear();
  if (!line.starts_with('{')) {
    auto space = line.find(' ');
    frame_->received = StampOf(line.substr(0, space));
    if (!frame_->received || space == std::string_view::npos) {
      frame_->error = "malformed_line: no receive time before the frame";
      return std::nullopt;
    }
    line.remove_prefix(space + 1);
  }
  frame_->Read(line);
  return frame_->received ? frame_->received : frame_->event_time;
}

void BinanceFrameDecoder::Append(std::int64_t offset, Timestamp now, RawBatch& batch) {
  const Frame& f = *frame_;
  Timestamp received = f.received.value_or(now);
  if (!f.error.empty()) return AddReject(batch, offset, f.error, line_, received);
  if (f.kind != "trade") return Skip(KindLabel(f.kind.empty() ? StreamKind(f.stream) : f.kind));
  if (!f.IsWholeTrade()) return AddReject(batch, offset, "wrong_type: a field of the trade", line_, received);
  auto known = symbols_.find(f.symbol);
  if (known == symbols_.end()) {
    return AddReject(batch, offset, std::string(RejectText(RejectReason::kUnmappedSymbol)), line_, received);
  }
  message_.clear();
  const Symbol& symbol = known->second;
  AppendTradeMessage({*f.event_time, symbol.coin, f.price, f.quantity, f.trade_id, f.symbol, source_, symbol.quote}, message_);
  batch.Add({symbol.coin, message_, received, offset});
}

}  // namespace cryptostream
