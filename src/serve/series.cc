// The windows of one coin and source. In: gold rows, silver ticks, provisional ticks. Out: per window one view. A window
// has one truth at a time: gold's row once it exists (a correction replaces it), before that the fold of its ticks by the
// engine's own WindowAccumulator, so that the open window here and the closed one in gold agree bit for bit. Late ticks
// of closed windows are left out on purpose: gold's correction brings them within seconds.
#include "serve/series.h"

#include <algorithm>
#include <limits>

namespace cryptostream {

const WindowView* Series::At(Timestamp start) const {
  auto found = slots_.find(start);
  return found == slots_.end() ? nullptr : &found->second.shown;
}

void Series::OfferLatest(const Tick& tick) {
  auto order = [](const Tick& t) { return std::tuple(t.event_time, t.trade_id, t.price); };
  if (!latest_tick_ || order(tick) >= order(*latest_tick_)) latest_tick_ = tick;
}

bool Series::SetGold(const GoldRow& row, std::uint64_t sequence) {
  if (row.key.start < complete_from_) return false;
  Slot& slot = slots_[row.key.start];
  if (slot.open) pending_ -= slot.open->pending.size();
  slot.open.reset();
  slot.shown = {row, true, true, sequence};
  sequence_ = sequence;
  return true;
}

Series::Slot* Series::OpenSlot(Timestamp start, Timestamp closed) {
  if (start < complete_from_ || start + kWindow <= closed) return nullptr;
  Slot& slot = slots_[start];
  if (!slot.open) {
    if (slot.shown.sequence != 0) return nullptr;  // gold's row is there
    slot.open = std::make_unique<Open>();
  }
  return &slot;
}

Series::Slots::iterator Series::Show(Slots::iterator slot, std::uint64_t sequence) {
  Open& open = *slot->second.open;
  if (open.durable.samples() == 0 && open.pending.empty()) return slots_.erase(slot);
  WindowAccumulator all = open.durable;
  bool committed = true;
  for (const Pending& pending : open.pending) {
    all.Add(pending.tick);
    committed = committed && pending.batch <= committed_batch_;
  }
  WindowView& shown = slot->second.shown;
  shown.row = all.Finish({slot->first, coin_, source_});
  shown.committed = committed;
  shown.sequence = sequence_ = sequence;
  return std::next(slot);
}

bool Series::AddDurable(const Tick& tick, Timestamp closed, std::uint64_t sequence) {
  OfferLatest(tick);
  Timestamp start = WindowStart(tick.event_time);
  Slot* slot = OpenSlot(start, closed);
  if (slot == nullptr) return false;
  slot->open->durable.Add(tick);
  Show(slots_.find(start), sequence);
  return true;
}

bool Series::AddProvisional(const Tick& tick, std::uint64_t batch, Timestamp closed, std::uint64_t sequence) {
  Timestamp start = WindowStart(tick.event_time);
  Slot* slot = OpenSlot(start, closed);
  if (slot == nullptr) return false;
  OfferLatest(tick);
  slot->open->pending.push_back({batch, tick});
  ++pending_;
  Show(slots_.find(start), sequence);
  return true;
}

bool Series::CloseThrough(Timestamp from, Timestamp to, std::uint64_t sequence) {
  bool changed = false;
  auto it = from == kNoTime ? slots_.begin() : slots_.lower_bound(from - kWindow);
  for (; it != slots_.end() && it->first + kWindow <= to; ++it) {
    if (it->second.shown.closed) continue;
    it->second.shown.closed = true;
    it->second.shown.sequence = sequence_ = sequence;
    changed = true;
  }
  return changed;
}

bool Series::SettleProvisional(std::uint64_t committed, std::uint64_t dropped, std::uint64_t sequence) {
  committed_batch_ = std::max(committed_batch_, committed);
  if (pending_ == 0) return false;
  bool changed = false;
  for (auto it = slots_.begin(); it != slots_.end();) {
    if (!it->second.open || it->second.open->pending.empty()) {
      ++it;
      continue;
    }
    auto& pending = it->second.open->pending;
    pending_ -= std::erase_if(pending, [&](const Pending& p) { return p.batch <= dropped; });
    it = Show(it, sequence);
    changed = true;
  }
  return changed;
}

void Series::ForgetDurable(std::uint64_t sequence) {
  for (auto it = slots_.begin(); it != slots_.end();) {
    if (!it->second.open) {
      ++it;
      continue;
    }
    it->second.open->durable = WindowAccumulator();
    it = Show(it, sequence);
  }
}

std::size_t Series::Evict(std::chrono::hours keep, std::size_t min_windows, std::size_t max_windows) {
  std::size_t evicted = 0;
  while (slots_.size() > min_windows) {
    auto oldest = slots_.begin();
    bool old = oldest->first < slots_.rbegin()->first - keep;
    if (!old && slots_.size() <= max_windows) break;
    if (oldest->second.open) pending_ -= oldest->second.open->pending.size();
    complete_from_ = oldest->first + kWindow;
    slots_.erase(oldest);
    ++evicted;
  }
  return evicted;
}

}  // namespace cryptostream
