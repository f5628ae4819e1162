// What event streams send, rendered once. In: the live memory's changes. Out: bytes that all clients share.
//
// The id of an event is the sequence number before its change, and the events of one send ascend by it; a send ends with
// the number that covers all of it. So a client whose line breaks in the middle of a send asks again with a number that
// is never too high: it may get a bar twice, and misses none.
//
// Rejected: a renderer for each client (with 256 of them other requests waited for 300 to 800 ms), and a queue for each
// client (a slow one would keep the past in memory). Costs about 0.5 KB a bar; the number of bars of a coin is cut so that
// the board holds at most 40,000.
#include "serve/event_board.h"

#include <algorithm>
#include <optional>

#include "live/candle_range.h"
#include "serve/render.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMostBars = 60, kFewestBars = 4, kBoardBars = 40'000;
constexpr std::size_t kMostJoined = 64;

EventBoard::Bytes TickJson(const CoinView& coin) {
  JsonWriter json;
  json.BeginObject().Key("coin").Text(coin.coin.str()).Key("price").Number(coin.price).Key("event_time").Time(coin.event_time);
  json.Key("last_updated").Time(coin.last_updated).Key("source").Text(coin.source.str()).Key("quote").Text(coin.quote.str());
  json.Key("change_24h_pct").Number(coin.change_24h_pct).EndObject();
  return std::make_shared<const std::string>(json.Take());
}

EventBoard::Bytes BarJson(const std::string& coin, const std::string& interval, const Candle& candle) {
  JsonWriter json;
  json.BeginObject().Key("coin").Text(coin).Key("interval").Text(interval);
  json.Key("source");
  candle.source.empty() ? json.Null() : json.Text(candle.source.str());
  json.Key("quote").Text(candle.quote.str()).Key("candle");
  WriteCandle(json, candle);
  return std::make_shared<const std::string>(json.EndObject().Take());
}

}  // namespace

void AppendEvent(std::string& out, std::string_view event, std::string_view data, std::string_view id) {
  out.append("event: ").append(event).append("\n");
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  out.append("data: ").append(data).append("\n\n");
}

EventBoard::Interest EventBoard::Watch(std::set<std::string> coins, std::set<std::string> intervals) {
  Interest interest{std::move(coins), std::move(intervals), {}, backend_->live()->sequence()};
  std::lock_guard lock(mutex_);
  for (const std::string& text : interest.intervals) {
    Interval& interval = intervals_[text];
    std::shared_ptr<const void> hold = interval.watched.lock();
    if (!hold) {
      hold = std::make_shared<int>();
      interval = {*ParseInterval(text), hold, false};
    }
    interest.holds.push_back(std::move(hold));
  }
  return interest;
}

void EventBoard::Refresh() {
  const Live& live = *backend_->live();
  Round round;
  round.upto = live.sequence();  // before reading: what changes meanwhile comes again, never gets lost
  CoinMap coins;
  Intervals intervals;
  bool dropped = false;
  {
    std::lock_guard lock(mutex_);
    dropped = std::erase_if(intervals_, [](const auto& entry) { return entry.second.watched.expired(); }) > 0;
    intervals = intervals_;
    coins = coins_;
    round.known = upto_;
  }
  const bool begins = std::any_of(intervals.begin(), intervals.end(), [](const auto& entry) { return !entry.second.loaded; });
  if (round.upto == round.known && !begins && !dropped) return;
  round.closed = live.Closed();
  const std::vector<Name> names = live.ChangedSince(begins || dropped ? 0 : round.known);
  round.bars_per_coin = std::clamp(kBoardBars / std::max<std::size_t>(1, std::max(coins.size(), names.size()) * intervals.size()),
                                   kFewestBars, kMostBars);
  for (Name name : names) {
    const std::string& coin = name.str();
    auto events = std::make_shared<CoinEvents>();
    if (auto found = coins.find(coin); found != coins.end()) *events = *found->second;
    std::erase_if(events->bars, [&](const auto& entry) { return !intervals.contains(entry.first); });
    for (const auto& [text, interval] : intervals) RefreshBars(coin, text, interval, round, *events);
    RefreshTick(coin, round, *events);
    CloseBars(coin, round, *events);
    coins[coin] = std::move(events);
  }
  if (round.closed != closed_) {
    for (auto& [coin, events] : coins) {
      auto changed = std::make_shared<CoinEvents>(*events);
      if (CloseBars(coin, round, *changed)) events = std::move(changed);
    }
    closed_ = round.closed;
  }
  std::lock_guard lock(mutex_);
  for (auto& [text, interval] : intervals_) {
    if (intervals.contains(text)) interval.loaded = true;
  }
  coins_ = std::move(coins);
  upto_ = round.upto;
  joined_.clear();
}

void EventBoard::RefreshTick(const std::string& coin, const Round& round, CoinEvents& events) const {
  auto view = backend_->live()->Coin(coin);
  if (!view) return;
  Bytes tick = TickJson(*view);
  if (events.tick.json && *events.tick.json == *tick) return;
  events.tick = {round.upto, "tick", std::move(tick)};
}

void EventBoard::RefreshBars(const std::string& coin, const std::string& interval, const Interval& which, const Round& round,
                             CoinEvents& events) const {
  std::vector<Bar>& bars = events.bars[interval];
  // A headline in another currency: the bars begin anew.
  auto view = backend_->live()->Coin(coin);
  const bool turned = view && !bars.empty() && bars.back().candle.quote != view->quote;
  if (turned) bars.clear();
  const std::uint64_t known = which.loaded && !turned ? round.known : 0;
  auto changed = backend_->live()->ChangedSpan(coin, known);
  if (!changed) return;
  const Timestamp oldest =
      IntervalStart(changed->to, which.length) - which.length * static_cast<std::int64_t>(round.bars_per_coin - 1);
  const Timestamp from = std::max(oldest, IntervalStart(changed->from, which.length));
  CoinWindows recent = backend_->live()->Windows(coin, from, Timestamp::max());
  std::map<Timestamp, std::uint64_t> sequences;
  std::vector<Minute> minutes;
  for (const WindowView& view : recent.windows) {
    std::uint64_t& sequence = sequences[IntervalStart(view.row.key.start, which.length)];
    sequence = std::max(sequence, std::min(view.sequence, round.upto));
    minutes.push_back(ToMinute(view));
  }
  for (const Candle& candle : FoldMinutes(minutes, which.length, round.closed)) {
    // A bar whose beginning is in the table only would be a wrong bar.
    if (sequences[candle.open_time] <= known || candle.open_time < recent.complete_from) continue;
    auto place = std::lower_bound(bars.begin(), bars.end(), candle.open_time,
                                  [](const Bar& bar, Timestamp time) { return bar.candle.open_time < time; });
    if (place == bars.end() || place->candle.open_time != candle.open_time) place = bars.emplace(place);
    *place = {{sequences[candle.open_time], "candle", BarJson(coin, interval, candle)}, candle};
  }
  if (bars.size() > round.bars_per_coin) {
    bars.erase(bars.begin(), bars.end() - static_cast<std::ptrdiff_t>(round.bars_per_coin));
  }
}

bool EventBoard::CloseBars(const std::string& coin, const Round& round, CoinEvents& events) {
  bool any = false;
  for (auto& [interval, bars] : events.bars) {
    for (Bar& bar : bars) {
      if (bar.candle.closed || !IsOver(bar.candle, round.closed)) continue;
      bar.candle.closed = true;
      bar.sequence = round.upto;
      bar.json = BarJson(coin, interval, bar.candle);
      any = true;
    }
  }
  return any;
}

bool EventBoard::ShowsLocked(const Interest& interest) const {
  return upto_ >= interest.at_least &&
         std::all_of(interest.intervals.begin(), interest.intervals.end(), [&](const std::string& text) {
           auto found = intervals_.find(text);
           return found != intervals_.end() && found->second.loaded;
         });
}

bool EventBoard::Shows(const Interest& interest) const {
  std::lock_guard lock(mutex_);
  return ShowsLocked(interest);
}

EventBoard::News EventBoard::Since(std::uint64_t sequence, const Interest& interest) const {
  std::lock_guard lock(mutex_);
  if (!ShowsLocked(interest) || sequence >= upto_) return {nullptr, sequence};
  std::tuple key(sequence, interest.coins, interest.intervals);
  auto found = joined_.find(key);
  if (found != joined_.end()) return {found->second, upto_};
  Bytes bytes = Join(sequence, interest);
  if (joined_.size() < kMostJoined) joined_.emplace(std::move(key), bytes);
  return {std::move(bytes), upto_};
}

void EventBoard::AddBars(const CoinEvents& events, const std::string& interval, std::uint64_t sequence,
                         std::vector<const Event*>& news) {
  auto bars = events.bars.find(interval);
  if (bars == events.bars.end()) return;
  for (const Bar& bar : bars->second) {
    bool wanted = sequence == 0 ? &bar == &bars->second.back() : bar.sequence > sequence;
    if (wanted) news.push_back(&bar);
  }
}

void EventBoard::AddTick(const CoinEvents& events, std::uint64_t sequence, std::vector<const Event*>& news) {
  if (events.tick.json && events.tick.sequence > sequence) news.push_back(&events.tick);
}

EventBoard::Changes EventBoard::ChangesSince(std::uint64_t sequence, const std::string& coin, const std::string& interval) const {
  std::lock_guard lock(mutex_);
  Changes changes{{}, std::max(sequence, upto_)};
  if (sequence >= upto_) return changes;
  std::vector<const Event*> news;
  for (auto events = coin.empty() ? coins_.begin() : coins_.find(coin); events != coins_.end(); ++events) {
    if (interval.empty()) {
      AddTick(*events->second, sequence, news);
    } else {
      AddBars(*events->second, interval, sequence, news);
    }
    if (!coin.empty()) break;
  }
  std::ranges::stable_sort(news, {}, &Event::sequence);
  for (const Event* event : news) changes.json.push_back(event->json);
  return changes;
}

EventBoard::Bytes EventBoard::Join(std::uint64_t sequence, const Interest& interest) const {
  std::vector<const Event*> news;
  auto add = [&](const CoinEvents& events) {
    for (const std::string& interval : interest.intervals) AddBars(events, interval, sequence, news);
    AddTick(events, sequence, news);
  };
  if (interest.coins.empty()) {
    for (const auto& [coin, events] : coins_) add(*events);
  }
  for (const std::string& coin : interest.coins) {
    if (auto found = coins_.find(coin); found != coins_.end()) add(*found->second);
  }
  if (news.empty()) return nullptr;
  std::stable_sort(news.begin(), news.end(), [](const Event* a, const Event* b) { return a->sequence < b->sequence; });
  const std::string epoch = backend_->epoch() + "-";
  auto out = std::make_shared<std::string>();
  for (const Event* event : news) AppendEvent(*out, event->name, *event->json, epoch + std::to_string(event->sequence - 1));
  out->append("id: ").append(epoch).append(std::to_string(upto_)).append("\n\n");
  return out;
}

}  // namespace cryptostream
