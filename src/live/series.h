#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "market/tick.h"
#include "market/window.h"

namespace cryptostream {

// A half-open range of time.
struct TimeSpan {
  Timestamp from, to;
  friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

// A 1-minute window as the API shows it.
struct WindowView {
  GoldRow row;
  bool closed = false;         // no row will be added but by a correction
  bool committed = false;      // all of its rows are durable
  std::uint64_t sequence = 0;  // of the last change in this process
};

// The recent windows of one (coin, source, quote). A window is gold's row once there is one; until then the fold of silver's ticks
// and of the provisional ones, which are known but not in silver yet. Not thread-safe: Live holds the lock.
class Series {
 public:
  Series(Name coin, Name source, Name quote, Timestamp complete_from)
      : coin_(coin), source_(source), quote_(quote), complete_from_(complete_from) {}

  // Sets gold's row; false when it lies before what memory holds. `sequence` marks a change, here and below.
  bool SetGold(const GoldRow& row, std::uint64_t sequence);
  // Adds a tick of silver, or one that is not there yet. False when its window is closed (a correction will bring it). What is shown
  // changes with the next Refresh, once for many ticks.
  bool AddDurable(const Tick& tick, Timestamp closed);
  bool AddProvisional(const Tick& tick, std::uint64_t batch, Timestamp closed);
  // Marks windows that end in (from, to] as closed.
  void CloseThrough(Timestamp from, Timestamp to, std::uint64_t sequence);
  // Provisional ticks of batches up to `committed` are durable; those up to `dropped` are in silver: forgets them.
  void SettleProvisional(std::uint64_t committed, std::uint64_t dropped);
  // Forgets the fold of silver (not the provisional ticks), to fold it anew.
  void ForgetDurable();
  // Folds the windows that were touched since the last call.
  void Refresh(std::uint64_t sequence);
  // Forgets windows that are both older than `keep` behind the newest and beyond the newest `min_windows`, and in any case
  // beyond `max_windows`. Returns how many.
  std::size_t Evict(std::chrono::hours keep, std::size_t min_windows, std::size_t max_windows);

  Name coin() const { return coin_; }
  Name source() const { return source_; }
  Name quote() const { return quote_; }
  // From here on every window of the table is in memory.
  Timestamp complete_from() const { return complete_from_; }
  // Forgets what is older than `from`, which the table alone answers for.
  void SetCompleteFrom(Timestamp from);
  std::size_t size() const { return slots_.size(); }
  bool has_pending() const { return pending_ > 0; }
  std::uint64_t sequence() const { return sequence_; }
  // The latest tick by (event time, trade id, price), if one was seen in this process.
  const std::optional<Tick>& latest_tick() const { return latest_tick_; }
  const WindowView* Newest() const { return slots_.empty() ? nullptr : &slots_.rbegin()->second.shown; }
  const WindowView* At(Timestamp start) const;
  // The newest window that starts before `time`; null when there is none.
  const WindowView* LastBefore(Timestamp time) const;
  // Calls `visit(view)` for windows in [from, to), oldest first.
  template <class Visit>
  void ForEach(Timestamp from, Timestamp to, Visit visit) const {
    for (auto it = slots_.lower_bound(from); it != slots_.end() && it->first < to; ++it) visit(it->second.shown);
  }
  // The same for the newest `count` windows, newest first.
  template <class Visit>
  void ForEachNewest(std::size_t count, Visit visit) const {
    for (auto it = slots_.rbegin(); it != slots_.rend() && count > 0; ++it, --count) visit(it->second.shown);
  }

 private:
  struct Pending {
    std::uint64_t batch;
    Tick tick;
  };
  // A window without a gold row: what is durable, and what is not in silver yet.
  struct Open {
    WindowAccumulator durable;
    std::vector<Pending> pending;
  };
  struct Slot {
    std::unique_ptr<Open> open;  // null: gold's row answers
    WindowView shown;
  };
  using Slots = std::map<Timestamp, Slot>;

  // The open window of a tick, made if need be; null when gold answers for it or it lies before what memory holds.
  Open* OpenWindow(Timestamp start, Timestamp closed);
  void Touch(Timestamp start);
  void OfferLatest(const Tick& tick);

  const Name coin_, source_, quote_;
  Timestamp complete_from_;
  std::uint64_t committed_batch_ = 0;
  std::uint64_t sequence_ = 0;
  std::size_t pending_ = 0;
  Slots slots_;
  std::vector<Timestamp> touched_;  // windows to fold at the next Refresh
  std::optional<Tick> latest_tick_;
};

}  // namespace cryptostream
