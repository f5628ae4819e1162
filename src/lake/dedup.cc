// Duplicates. Memory is bounded, correctness is not: what may be older than memory is asked of silver itself, so a replay of
// last year's file, or a backfill run twice, adds nothing. By minutes, so that forgetting is dropping a minute whole. Rejected: a bloom filter over all ages
// (its false positives would drop rows), an index on disk (a second state that could disagree with the table).
#include "lake/dedup.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "market/window.h"

namespace cryptostream {
namespace {

// Mixes 64-bit words into two independent 64-bit states (multiply and xor-shift, as in wyhash and splitmix64).
class Hash128 {
 public:
  void Add(std::uint64_t word) {
    high_ = Mix(high_ ^ word, 0x9E3779B97F4A7C15u);
    low_ = Mix(low_ + word, 0xC2B2AE3D27D4EB4Fu);
  }
  void Add(double value) { Add(std::bit_cast<std::uint64_t>(value)); }
  void Add(Timestamp t) { Add(static_cast<std::uint64_t>(ToMicros(t))); }
  void Add(Name name) { Add(static_cast<std::uint64_t>(std::hash<Name>()(name))); }
  std::uint64_t high() const { return high_; }
  std::uint64_t low() const { return low_; }

 private:
  __extension__ using Wide = unsigned __int128;
  static std::uint64_t Mix(std::uint64_t x, std::uint64_t constant) {
    Wide product = static_cast<Wide>(x ^ constant) * 0xD6E8FEB86659FD93u;
    x = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    x ^= x >> 32;
    x *= 0xBF58476D1CE4E5B9u;
    return x ^ (x >> 29);
  }
  std::uint64_t high_ = 0x243F6A8885A308D3u, low_ = 0x13198A2E03707344u;
};

// Which figures there are, then those: most messages have few of them. A trade's currency is that of its symbol, and recordings
// from before messages said it are the same trades: so it is no content.
void AddContent(Hash128& hash, const Tick& tick) {
  hash.Add(tick.coin);
  hash.Add(tick.event_time);
  std::uint64_t present = tick.last_updated != kNoTime;
  if (present) hash.Add(tick.last_updated);
  for (double value : {tick.price, tick.quantity, tick.volume_24h, tick.market_cap, tick.price_change_24h,
                       tick.price_change_percentage_24h, tick.high_24h, tick.low_24h}) {
    present <<= 1;
    if (IsNull(value)) continue;
    present |= 1;
    hash.Add(value);
  }
  hash.Add(present);
  if (!tick.is_bar()) return;
  for (double value : {tick.open, tick.high, tick.low, tick.vwap}) hash.Add(IsNull(value) ? kNull : value);
  hash.Add(static_cast<std::uint64_t>(tick.trades));
}

}  // namespace

DuplicateFilter::Key DuplicateFilter::KeyOf(const Tick& tick) {
  Hash128 hash;
  hash.Add(tick.source);
  hash.Add(tick.symbol);
  if (tick.is_bar()) {
    if (tick.symbol.empty()) {  // then nothing else tells the markets of a source apart
      hash.Add(tick.coin);
      hash.Add(tick.quote);
    }
    hash.Add(static_cast<std::uint64_t>(tick.bar_s));
    hash.Add(tick.bar_start());
  } else {
    hash.Add(static_cast<std::uint64_t>(tick.trade_id));
  }
  if (!tick.is_trade() && !tick.is_bar()) {
    hash.Add(tick.quote);
    AddContent(hash, tick);
    return {hash.high(), hash.low()};
  }
  Hash128 content;
  AddContent(content, tick);
  return {hash.high(), hash.low(), content.low()};
}

DuplicateFilter::Memory& DuplicateFilter::MemoryOf(Name source) {
  if (!last_source_.second || last_source_.first != source) {
    last_source_ = {source, &sources_[source]};
    last_minute_ = {};
  }
  return *last_source_.second;
}

// The rows of the minute. A new one has room for as many as the minute before it, or it would be moved several times while it fills.
DuplicateFilter::Rows& DuplicateFilter::MinuteOf(Memory& memory, Timestamp time) {
  Timestamp start = WindowStart(time);
  if (last_minute_.second && last_minute_.first == start) return *last_minute_.second;
  auto [minute, first] = memory.minutes.try_emplace(start);
  if (first && minute != memory.minutes.begin()) minute->second.reserve(std::prev(minute)->second.size());
  last_minute_ = {start, &minute->second};
  return minute->second;
}

// Where memory has the trade, whatever its time was, or null.
const DuplicateFilter::Key* DuplicateFilter::FindTrade(const Memory& memory, const Key& key) {
  for (const auto& [start, rows] : memory.minutes) {
    if (auto found = rows.find(key); found != rows.end()) return &*found;
  }
  return nullptr;
}

// Exchanges count their trades up: an id above all that came before cannot have come before.
bool DuplicateFilter::IsNewTrade(const Memory& memory, const Tick& tick) {
  auto greatest = memory.greatest_ids.find(tick.symbol);
  return greatest == memory.greatest_ids.end() || tick.trade_id > greatest->second;
}

// Takes the row in. Returns the equal one that is there already, or null.
const DuplicateFilter::Key* DuplicateFilter::Insert(Memory& memory, const Tick& tick, const Key& key) {
  if (tick.is_trade()) RememberTradeId(tick.source, tick.symbol, tick.trade_id);
  if (tick.event_time < memory.floor) {
    auto [place, fresh] = looked_up_.insert(key);
    return fresh ? nullptr : &*place;
  }
  auto [place, fresh] = MinuteOf(memory, tick.event_time).insert(key);
  if (!fresh) return &*place;
  ++memory.rows;
  ++rows_;
  return nullptr;
}

void DuplicateFilter::SetFloor(Name source, Timestamp floor) { MemoryOf(source).floor = floor; }

void DuplicateFilter::Remember(const Tick& tick) { Insert(MemoryOf(tick.source), tick, KeyOf(tick)); }

void DuplicateFilter::RememberTradeId(Name source, Name symbol, std::int64_t id) {
  auto [greatest, first] = MemoryOf(source).greatest_ids.try_emplace(symbol, id);
  greatest->second = std::max(greatest->second, id);
}

bool DuplicateFilter::Forgot(Timestamp oldest) const {
  return std::ranges::any_of(sources_, [oldest](const auto& source) { return oldest < source.second.floor; });
}

bool DuplicateFilter::NeedsLookup(const Tick& tick, const Key& key) {
  const Memory& memory = MemoryOf(tick.source);
  if (!tick.is_trade()) return tick.event_time < memory.floor;
  return !IsNewTrade(memory, tick) && !FindTrade(memory, key);
}

void DuplicateFilter::Want(const Key& key) { wanted_.insert(key); }

void DuplicateFilter::Offer(const Tick& tick) {
  if (Key key = KeyOf(tick); wanted_.contains(key)) looked_up_.insert(key);
}

Duplicate DuplicateFilter::Check(const Tick& tick, const Key& key) {
  Memory& memory = MemoryOf(tick.source);
  const Key* known = nullptr;
  if (tick.is_trade() && !IsNewTrade(memory, tick)) known = FindTrade(memory, key);
  if (!known && !looked_up_.empty()) {
    if (auto found = looked_up_.find(key); found != looked_up_.end()) known = &*found;
  }
  if (!known) known = Insert(memory, tick, key);
  if (!known) return Duplicate::kNo;
  return known->content == key.content ? Duplicate::kYes : Duplicate::kConflict;
}

void DuplicateFilter::EndBatch() {
  wanted_.clear();
  looked_up_.clear();
  while (rows_ > max_rows_) {
    auto most = std::ranges::max_element(sources_, {}, [](const auto& source) { return source.second.rows; });
    Memory& memory = most->second;
    if (memory.minutes.size() < 2) return;
    auto oldest = memory.minutes.begin();
    memory.rows -= oldest->second.size();
    rows_ -= oldest->second.size();
    memory.floor = std::next(oldest)->first;
    memory.minutes.erase(oldest);
    last_minute_ = {};
  }
}

}  // namespace cryptostream
