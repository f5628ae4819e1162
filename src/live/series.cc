// The windows of one coin, source and quote. In: gold rows, silver ticks, provisional ticks. Out: per window one view. A window
// has one truth at a time: gold's row once it exists (a correction replaces it), before that the fold of its ticks by the
// engine's own WindowAccumulator, so that the open window here and the closed one in gold agree bit for bit. Late ticks
// of closed windows are left out on purpose: gold's correction brings them within seconds.
#include "live/series.h"

#include <algorithm>
#include <limits>

namespace cryptostream {

const WindowView* Series::At(Timestamp start) const {
  auto found = slots_.find(start);
  return found == slots_.end() ? nullptr : &found->second.shown;
}

const WindowView* Series::LastBefore(Timestamp time) const {
  auto next = slots_.lower_bound(time);
  return next == slots_.begin() ? nullptr : &std::prev(next)->second.shown;
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

Series::Open* Series::OpenWindow(Timestamp start, Timestamp closed) {
  if (start < complete_from_ || start + kWindow <= closed) return nullptr;
  Slot& slot = slots_[start];
  if (!slot.open) {
    if (slot.shown.sequence != 0) return nullptr;  // gold's row is there
    slot.open = std::make_unique<Open>();
  }
  Touch(start);
  return slot.open.get();
}

void Series::Touch(Timestamp start) {
  if (touched_.empty() || touched_.back() != start) touched_.push_back(start);
}

bool Series::AddDurable(const Tick& tick, Timestamp closed) {
  OfferLatest(tick);
  Open* open = OpenWindow(WindowStart(tick.event_time), closed);
  if (open == nullptr) return false;
  open->durable.Add(tick);
  return true;
}

bool Series::AddProvisional(const Tick& tick, std::uint64_t batch, Timestamp closed) {
  Open* open = OpenWindow(WindowStart(tick.event_time), closed);
  if (open == nullptr) return false;
  OfferLatest(tick);
  open->pending.push_back({batch, tick});
  ++pending_;
  return true;
}

void Series::Refresh(std::uint64_t sequence) {
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  for (Timestamp start : touched_) {
    auto slot = slots_.find(start);
    if (slot == slots_.end() || !slot->second.open) continue;
    sequence_ = sequence;
    const Open& open = *slot->second.open;
    if (open.durable.rows() == 0 && open.pending.empty()) {
      slots_.erase(slot);  // what was provisional turned out to be no row
      continue;
    }
    WindowAccumulator all = open.durable;
    bool committed = true;
    for (const Pending& pending : open.pending) {
      all.Add(pending.tick);
      committed = committed && pending.batch <= committed_batch_;
    }
    WindowView& shown = slot->second.shown;
    shown.row = all.Finish({start, coin_, source_, quote_});
    shown.committed = committed;
    shown.sequence = sequence;
  }
  touched_.clear();
}

void Series::CloseThrough(Timestamp from, Timestamp to, std::uint64_t sequence) {
  auto it = from == kNoTime ? slots_.begin() : slots_.lower_bound(from - kWindow);
  for (; it != slots_.end() && it->first + kWindow <= to; ++it) {
    if (it->second.shown.closed) continue;
    it->second.shown.closed = true;
    it->second.shown.sequence = sequence_ = sequence;
  }
}

void Series::SettleProvisional(std::uint64_t committed, std::uint64_t dropped) {
  committed_batch_ = std::max(committed_batch_, committed);
  if (pending_ == 0) return;
  for (auto& [start, slot] : slots_) {
    if (!slot.open || slot.open->pending.empty()) continue;
    pending_ -= std::erase_if(slot.open->pending, [&](const Pending& p) { return p.batch <= dropped; });
    Touch(start);
  }
}

void Series::ForgetDurable() {
  for (auto& [start, slot] : slots_) {
    if (!slot.open) continue;
    slot.open->durable = WindowAccumulator();
    Touch(start);
  }
}

void Series::SetCompleteFrom(Timestamp from) {
  complete_from_ = from;
  while (!slots_.empty() && slots_.begin()->first < from) {
    if (slots_.begin()->second.open) pending_ -= slots_.begin()->second.open->pending.size();
    slots_.erase(slots_.begin());
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
