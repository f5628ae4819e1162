#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "lake/silver_reader.h"
#include "market/tick.h"

namespace cryptostream {

enum class Duplicate {
  kNo,
  kYes,       // the same row came before: drop it
  kConflict,  // a trade of the same id came before with other content: the first stays
};

// Remembers which rows silver has. Two trades are the same by (source, symbol, trade id), two observations when every column but the
// receive time is equal. Per source it holds all keys at or after a floor of event time (two lateness horizons
// behind the newest); an older row is looked up in silver by its time first (NeedsLookup, Remember).
// Keys are 128-bit hashes: 32 bytes a row, and no two different rows in 10^18 fall together.
class DuplicateFilter {
 public:
  explicit DuplicateFilter(std::chrono::milliseconds horizon) : horizon_(horizon) {}

  // True when the row is older than what memory holds of its source.
  bool NeedsLookup(const Tick& tick) const;
  // Takes in a row that silver has.
  void Remember(const Tick& tick);
  // Says whether the row came before; if not, it is remembered.
  Duplicate Check(const Tick& tick);
  // Forgets what lies behind the horizon of each source, and more when over kMaxRows. Call after each batch.
  void Trim();
  // Where a source's memory begins, given the newest event time of it: where Load has to read silver from.
  Timestamp FloorFor(Timestamp newest_event) const;
  void SetFloor(Name source, Timestamp floor, Timestamp newest);
  std::size_t rows() const;

  static constexpr std::size_t kMaxRows = 4'000'000;

 private:
  struct Key {
    std::uint64_t high, low;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return key.low; }
  };
  struct Memory {
    Timestamp floor = Timestamp::min();
    Timestamp newest = Timestamp::min();
    std::unordered_map<Key, std::uint64_t, KeyHash> content;  // key -> hash of the content
    std::map<Timestamp, std::vector<Key>> by_minute;
  };
  static Key KeyOf(const Tick& tick);
  static std::uint64_t ContentOf(const Tick& tick);
  static void TrimTo(Memory& memory, Timestamp floor);

  const std::chrono::milliseconds horizon_;
  std::unordered_map<Name, Memory> sources_;
};

}  // namespace cryptostream
