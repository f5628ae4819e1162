// From quarantine back to what a source hands on. Quarantine keeps the bytes and the reason, not the form in which they came; stage, source
// and reason tell it: only frames of an exchange have unmapped symbols, only a provider's object has "current_price" and no coin_id.
// Bytes that were cut when they were set aside are no message and never go out again.
#include "source/reparse.h"

#include <algorithm>
#include <array>

#include "source/reject.h"

namespace cryptostream {
namespace {

// Lengths at which sources, producer and stages cut what they refuse.
constexpr std::array<std::size_t, 3> kCuts{64 << 10, 512 << 10, Reject::kMaxRejectBytes};

constexpr std::string_view kNoCoin = "\"coin_id\":\"\"", kSymbol = "\"symbol\":\"";

std::string_view Code(const Reject& reject) { return std::string_view(reject.reason).substr(0, reject.reason.find(':')); }

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool IsCut(const Reject& reject) {
  return Code(reject) == RejectText(RejectReason::kTooLarge) || std::ranges::find(kCuts, reject.value.size()) != kCuts.end();
}

bool IsMessage(const Reject& reject) {
  if (reject.value.empty() || Code(reject) == "bad_body") return false;
  bool recorded_body = reject.value.starts_with('[') || (Has(reject.value, "\"received\"") && Has(reject.value, "\"body\""));
  return reject.stage != "source" || !recorded_body;
}

bool IsFrame(const Reject& reject) {
  return Code(reject) == RejectText(RejectReason::kUnmappedSymbol) || Code(reject) == "malformed_line" ||
         reject.source.starts_with("binance");
}

// A bar's message lacks nothing but the coin (source/ohlcv_csv.h).
bool IsBar(const Reject& reject) {
  return Code(reject) == RejectText(RejectReason::kUnmappedSymbol) && Has(reject.value, kNoCoin) &&
         Has(reject.value, "\"bar_s\":");
}

bool IsMarketsObject(const Reject& reject) { return Has(reject.value, "\"current_price\"") && !Has(reject.value, "\"coin_id\""); }

}  // namespace

LineDecoder& Reparser::Frames(const std::string& source) {
  auto& decoder = frames_[source];
  if (!decoder) decoder = MakeLineDecoder(ReplayFormat::kBinanceFrames, source, symbols_);
  return *decoder;
}

void Reparser::AddBar(const Reject& reject, std::int64_t offset, Timestamp now, RawBatch& batch) const {
  auto at = reject.value.find(kSymbol);
  std::string symbol;
  if (at != std::string::npos) {
    at += kSymbol.size();
    symbol = reject.value.substr(at, reject.value.find('"', at) - at);
  }
  auto known = symbols_.find(symbol);
  if (known == symbols_.end()) return AddReject(batch, offset, reject.reason, reject.value, now);
  std::string message = reject.value;
  message.replace(message.find(kNoCoin), kNoCoin.size(), "\"coin_id\":\"" + known->second.coin + "\"");
  if (!known->second.quote.empty()) message.insert(message.size() - 1, ",\"quote\":\"" + known->second.quote + "\"");
  batch.Add({known->second.coin, message, now, offset});
}

ReparseOutcome Reparser::Reparse(const Reject& reject, std::int64_t offset, Timestamp now, RawBatch& batch) {
  if (!IsMessage(reject)) return ReparseOutcome::kNotAMessage;
  if (IsCut(reject)) return ReparseOutcome::kCut;
  std::size_t before = batch.rows() + batch.rejects.size();
  if (reject.stage == "source" && IsBar(reject)) {
    AddBar(reject, offset, now, batch);
    return ReparseOutcome::kSent;
  }
  if (reject.stage == "source" && IsFrame(reject)) {
    LineDecoder& decoder = Frames(reject.source);
    decoder.Read(reject.value, true);
    decoder.Append(offset, now, batch);
    return batch.rows() + batch.rejects.size() > before ? ReparseOutcome::kSent : ReparseOutcome::kNotAMessage;
  }
  if (reject.stage == "source" && IsMarketsObject(reject)) {
    // The object was observed when it was received; its event time is of then, not of now.
    auto seen = markets_.Decode("[" + reject.value + "]", reject.received, now, offset, batch);
    if (seen && batch.rows() + batch.rejects.size() == before + 1) return ReparseOutcome::kSent;
    return ReparseOutcome::kNotAMessage;
  }
  std::optional<std::string_view> key;
  auto tick = parser_.Parse(reject.value, Name(batch.source), now);
  if (tick) key = tick->coin.str();  // interned: lives as long as the process
  batch.Add({key, reject.value, now, offset});
  return ReparseOutcome::kSent;
}

}  // namespace cryptostream
