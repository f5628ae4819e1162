#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/stop.h"
#include "delta/log_watch.h"
#include "delta/table.h"
#include "live/coin_labels.h"
#include "live/live.h"
#include "live/tail_plan.h"
#include "market/quote.h"
#include "market/schema.h"
#include "market/source_order.h"

namespace cryptostream {

// Size of a table at a version.
struct TableFacts {
  Version version = kNoVersion;
  std::int64_t rows = 0, files = 0, bytes = 0;
};

struct FollowerOptions {
  std::chrono::milliseconds poll_interval{1000};
  std::chrono::milliseconds min_gap{100};  // between polls, however often it is poked
  std::chrono::milliseconds facts_interval{2000};
  std::chrono::hours keep{25};  // as LiveLimits::keep
  QuoteSettings quotes{};       // currencies of sources, where silver has not recorded them
  SourceOrderSettings order{};  // of the chosen rows, where gold has not recorded one
  // Called once when the tables were removed or others lie in their place; nothing is followed from then on. On the follower's thread.
  std::function<void()> on_replaced{};
};

// A table of the lake at the version that the follower has seen.
struct FollowedTable {
  std::shared_ptr<const Snapshot> snapshot;  // null while there is no table
  std::string root;
  TimesBySource closed;  // of a table of windows: its windows that end at or before are complete; of chosen rows by "chosen"
};

// Follows the logs of silver and of every source's gold and feeds Live, in `run` and in `serve` alike. Gold first, silver second: then every
// tick of a window that gold has not closed is either in memory or comes with this poll. A thread of its own; the getters are
// thread-safe.
class Follower {
 public:
  Follower(const std::filesystem::path& root, std::shared_ptr<Live> live, FollowerOptions options);
  ~Follower();

  void Start();
  void Stop();
  // Polls soon. Never blocks.
  void Poke();
  // Polls now and waits until that poll has ended, at most `time`. For a reader whose snapshot turned out to be old.
  void PollAndWait(std::chrono::milliseconds time);
  // One poll, for tests and for the first load. Requires: not started, or called by the thread.
  Status Poll();

  // A table, bronze, quarantine and gaps as they were counted last. Of every source's minutes and of silver it is the version that Live
  // reflects; of a lake of an earlier format there are no chosen rows.
  FollowedTable followed(const TableLayout& layout) const;
  // By which rows are chosen.
  SourceOrders orders() const;
  std::map<std::string, TableFacts> facts() const;
  // source -> newest event time that silver has consumed in every partition.
  TimesBySource watermarks() const;
  // A row's currency as SQL, of its columns `source` and `quote`.
  std::string QuoteSql() const;
  // What the coins are called.
  const CoinLabels& labels() const { return labels_; }
  // Why the last poll failed; empty when it did not.
  std::string trouble() const;
  bool loaded() const { return loaded_; }
  // True when the last poll found none of the lake's tables.
  bool finds_no_lake() const { return finds_no_lake_; }

 private:
  struct Followed {
    std::unique_ptr<Table> table;
    std::filesystem::path place;
    std::optional<LogWatch> watch;  // there is one when there is a table
    Version version = kNoVersion;   // up to which Live has it
  };

  void Run(StopToken stop);
  bool PlaceIsTaken(const TableLayout& layout) const;
  Result<bool> Open(const TableLayout& layout);
  Status FollowGold();
  Status LoadGold();
  void Pin(const TableLayout& layout, std::shared_ptr<const Snapshot> snapshot, TimesBySource closed);
  Status ApplyGoldCommit(const CommitActions& commit);
  Status FollowDerived(const TableLayout& layout);
  Status FollowSilver();
  Status LoadSilver();
  Status ApplySilverCommits(const std::vector<CommitActions>& commits);
  Status RefreshFacts();
  void NotePositions(const std::map<std::string, std::int64_t>& txns);
  TimesBySource NewestEvents() const;

  const std::filesystem::path root_;
  const std::shared_ptr<Live> live_;
  const FollowerOptions options_;

  // Of the polling thread.
  std::map<const TableLayout*, Followed> tables_;
  Followed &bronze_ = tables_[&BronzeLayout()], &silver_ = tables_[&SilverLayout()], &gold_ = tables_[&SourcesLayout()];
  TimesBySource closed_;
  std::map<std::string, std::map<std::string, Timestamp>> event_times_;  // source -> partition -> newest event time
  std::optional<Version> consumed_bronze_;
  SourceQuotes quotes_;
  std::chrono::steady_clock::time_point next_facts_{};
  std::size_t coins_labelled_ = 0;
  bool names_left_ = false;  // in files of bronze that were not looked into
  CoinLabels labels_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool poked_ = false;
  std::uint64_t polls_begun_ = 0, polls_ended_ = 0;
  std::map<const TableLayout*, FollowedTable> pinned_;
  SourceOrders orders_;
  std::map<std::string, TableFacts> facts_;
  TimesBySource watermarks_;
  std::string trouble_;
  bool replaced_ = false;  // of the follower's thread
  std::atomic<bool> loaded_{false}, finds_no_lake_{false};
  std::jthread thread_;
};

}  // namespace cryptostream
