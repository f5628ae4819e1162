#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/stop.h"
#include "sink/feed.h"
#include "sink/options.h"

namespace cryptostream {

// Called on the sink's thread.
struct SinkHooks {
  // What it does, in words, whenever that changes; `trouble`: nothing comes through.
  std::function<void(bool trouble, const std::string& words)> report;
  // Rows of the tables that are being copied.
  std::function<void(std::int64_t done, std::int64_t total, const std::string& words)> progress;
};

// Keeps a database up to date with a lake that somebody else writes. It only reads tables, so it is the same
// beside the engine and in a process of its own, and nothing that the database does or fails to do reaches
// the engine. Life: Start makes a thread; it tries for ever, with growing pauses while the database is away;
// Stop (or the destructor) ends it at once, what was not committed comes again. Thread-safe.
class Sink {
 public:
  // In: a lake, which need not be there yet. `own_schema`: rows of other lakes go.
  Sink(SinkOptions options, std::filesystem::path root, bool own_schema, SinkHooks hooks);
  ~Sink();

  void Start();
  void Stop();
  // Waits until everything that the lake has now is in the database. Out: false when it was stopped, when
  // `patience` has passed, or, unless `through_trouble`, when there is trouble.
  bool CatchUp(std::chrono::milliseconds patience, bool through_trouble, StopToken stop);
  // The trouble that it has, in words; empty: none.
  std::string trouble() const;

 private:
  void Run(StopToken stop);
  Status Connect(StopToken stop);
  Status TakeLock();
  Result<bool> Round();
  bool StepFeed(std::size_t i, Status& failed);
  void Tell(const Status& state, bool caught_up);
  void TellProgress() const;
  void NotePositions();
  void Disconnect();

  const SinkOptions options_;
  const std::filesystem::path root_;
  const bool own_schema_;
  const SinkHooks hooks_;

  // Of its thread.
  std::deque<Feed> feeds_;
  // Of feeds with trouble of their own: what it is, and when they are tried again.
  struct Rest {
    std::chrono::steady_clock::time_point until{};
    std::optional<Error> why;
  };
  std::vector<Rest> rests_;
  std::unique_ptr<PgConnection> db_;
  MonthPartitions months_;
  StopToken stop_;
  std::chrono::steady_clock::time_point caught_up_at_, noted_at_{};
  std::string noted_, said_;
  bool note_failed_ = false, worked_ = false;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t rounds_begun_ = 0, rounds_clean_ = 0;  // guarded by mutex_; `clean`: the last round that left nothing behind
  bool poked_ = false;                                 // guarded by mutex_
  std::string trouble_;                                // guarded by mutex_
  std::jthread thread_;
};

}  // namespace cryptostream
