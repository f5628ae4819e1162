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

// Which figures there are, then those: most messages have few of them.
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
}

}  // namespace

DuplicateFilter::Key DuplicateFilter::KeyOf(const Tick& tick) {
  Hash128 hash;
  hash.Add(tick.source);
  hash.Add(tick.symbol);
  hash.Add(static_cast<std::uint64_t>(tick.trade_id));
  if (!tick.is_trade()) AddContent(hash, tick);
  return {hash.high(), hash.low()};
}

std::uint64_t DuplicateFilter::ContentOf(const Tick& tick) {
  if (!tick.is_trade()) return 0;
  Hash128 hash;
  AddContent(hash, tick);
  return hash.low();
}

// What memory knows of the key: its content, or null. A trade that came with another time lies in another minute.
const std::uint64_t* DuplicateFilter::Find(const Memory& memory, const Tick& tick, const Key& key) {
  if (auto minute = memory.minutes.find(WindowStart(tick.event_time)); minute != memory.minutes.end()) {
    if (auto found = minute->second.find(key); found != minute->second.end()) return &found->second;
  }
  if (!tick.is_trade() || IsNewTrade(memory, tick)) return nullptr;
  for (const auto& [start, contents] : memory.minutes) {
    if (auto found = contents.find(key); found != contents.end()) return &found->second;
  }
  return nullptr;
}

// Exchanges count their trades up: an id above all that came before cannot have come before.
bool DuplicateFilter::IsNewTrade(const Memory& memory, const Tick& tick) {
  auto greatest = memory.greatest_ids.find(tick.symbol);
  return greatest == memory.greatest_ids.end() || tick.trade_id > greatest->second;
}

void DuplicateFilter::Insert(Memory& memory, const Tick& tick, const Key& key) {
  if (tick.is_trade()) RememberTradeId(tick.source, tick.symbol, tick.trade_id);
  if (tick.event_time < memory.floor) {
    looked_up_.emplace(key, ContentOf(tick));
  } else if (memory.minutes[WindowStart(tick.event_time)].emplace(key, ContentOf(tick)).second) {
    ++memory.rows;
    ++rows_;
  }
}

void DuplicateFilter::SetFloor(Name source, Timestamp floor) { sources_[source].floor = floor; }

void DuplicateFilter::Remember(const Tick& tick) { Insert(sources_[tick.source], tick, KeyOf(tick)); }

void DuplicateFilter::RememberTradeId(Name source, Name symbol, std::int64_t id) {
  auto [greatest, first] = sources_[source].greatest_ids.try_emplace(symbol, id);
  greatest->second = std::max(greatest->second, id);
}

bool DuplicateFilter::NeedsLookup(const Tick& tick) const {
  auto source = sources_.find(tick.source);
  if (source == sources_.end()) return false;
  const Memory& memory = source->second;
  if (!tick.is_trade()) return tick.event_time < memory.floor;
  return !IsNewTrade(memory, tick) && !Find(memory, tick, KeyOf(tick));
}

void DuplicateFilter::Want(const Tick& tick) { wanted_.emplace(KeyOf(tick), 0); }

void DuplicateFilter::Offer(const Tick& tick) {
  if (Key key = KeyOf(tick); wanted_.contains(key)) looked_up_.emplace(key, ContentOf(tick));
}

Duplicate DuplicateFilter::Check(const Tick& tick) {
  Memory& memory = sources_[tick.source];
  Key key = KeyOf(tick);
  const std::uint64_t* content = Find(memory, tick, key);
  if (!content && !looked_up_.empty()) {
    if (auto found = looked_up_.find(key); found != looked_up_.end()) content = &found->second;
  }
  if (content) return *content == ContentOf(tick) ? Duplicate::kYes : Duplicate::kConflict;
  Insert(memory, tick, key);
  return Duplicate::kNo;
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
  }
}

}  // namespace cryptostream
