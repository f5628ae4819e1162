// Bars of any interval from 1-minute windows. One arithmetic for what comes from memory and from the table, so that the
// seam between them cannot be seen. A bar of one minute is that minute, untouched.
#include "live/candle_fold.h"

#include <algorithm>

#include "market/quotient.h"

namespace cryptostream {
namespace {

constexpr std::chrono::minutes kHour{60}, kDay{1440};

}  // namespace

Minute ToMinute(const WindowView& view) {
  Minute minute;
  ForEachColumn(kBarFields, [&]<class Field>(const Field&) { Field::Of(minute) = Field::InGold::Of(view.row); });
  minute.start = view.row.key.start;
  minute.closed = view.closed;
  minute.committed = view.committed;
  return minute;
}

std::optional<std::chrono::minutes> ParseInterval(std::string_view text) {
  if (text == "1m") return std::chrono::minutes(1);
  if (text == "5m") return std::chrono::minutes(5);
  if (text == "15m") return std::chrono::minutes(15);
  if (text == "1h") return std::chrono::minutes(60);
  if (text == "4h") return std::chrono::minutes(240);
  if (text == "1d") return std::chrono::minutes(1440);
  return std::nullopt;
}

std::string_view IntervalNames() { return "1m, 5m, 15m, 1h, 4h, 1d"; }

Timestamp IntervalStart(Timestamp time, std::chrono::minutes interval) {
  std::chrono::microseconds step = interval, since = time.time_since_epoch();
  std::chrono::microseconds past = since % step;
  if (past.count() < 0) past += step;
  return Timestamp(since - past);
}

Timestamp NextIntervalStart(Timestamp time, std::chrono::minutes interval) {
  Timestamp start = IntervalStart(time, interval);
  return start == time ? start : start + interval;
}

BarSum::BarSum(Timestamp open_time, std::chrono::minutes length) {
  bar_.start = open_time;
  bar_.length = length;
}

void BarSum::Add(const Minute& part) {
  if (parts_ == 0) {
    bar_.open = part.open;
    bar_.high = part.high;
    bar_.low = part.low;
    bar_.source = part.source;
    first_avg_ = part.avg;
    first_vwap_ = part.vwap;
  }
  ++parts_;
  if (bar_.source != part.source) bar_.source = Name();
  bar_.quote = part.quote;
  bar_.high = std::max(bar_.high, part.high);
  bar_.low = std::min(bar_.low, part.low);
  bar_.close = part.close;
  bar_.samples += part.samples;
  bar_.committed = bar_.committed && part.committed;
  bar_.closed = part.closed && part.start + part.length == bar_.start + bar_.length;
  avg_.AddProduct(part.avg, static_cast<double>(part.samples));
  traded_.Add(part.vwap, part.volume);
}

Minute BarSum::Finish() const {
  Minute bar = bar_;
  bar.avg = parts_ == 1 ? first_avg_ : Quotient(avg_, bar.samples);
  if (!traded_.has_volume) return bar;
  bar.volume = traded_.Volume();
  bar.vwap = parts_ == 1 ? first_vwap_ : traded_.Vwap();
  return bar;
}

CandleFolder::CandleFolder(std::chrono::minutes interval) : interval_(interval), by_hours_(interval > kHour && interval < kDay) {}

void CandleFolder::Add(const Minute& part) {
  if (!by_hours_ || part.length >= kHour) {
    FlushHour();
    AddToBar(part);
    return;
  }
  Timestamp hour = IntervalStart(part.start, kHour);
  if (hour_ && hour_->open_time() != hour) FlushHour();
  if (!hour_) hour_.emplace(hour, kHour);
  hour_->Add(part);
}

void CandleFolder::FlushHour() {
  if (hour_) AddToBar(hour_->Finish());
  hour_.reset();
}

void CandleFolder::AddToBar(const Minute& part) {
  Timestamp open_time = IntervalStart(part.start, interval_);
  if (bar_ && bar_->open_time() != open_time) FlushBar();
  if (!bar_) bar_.emplace(open_time, interval_);
  bar_->Add(part);
}

void CandleFolder::FlushBar() {
  Minute bar = bar_->Finish();
  bar_.reset();
  done_.push_back({bar, bar.start, bar.start + bar.length});
}

std::vector<Candle> CandleFolder::Take() {
  FlushHour();
  if (bar_) FlushBar();
  return std::move(done_);
}

std::vector<Candle> FillPrevious(const std::vector<Candle>& candles, const std::optional<Candle>& before, TimeSpan range,
                                 std::chrono::minutes interval) {
  std::vector<Candle> out;
  auto next = candles.begin();
  const Candle* last = before ? &*before : nullptr;
  for (Timestamp at = range.from; at < range.to; at += interval) {
    if (next != candles.end() && next->open_time == at) {
      out.push_back(*next);
      last = &*next++;
    } else if (last != nullptr) {
      const double price = last->close;
      out.push_back({{.source = last->source,
                      .quote = last->quote,
                      .open = price,
                      .high = price,
                      .low = price,
                      .close = price,
                      .avg = price},
                     at,
                     at + interval});
    }
  }
  return out;
}

}  // namespace cryptostream
