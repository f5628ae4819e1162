#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "market/coin_label.h"
#include "market/name.h"

namespace cryptostream {

// What the coins of a lake are called, found in its bronze table. Look() is for one thread; Find() is thread-safe.
class CoinLabels {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // The label of a coin; nullopt where bronze has not said one (yet).
  std::optional<CoinLabel> Find(std::string_view coin) const;

  // Looks for what is missing. In: bronze's root and live files, the coins that are shown. Cheap when nothing is missing, bounded
  // when something is. Out: whether the next call, with the same files, may find more. A file that cannot be read says nothing.
  bool Look(const std::string& root, const std::vector<DataFile>& files, const std::vector<Name>& coins, Time now);

 private:
  using Missing = std::set<std::string, std::less<>>;

  std::vector<const DataFile*> Unread(const std::vector<DataFile>& files) const;
  // Takes the labels of missing coins out of one file.
  Status ReadFile(const std::string& root, const DataFile& file, Missing& missing);

  // Of the looking thread.
  CoinLabelReader reader_;
  std::set<std::string> read_;  // paths that were looked into
  std::size_t in_vain_ = 0;     // files since one had something
  std::size_t missing_before_ = 0;
  Time renew_at_{};

  mutable std::mutex mutex_;
  std::map<std::string, CoinLabel, std::less<>> labels_;
};

}  // namespace cryptostream
