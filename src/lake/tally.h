#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace cryptostream {

// What became of the messages that this process worked in: for the words at the end of an input. Thread-safe.
class Tally {
 public:
  struct Counts {
    std::int64_t bronze = 0;                       // rows
    std::int64_t silver = 0;                       // rows that are new
    std::int64_t duplicates = 0;                   // rows that silver had
    std::map<std::string, std::int64_t> rejected;  // by the reason's code, by whatever stage

    std::int64_t taken() const { return silver + duplicates; }
    std::int64_t refused() const {
      std::int64_t all = 0;
      for (const auto& [code, count] : rejected) all += count;
      return all;
    }
  };

  void AddBronze(std::int64_t rows) {
    std::lock_guard lock(mutex_);
    counts_.bronze += rows;
  }
  void AddSilver(std::int64_t rows, std::int64_t duplicates) {
    std::lock_guard lock(mutex_);
    counts_.silver += rows;
    counts_.duplicates += duplicates;
  }
  void AddRejected(std::string_view code, std::int64_t rows = 1) {
    std::lock_guard lock(mutex_);
    counts_.rejected[std::string(code)] += rows;
  }
  Counts counts() const {
    std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  Counts counts_;  // guarded by mutex_
};

}  // namespace cryptostream
