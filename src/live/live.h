#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "delta/snapshot.h"
#include "live/series.h"
#include "market/source_order.h"

namespace cryptostream {

// What Live keeps in memory at most.
struct LiveLimits {
  std::chrono::hours keep{25};            // behind the newest window of the same coin and source: a day's candle is always whole
  std::size_t min_windows = 512;          // of a series are kept however old they are
  std::size_t max_windows = 400'000;      // in all; shared evenly by the series
  std::size_t max_series = 2'000;         // further coins are served from the table only
  std::size_t max_provisional = 100'000;  // ticks; more than this show only once they are in silver
};

// Which rows of a coin are asked for, one a minute: of one source, in one currency; or those that are chosen by the order in force, as far as
// they are in one currency, where none is given the headline's.
struct SeriesAsked {
  std::string source, quote;
  bool among_chosen = false;  // `quote` is one of the chosen rows'
  bool chosen() const { return source.empty() && (quote.empty() || among_chosen); }
};

// Orders names by text, and finds one by text without interning it: what a client asks for must not fill the table of names.
struct NameLess {
  using is_transparent = void;
  bool operator()(Name a, Name b) const { return a < b; }
  bool operator()(Name a, std::string_view b) const { return a.str() < b; }
  bool operator()(std::string_view a, Name b) const { return a < b.str(); }
};

// The headline of one coin.
struct CoinView {
  Name coin;
  Name source;  // the one that answers
  Name quote;   // the currency of all figures
  Name symbol;  // empty when unknown
  double price = kNull;
  double change_24h_pct = kNull, market_cap = kNull, volume_24h = kNull;
  Timestamp last_updated = kNoTime;
  Timestamp event_time{};
  // Of Coins() only: prices 24 minutes apart over the last 24 h, oldest first, null where there was none; the newest price last.
  std::vector<double> spark;
};

// Windows of one coin in one currency, one a minute.
struct CoinWindows {
  Name quote;                       // empty: the coin has no window in memory
  std::vector<WindowView> windows;  // ascending
  Timestamp complete_from{};        // older windows are in the table only
  Version gold_version = kNoVersion;
  std::uint64_t sequence = 0;  // greatest of the coin's changes
  bool known = false;          // the coin has a window in memory
};

// The recent windows of all coins in memory, the open ones included: the newest answers come from here. Fed by the
// follower from the tables (Apply...) and, beside the engine, with ticks that are not durable yet (AddProvisional).
// Thread-safe. Memory is bounded by LiveLimits.
class Live {
 public:
  // `clock` is the machine's when null.
  Live(LiveLimits limits, SourceOrders orders, const Clock* clock = nullptr);

  // The orders by which rows are chosen from now on.
  void SetOrders(SourceOrders orders);

  // Shows ticks of batch number `batch` (ascending) before they are durable. Ticks that the engine would refuse as being from
  // the future are left out.
  void AddProvisional(std::uint64_t batch, const std::vector<Tick>& ticks);
  // Everything up to `through_batch` is durable in bronze at `bronze_version`; the ticks stay until silver has consumed it.
  void BronzeCommitted(std::uint64_t through_batch, Version bronze_version);

  // Adds silver's new ticks; `consumed_bronze` is silver's position after them.
  void ApplySilver(const std::vector<Tick>& ticks, std::optional<Version> consumed_bronze);
  // The same after forgetting what was folded before: the whole open tail, read anew. `is_news`: its rows came while we watched.
  void ReplaceSilverTail(const std::vector<Tick>& ticks, std::optional<Version> consumed_bronze, bool is_news);
  // Adds or replaces gold's rows. `closed`: source -> windows that end at or before are closed.
  void ApplyGold(const std::vector<GoldRow>& rows, const std::map<std::string, Timestamp>& closed, Version version);
  // Says from when on memory holds every window: per source, and for sources that are not named. What is older is
  // forgotten and left to the table. To be called before the rows of a load come.
  void SetCompleteFrom(const std::map<std::string, Timestamp>& by_source, Timestamp others);

  std::vector<CoinView> Coins() const;
  // The same without sparks, which cost most of it.
  std::vector<CoinView> Prices() const;
  std::vector<Name> CoinIds() const;
  std::size_t coin_count() const;
  std::optional<CoinView> Coin(std::string_view coin) const;
  // Windows in [from, to), one a minute, all in one currency: prices in two are never one line. Of several sources the first in the order
  // that has a row.
  CoinWindows Windows(std::string_view coin, Timestamp from, Timestamp to, const SeriesAsked& asked = {}) const;
  // The newest `count` windows, still ascending.
  CoinWindows NewestWindows(std::string_view coin, std::size_t count, const SeriesAsked& asked = {}) const;
  // Coins whose windows changed after `sequence`.
  std::vector<Name> ChangedSince(std::uint64_t sequence) const;
  // Starts of the oldest window of the coin that changed after `sequence` and of its newest window; nullopt: none changed.
  std::optional<TimeSpan> ChangedSpan(std::string_view coin, std::uint64_t sequence) const;
  // True when memory has a window of the coin.
  bool Knows(std::string_view coin) const;
  std::uint64_t CoinSequence(std::string_view coin) const;
  std::uint64_t sequence() const;
  Version gold_version() const;
  // source -> end of its closed windows.
  std::map<std::string, Timestamp> Closed() const;
  // source -> newest event time seen.
  std::map<std::string, Timestamp> NewestEvents() const;

  // When the last tick of a source came in while we watched; kNoTime: none did.
  Timestamp LastFed(Name source) const;

  // Called after each change, without the lock, on the feeding thread. Set before feeding starts.
  void OnChange(std::function<void()> notify) { notify_ = std::move(notify); }

 private:
  using SourceSeries = std::map<std::pair<Name, Name>, std::unique_ptr<Series>>;  // of one coin, by source and quote
  struct Batch {
    std::uint64_t number;
    std::optional<Version> bronze_version;
    std::size_t ticks;
  };

  Series* Find(Name coin, Name source, Name quote);
  Timestamp ClosedOf(Name source) const;
  Timestamp CompleteFromOf(Name source) const;
  void FoldSilver(const std::vector<Tick>& ticks, std::optional<Version> consumed_bronze);
  void NoteFed(const std::vector<Tick>& ticks);
  void DropConsumed(Version consumed_bronze);
  // Folds what was touched, marks the change and keeps to the limits.
  void Finish();
  // The series of a coin that are asked for, in the order in which they answer.
  std::vector<const Series*> Ordered(Name coin, const SourceSeries& all, const SeriesAsked& asked = {}) const;
  // The one of these that makes the headline; null: none has a window.
  static const Series* Best(const std::vector<const Series*>& ordered);
  CoinView Headline(Name coin, const SourceSeries& all) const;
  // The line beside the headline, over the period of its change.
  static std::vector<double> Spark(const std::vector<const Series*>& ordered, Timestamp now, double price);
  CoinWindows Collect(std::string_view coin, Timestamp from, Timestamp to, const SeriesAsked& asked) const;
  void Notify() const;

  const LiveLimits limits_;
  const Clock& clock_;
  std::function<void()> notify_;

  mutable std::mutex mutex_;
  SourceOrders orders_;
  std::map<Name, SourceSeries, NameLess> coins_;
  std::map<Name, Timestamp> closed_;
  std::map<Name, Timestamp> last_fed_;
  std::map<Name, Timestamp> complete_from_;
  Timestamp others_complete_from_ = kNoTime;
  std::deque<Batch> batches_;
  std::uint64_t committed_batch_ = 0, dropped_batch_ = 0;
  std::size_t provisional_ = 0;
  std::size_t series_ = 0;
  std::uint64_t sequence_ = 1;  // of the last change; 0 is who has seen nothing
  Version gold_version_ = kNoVersion;
};

}  // namespace cryptostream
