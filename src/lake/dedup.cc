// Duplicates. Memory is bounded by the lateness horizon, correctness is not: what is older than memory is asked of silver
// itself, so a replay of last year's file, or a backfill run twice, adds nothing. Rejected: a bloom filter over all ages
// (its false positives would drop rows), an index on disk (a second state that could disagree with the table).
#include "lake/dedup.h"

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

void AddContent(Hash128& hash, const Tick& tick) {
  hash.Add(tick.coin);
  hash.Add(tick.event_time);
  hash.Add(tick.last_updated);
  for (double value : {tick.price, tick.quantity, tick.volume_24h, tick.market_cap, tick.price_change_24h,
                       tick.price_change_percentage_24h, tick.high_24h, tick.low_24h}) {
    hash.Add(IsNull(value) ? kNull : value);
  }
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

bool DuplicateFilter::NeedsLookup(const Tick& tick) const {
  auto found = sources_.find(tick.source);
  return found != sources_.end() && tick.event_time < found->second.floor;
}

void DuplicateFilter::Remember(const Tick& tick) {
  Memory& memory = sources_[tick.source];
  Key key = KeyOf(tick);
  if (!memory.content.emplace(key, ContentOf(tick)).second) return;
  memory.by_minute[WindowStart(tick.event_time)].push_back(key);
  memory.newest = std::max(memory.newest, tick.event_time);
}

Duplicate DuplicateFilter::Check(const Tick& tick) {
  Memory& memory = sources_[tick.source];
  Key key = KeyOf(tick);
  std::uint64_t content = ContentOf(tick);
  auto [place, fresh] = memory.content.emplace(key, content);
  if (!fresh) return place->second == content ? Duplicate::kYes : Duplicate::kConflict;
  memory.by_minute[WindowStart(tick.event_time)].push_back(key);
  memory.newest = std::max(memory.newest, tick.event_time);
  return Duplicate::kNo;
}

Timestamp DuplicateFilter::FloorFor(Timestamp newest_event) const {
  return WindowStart(newest_event - std::chrono::duration_cast<std::chrono::microseconds>(horizon_));
}

void DuplicateFilter::SetFloor(Name source, Timestamp floor, Timestamp newest) {
  Memory& memory = sources_[source];
  memory.floor = std::max(memory.floor, floor);
  memory.newest = std::max(memory.newest, newest);
}

void DuplicateFilter::TrimTo(Memory& memory, Timestamp floor) {
  while (!memory.by_minute.empty() && memory.by_minute.begin()->first < floor) {
    for (const Key& key : memory.by_minute.begin()->second) memory.content.erase(key);
    memory.by_minute.erase(memory.by_minute.begin());
  }
  memory.floor = std::max(memory.floor, floor);
}

void DuplicateFilter::Trim() {
  for (auto& [source, memory] : sources_) {
    if (memory.newest != Timestamp::min()) TrimTo(memory, FloorFor(memory.newest));
    while (memory.content.size() > kMaxRows && memory.by_minute.size() > 1) {
      TrimTo(memory, std::next(memory.by_minute.begin())->first);
    }
  }
}

std::size_t DuplicateFilter::rows() const {
  std::size_t total = 0;
  for (const auto& [source, memory] : sources_) total += memory.content.size();
  return total;
}

}  // namespace cryptostream
