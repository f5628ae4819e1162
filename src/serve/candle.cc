// Bars of any interval from 1-minute windows. One arithmetic for what comes from memory and from the table, so that the
// seam between them cannot be seen. A bar of one minute is that minute, untouched.
#include "serve/candle.h"

#include <algorithm>

namespace cryptostream {

Minute ToMinute(const WindowView& view) {
  const GoldRow& row = view.row;
  return {row.key.start, row.key.source, row.open, row.max_price, row.min_price, row.close,
          row.avg_price, row.volume,     row.vwap, row.samples,   view.closed,   view.committed};
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

void CandleFolder::Add(const Minute& minute) {
  Timestamp open_time = IntervalStart(minute.start, interval_);
  if (current_ && current_->open_time != open_time) Flush();
  if (!current_) {
    current_ = Candle{
        .open_time = open_time, .close_time = open_time + interval_, .open = minute.open, .high = minute.high, .low = minute.low};
  }
  ++minutes_;
  current_->source = minute.source;
  current_->high = std::max(current_->high, minute.high);
  current_->low = std::min(current_->low, minute.low);
  current_->close = minute.close;
  current_->samples += minute.samples;
  current_->committed = current_->committed && minute.committed;
  current_->closed = minute.closed && minute.start + kWindow == current_->close_time;
  first_avg_ = minute.avg;
  avg_.AddProduct(minute.avg, static_cast<double>(minute.samples));
  if (!IsNull(minute.volume) && !IsNull(minute.vwap)) {
    first_vwap_ = minute.vwap;
    volume_.Add(minute.volume);
    turnover_.AddProduct(minute.vwap, minute.volume);
  }
}

void CandleFolder::Flush() {
  bool one = minutes_ == 1;
  current_->avg = one ? first_avg_ : avg_.Round() / static_cast<double>(current_->samples);
  if (!volume_.partials().empty()) {
    current_->volume = volume_.Round();
    current_->vwap = one ? first_vwap_ : turnover_.Round() / current_->volume;
  }
  done_.push_back(*current_);
  current_.reset();
  minutes_ = 0;
  avg_ = volume_ = turnover_ = ExactSum();
  first_avg_ = first_vwap_ = kNull;
}

std::vector<Candle> CandleFolder::Take() {
  if (current_) Flush();
  return std::move(done_);
}

std::vector<Candle> FillPrevious(const std::vector<Candle>& candles, std::chrono::minutes interval, std::size_t limit,
                                 bool keep_newest) {
  if (candles.empty()) return {};
  Timestamp first = candles.front().open_time;
  if (keep_newest) {
    std::chrono::microseconds span = interval * static_cast<std::int64_t>(limit - 1);
    first = std::max(first, candles.back().open_time - span);
  }
  std::vector<Candle> out;
  auto next = candles.begin();
  const Candle* before = nullptr;
  for (Timestamp at = first; at <= candles.back().open_time && out.size() < limit; at += interval) {
    while (next != candles.end() && next->open_time <= at) before = &*next++;
    double price = before->close;
    Candle flat{.open_time = at,
                .close_time = at + interval,
                .source = before->source,
                .open = price,
                .high = price,
                .low = price,
                .close = price,
                .avg = price};
    out.push_back(before->open_time == at ? *before : flat);
  }
  return out;
}

}  // namespace cryptostream
