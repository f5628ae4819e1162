#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "market/tick.h"

namespace cryptostream {

enum class Duplicate {
  kNo,
  kYes,       // the same row came before: drop it
  kConflict,  // a trade of the same id, or a bar of the same time, came before with other content: the first stays
};

// Remembers which rows silver has. Two trades are the same by (source, symbol, trade id), two bars by (source, symbol, length, start),
// two observations when every column but the receive time is equal, the currency included. Memory holds, per source, all rows at or after a floor of event time, kMaxRows in all; of trades it also
// knows the greatest id of each symbol. What may be in silver beyond that is looked up there: a batch goes through NeedsLookup
// and Want, then Offer of what silver has, then Check, then EndBatch. The caller computes a row's key once.
// Keys are 128-bit hashes: 24 bytes a row, and no two different rows in 10^18 fall together.
class DuplicateFilter {
 public:
  static constexpr std::size_t kMaxRows = 1'000'000;
  // What a row is told apart by. Trades and bars: who, which market, which one, and the content beside them.
  struct Key {
    std::uint64_t high, low;
    std::uint64_t content = 0;  // of trades and bars; an observation's key is its content
    friend bool operator==(const Key& a, const Key& b) { return a.high == b.high && a.low == b.low; }
  };
  explicit DuplicateFilter(std::size_t max_rows = kMaxRows) : max_rows_(max_rows) {}

  static Key KeyOf(const Tick& tick);

  // Memory is to hold every row of the source at or after `floor`; call before Remember.
  void SetFloor(Name source, Timestamp floor);
  // Takes in a row that silver has.
  void Remember(const Tick& tick);
  // Takes in that silver has a trade with this id.
  void RememberTradeId(Name source, Name symbol, std::int64_t id);

  // Whether observations as old as this may be in silver without memory knowing. If not so of a batch's oldest, it is not so of any.
  bool Forgot(Timestamp oldest) const;
  // True when silver may have the row and memory does not know it.
  bool NeedsLookup(const Tick& tick, const Key& key);
  // The rows equal to this one count when they are offered, until the batch ends.
  void Want(const Key& key);
  void Offer(const Tick& tick);
  // Says whether the row came before; if not, it is remembered.
  Duplicate Check(const Tick& tick, const Key& key);
  // Forgets what was wanted, and the oldest rows beyond kMaxRows.
  void EndBatch();
  std::size_t rows() const { return rows_; }

 private:
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return key.low; }
  };
  using Rows = boost::unordered_flat_set<Key, KeyHash>;
  struct Memory {
    Timestamp floor = Timestamp::min();
    std::map<Timestamp, Rows> minutes;
    std::unordered_map<Name, std::int64_t> greatest_ids;  // of trades, by symbol
    std::size_t rows = 0;
  };
  static const Key* FindTrade(const Memory& memory, const Key& key);
  static bool IsNewTrade(const Memory& memory, const Tick& tick);
  Memory& MemoryOf(Name source);
  Rows& MinuteOf(Memory& memory, Timestamp time);
  const Key* Insert(Memory& memory, const Tick& tick, const Key& key);

  const std::size_t max_rows_;
  std::size_t rows_ = 0;
  std::unordered_map<Name, Memory> sources_;
  // Of the row before, mostly the next one's too.
  std::pair<Name, Memory*> last_source_{{}, nullptr};
  std::pair<Timestamp, Rows*> last_minute_{{}, nullptr};
  Rows wanted_;     // asked for in this batch; the content does not matter
  Rows looked_up_;  // what silver has of them, and rows of this batch that are older than memory
};

}  // namespace cryptostream
