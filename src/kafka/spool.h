#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "market/raw_batch.h"

struct sqlite3;

namespace cryptostream {

// What was taken from a source and is not yet acknowledged by the broker: batches in order, in one SQLite file, and how far each source has
// come. A batch is durable when Append returns; it goes when Remove says that it was delivered. Everything read from the file is checked
// against a checksum that was written with it. A reader that keeps up gets batches out of memory. One process at a time (a lock is
// held for life). Thread-safe.
class Spool {
 public:
  struct Entry {
    std::int64_t number = 0;
    RawBatch batch;
  };
  // One reject or one gap, as a batch without rows. Numbers grow, with holes.
  struct Mark {
    std::int64_t number = 0;
    RawBatch mark;
  };

  // Opens or makes the file. Errors: Conflict (another process has it), Corrupt (naming file and what is wrong), Unavailable.
  static Result<std::unique_ptr<Spool>> Open(const std::filesystem::path& file, std::uint64_t max_bytes);
  ~Spool();

  // How far a source has come: the next position that it shall deliver, 0 for a new one.
  std::int64_t Position(const std::string& position_id) const;
  // All positions and marks whose id starts so.
  std::map<std::string, std::int64_t> PositionsOf(std::string_view prefix) const;
  // When the newest row of a live source was received that the spool ever took; nullopt: none.
  std::optional<Timestamp> Newest(std::string_view source) const;
  // Takes a batch together with the position that it reaches. Errors: Unavailable (the disk is full or fails; nothing was taken).
  Status Append(const RawBatch& batch);
  // The first batch after `number`; nullopt when there is none. Errors: Corrupt, naming file and batch.
  Result<std::optional<Entry>> ReadAfter(std::int64_t number);
  // Forgets all batches up to `number`: their messages are delivered. Takes their marks in the same transaction; what finds no room is
  // dropped and counted. Errors: Unavailable.
  Status Remove(std::int64_t number, const std::vector<RawBatch>& marks = {}, Timestamp now = {});
  // The oldest marks, some MiB at most. Errors: Corrupt, naming file and mark.
  Result<std::vector<Mark>> OldestMarks(std::size_t count);
  // Forgets marks up to `through`: they are delivered. If some were dropped, that is a mark now. Errors: Unavailable.
  Status RemoveMarks(std::int64_t through, Timestamp now);

  bool empty() const;
  std::int64_t first() const;   // number of the oldest batch that is left (or will come)
  std::uint64_t bytes() const;  // of what is left
  std::uint64_t max_bytes() const { return max_bytes_; }
  // True when `more` bytes still fit into `limit`; a batch always fits into an empty spool.
  bool HasRoom(std::uint64_t more, std::uint64_t limit) const;
  std::size_t marks() const;           // how many wait
  std::int64_t dropped_marks() const;  // since there was room for the last time
  std::uint64_t max_mark_bytes() const;
  std::string sender() const;  // this spool's name on its marks

 private:
  // What the one row of table `state` says.
  struct State {
    std::int64_t first = 1, next = 1;  // numbers of batches: [first, next)
    std::map<std::string, std::int64_t> positions;
  };

  Spool(std::filesystem::path file, std::uint64_t max_bytes) : file_(std::move(file)), max_bytes_(max_bytes) {}
  static Status Make(const std::filesystem::path& file);
  Status OpenFile(const std::filesystem::path& file, int more_flags);
  Status Execute(const char* sql) const;
  Status Check();
  Status CheckNumbers();
  Status LoadState();
  Status LoadMarks();
  Status WriteMarks(const std::vector<RawBatch>& marks, Timestamp now, State& next,
                    std::map<std::int64_t, std::uint64_t>& written);
  void CountMarks(const std::map<std::int64_t, std::uint64_t>& written);
  Status StoreState(const State& state) const;
  Status Transaction(State next, const std::function<Status(State&)>& change);
  void Keep(std::int64_t number, const RawBatch& batch, std::uint64_t bytes);
  std::optional<Entry> TakeFromMemory(std::int64_t number);
  Error Wrong(const std::string& what) const;
  Error Failed(const std::string& what) const;

  const std::filesystem::path file_;
  const std::uint64_t max_bytes_;
  FileLock lock_;
  mutable std::mutex mutex_;
  sqlite3* db_ = nullptr;                        // guarded by mutex_, as all below
  State state_;                                  // as it is on the disk
  std::map<std::int64_t, std::uint64_t> sizes_;  // of the batches that are left
  std::uint64_t bytes_ = 0;
  std::map<std::int64_t, std::uint64_t> mark_bytes_;  // of the marks that are left
  std::uint64_t mark_total_ = 0;
  std::mutex kept_mutex_;  // apart, so that a reader does not wait for the disk
  std::map<std::int64_t, std::pair<RawBatch, std::uint64_t>>
      kept_;                      // durable, not yet read, with its bytes; guarded by kept_mutex_
  std::uint64_t kept_bytes_ = 0;  // guarded by kept_mutex_
};

}  // namespace cryptostream
