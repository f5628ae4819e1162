// Answers from the live memory. Out: copies, so that no lock is held while they are rendered. Which source answers is
// decided per window, by the same order as in the table of chosen rows: so a chart backfill shows exactly where the better
// source has nothing.
#include <algorithm>

#include "live/candle_fold.h"
#include "live/live.h"

namespace cryptostream {
namespace {

// A day in steps of 24 minutes, on a grid of their own so that the line does not tremble with each price.
constexpr int kSparkSteps = 60;
constexpr std::chrono::minutes kSparkStep = std::chrono::minutes(24 * 60) / kSparkSteps;
// A source that is this far behind the coin's newest price does not make the headline, however it is ranked.
constexpr std::chrono::minutes kHeadlineSlack{10};

// The price of 24 h before `now` (within 10 minutes), for the change of sources that do not report one.
double PriceADayBefore(const Series& series, Timestamp now) {
  double price = kNull;
  Timestamp day_before = now - std::chrono::hours(24);
  series.ForEach(WindowStart(day_before) - std::chrono::minutes(10), WindowStart(day_before) + kWindow,
                 [&](const WindowView& view) { price = view.row.close; });
  return price;
}

}  // namespace

std::vector<const Series*> Live::Ordered(Name coin, const SourceSeries& all, const SeriesAsked& asked) const {
  std::vector<const Series*> out;
  for (const auto& [key, series] : all) {
    bool wanted = (asked.source.empty() || series->source().str() == asked.source) &&
                  (asked.quote.empty() || series->quote().str() == asked.quote);
    if (wanted) out.push_back(series.get());
  }
  auto key = [&](const Series* series) { return WindowKey{Timestamp::max(), coin, series->source(), series->quote()}; };
  std::ranges::stable_sort(out, [&](const Series* a, const Series* b) { return orders_.Before(key(a), key(b)); });
  return out;
}

// The first in order of those that are not far behind the newest; of one source in several currencies the one with the newest price.
const Series* Live::Best(const std::vector<const Series*>& ordered) {
  auto event_time = [](const Series& s) {
    const WindowView* window = s.Newest();
    return window ? window->row.last_event : kNoTime;
  };
  Timestamp newest = kNoTime;
  for (const Series* series : ordered) newest = std::max(newest, event_time(*series));
  const Series* best = nullptr;
  for (const Series* series : ordered) {
    if (event_time(*series) == kNoTime || event_time(*series) < newest - kHeadlineSlack) continue;
    bool newer = best != nullptr && best->source() == series->source() && event_time(*series) > event_time(*best);
    if (best == nullptr || newer) best = series;
  }
  return best;
}

// The row of a minute is chosen before rows in another currency are left out, as in the table.
CoinWindows Live::Collect(std::string_view coin, Timestamp from, Timestamp to, const SeriesAsked& asked) const {
  CoinWindows out;
  out.gold_version = gold_version_;
  out.complete_from = others_complete_from_;
  for (const auto& [source, complete] : complete_from_) out.complete_from = std::max(out.complete_from, complete);
  auto found = coins_.find(coin);
  if (found == coins_.end()) return out;
  for (const auto& [key, series] : found->second) {
    out.complete_from = std::max(out.complete_from, series->complete_from());
    out.sequence = std::max(out.sequence, series->sequence());
    out.known = out.known || series->size() > 0;
  }
  std::vector<const Series*> ordered = Ordered(found->first, found->second, asked.chosen() ? SeriesAsked() : asked);
  for (const Series* series : ordered) {
    if (series->quote().str() == asked.quote) out.quote = series->quote();
  }
  if (const Series* best = Best(ordered); asked.quote.empty() && best != nullptr) out.quote = best->quote();
  if (out.quote.empty()) return out;
  if (!asked.chosen()) std::erase_if(ordered, [&](const Series* series) { return series->quote() != out.quote; });
  from = std::max(from, out.complete_from);
  std::map<Timestamp, const WindowView*> chosen;
  for (const Series* series : ordered) {
    series->ForEach(from, to, [&](const WindowView& view) {
      auto [place, first] = chosen.try_emplace(view.row.key.start, &view);
      if (!first && orders_.Before(view.row.key, place->second->row.key)) place->second = &view;
    });
  }
  out.windows.reserve(chosen.size());
  for (const auto& [start, view] : chosen) {
    if (view->row.key.quote == out.quote) out.windows.push_back(*view);
  }
  return out;
}

CoinWindows Live::Windows(std::string_view coin, Timestamp from, Timestamp to, const SeriesAsked& asked) const {
  std::lock_guard lock(mutex_);
  return Collect(coin, from, to, asked);
}

CoinWindows Live::NewestWindows(std::string_view coin, std::size_t count, const SeriesAsked& asked) const {
  std::lock_guard lock(mutex_);
  CoinWindows out = Collect(coin, kNoTime, Timestamp::max(), asked);
  if (out.windows.size() > count) {
    out.windows.erase(out.windows.begin(), out.windows.end() - static_cast<std::ptrdiff_t>(count));
  }
  return out;
}

CoinView Live::Headline(Name coin, const SourceSeries& all) const {
  CoinView view;
  view.coin = coin;
  const Series* best = Best(Ordered(coin, all));
  if (best == nullptr) return view;
  const GoldRow& row = best->Newest()->row;
  view.source = best->source();
  view.quote = best->quote();
  view.price = row.close;
  view.event_time = row.last_event;
  view.market_cap = row.market_cap;
  view.volume_24h = row.volume_24h;
  if (const auto& tick = best->latest_tick()) {
    view.symbol = tick->symbol;
    view.last_updated = tick->last_updated;
    view.change_24h_pct = tick->price_change_percentage_24h;
  }
  if (IsNull(view.change_24h_pct)) {
    double before = PriceADayBefore(*best, view.event_time);
    if (!IsNull(before)) view.change_24h_pct = (view.price / before - 1) * 100;
  }
  return view;
}

// The last price of each step, whichever source had it, and null where none came: who draws the line connects what there is.
std::vector<double> Live::Spark(const std::vector<const Series*>& ordered, Timestamp now, double price) {
  std::vector<double> spark;
  const Timestamp newest_step = IntervalStart(now, kSparkStep);
  for (int i = kSparkSteps - 1; i >= 0; --i) {
    const Timestamp end = newest_step - kSparkStep * i;
    const WindowView* last = nullptr;
    for (const Series* series : ordered) {
      const WindowView* view = series->LastBefore(end);
      if (view == nullptr || view->row.key.start < end - kSparkStep) continue;
      if (last == nullptr || view->row.key.start > last->row.key.start) last = view;
    }
    spark.push_back(last == nullptr ? kNull : last->row.close);
  }
  spark.push_back(price);
  return spark;
}

std::vector<Name> Live::CoinIds() const {
  std::lock_guard lock(mutex_);
  std::vector<Name> out;
  for (const auto& [coin, all] : coins_) out.push_back(coin);
  return out;
}

std::vector<CoinView> Live::Coins() const {
  std::lock_guard lock(mutex_);
  std::vector<CoinView> out;
  for (const auto& [coin, all] : coins_) {
    CoinView view = Headline(coin, all);
    if (view.source.empty()) continue;
    view.spark = Spark(Ordered(coin, all, {"", view.quote.str()}), view.event_time, view.price);
    out.push_back(std::move(view));
  }
  return out;
}

std::size_t Live::coin_count() const {
  std::lock_guard lock(mutex_);
  return coins_.size();
}

std::vector<CoinView> Live::Prices() const {
  std::lock_guard lock(mutex_);
  std::vector<CoinView> out;
  for (const auto& [coin, all] : coins_) {
    CoinView view = Headline(coin, all);
    if (!view.source.empty()) out.push_back(std::move(view));
  }
  return out;
}

std::optional<CoinView> Live::Coin(std::string_view coin) const {
  std::lock_guard lock(mutex_);
  auto found = coins_.find(coin);
  if (found == coins_.end()) return std::nullopt;
  CoinView view = Headline(found->first, found->second);
  if (view.source.empty()) return std::nullopt;
  return view;
}

bool Live::Knows(std::string_view coin) const {
  std::lock_guard lock(mutex_);
  auto found = coins_.find(coin);
  return found != coins_.end() &&
         std::any_of(found->second.begin(), found->second.end(), [](const auto& series) { return series.second->size() > 0; });
}

std::optional<TimeSpan> Live::ChangedSpan(std::string_view coin, std::uint64_t sequence) const {
  std::lock_guard lock(mutex_);
  auto found = coins_.find(coin);
  if (found == coins_.end()) return std::nullopt;
  std::optional<TimeSpan> span;
  Timestamp newest = kNoTime;
  for (const auto& [source, series] : found->second) {
    if (series->size() == 0) continue;
    newest = std::max(newest, series->Newest()->row.key.start);
    if (series->sequence() <= sequence) continue;
    bool seen = false;
    series->ForEach(kNoTime, Timestamp::max(), [&](const WindowView& view) {
      if (seen || view.sequence <= sequence) return;
      seen = true;
      if (!span || view.row.key.start < span->from) span = TimeSpan{view.row.key.start, {}};
    });
  }
  if (span) span->to = newest;
  return span;
}

std::uint64_t Live::CoinSequence(std::string_view coin) const {
  std::lock_guard lock(mutex_);
  std::uint64_t sequence = 0;
  if (auto found = coins_.find(coin); found != coins_.end()) {
    for (const auto& [source, series] : found->second) sequence = std::max(sequence, series->sequence());
  }
  return sequence;
}

std::vector<Name> Live::ChangedSince(std::uint64_t sequence) const {
  std::lock_guard lock(mutex_);
  std::vector<Name> out;
  for (const auto& [coin, all] : coins_) {
    bool changed = std::any_of(all.begin(), all.end(), [&](const auto& s) { return s.second->sequence() > sequence; });
    if (changed) out.push_back(coin);
  }
  return out;
}

Timestamp Live::LastFed(Name source) const {
  std::lock_guard lock(mutex_);
  auto found = last_fed_.find(source);
  return found == last_fed_.end() ? kNoTime : found->second;
}

std::uint64_t Live::sequence() const {
  std::lock_guard lock(mutex_);
  return sequence_;
}

Version Live::gold_version() const {
  std::lock_guard lock(mutex_);
  return gold_version_;
}

std::map<std::string, Timestamp> Live::Closed() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, Timestamp> out;
  for (const auto& [source, end] : closed_) out.emplace(source.str(), end);
  return out;
}

std::map<std::string, Timestamp> Live::NewestEvents() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, Timestamp> out;
  for (const auto& [coin, all] : coins_) {
    for (const auto& [key, series] : all) {
      if (series->size() == 0) continue;
      auto [it, inserted] = out.try_emplace(key.first.str(), kNoTime);
      it->second = std::max(it->second, series->Newest()->row.last_event);
    }
  }
  return out;
}

}  // namespace cryptostream
