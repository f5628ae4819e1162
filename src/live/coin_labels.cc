// The provider's names of coins, out of bronze: each message of a poll carries the provider's own object, and a poll has all
// coins, so the first rows of the newest file nearly always say all there is. In: the files of the newest version. Out: a map in
// memory. Nothing is stored: the lake has it, so deleting state loses nothing, and `serve` apart from the engine knows it too.
//
// Rejected: columns in silver (a name in every row, and an upgrade of every lake), a table of coins (a fifth position to keep, for
// something that a look at one file tells).
#include "live/coin_labels.h"

#include <algorithm>

#include "base/log.h"
#include "delta/data_file.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

constexpr std::size_t kFilesALook = 16;
constexpr std::size_t kPiecesAFile = 4;
constexpr std::int64_t kPieceRows = 2048;
// A lake of trades has no names at all: after so many files without one nobody looks on, until a coin is new or a renewal is due.
constexpr std::size_t kMostInVain = 256;
// A coin that is renamed shows its new name after this time.
constexpr std::chrono::hours kRenewEvery{1};

}  // namespace

std::optional<CoinLabel> CoinLabels::Find(std::string_view coin) const {
  std::lock_guard lock(mutex_);
  auto found = labels_.find(coin);
  return found == labels_.end() ? std::nullopt : std::optional(found->second);
}

bool CoinLabels::Look(const std::string& root, const std::vector<DataFile>& files, const std::vector<Name>& coins, Time now) {
  if (coins.empty()) return false;
  const bool renew = now >= renew_at_;
  Missing missing;
  for (Name coin : coins) {
    if (renew || !Find(coin.str())) missing.insert(coin.str());
  }
  if (renew) {
    renew_at_ = now + kRenewEvery;
    read_.clear();
  }
  if (renew || missing.size() > missing_before_) in_vain_ = 0;
  auto unread = Unread(files);
  std::size_t i = 0;
  for (; i < unread.size() && i < kFilesALook && !missing.empty() && in_vain_ < kMostInVain; ++i) {
    const std::size_t before = missing.size();
    Status read = ReadFile(root, *unread[i], missing);
    if (!read) LogDebug("no names from a file of bronze: file={} reason={}", unread[i]->path, read.error().message);
    read_.insert(unread[i]->path);
    in_vain_ = missing.size() < before ? 0 : in_vain_ + 1;
  }
  missing_before_ = missing.size();
  return i < unread.size() && !missing.empty() && in_vain_ < kMostInVain;
}

// Newest first.
std::vector<const DataFile*> CoinLabels::Unread(const std::vector<DataFile>& files) const {
  std::vector<const DataFile*> unread;
  for (const DataFile& file : files) {
    if (!read_.contains(file.path)) unread.push_back(&file);
  }
  std::stable_sort(unread.begin(), unread.end(), [](auto* a, auto* b) { return a->modified > b->modified; });
  return unread;
}

Status CoinLabels::ReadFile(const std::string& root, const DataFile& file, Missing& missing) {
  CS_ASSIGN(auto reader, DataFileReader::Open(root, file, BronzeLayout().schema, kPieceRows));
  for (std::size_t piece = 0; piece < kPiecesAFile && !missing.empty(); ++piece) {
    CS_ASSIGN(auto rows, reader->Next());
    if (!rows) break;
    CS_ASSIGN(auto batches, BronzeBatches(*rows));
    for (const RawBatchPtr& batch : batches) {
      for (std::size_t i = 0; i < batch->rows(); ++i) {
        const auto row = batch->row(i);
        if (row.key && !missing.contains(*row.key)) continue;  // a key, where there is one, is the coin
        auto coin = reader_.Read(row.value);
        if (!coin || missing.erase(coin->coin_id) == 0) continue;
        std::lock_guard lock(mutex_);
        labels_[coin->coin_id] = std::move(coin->label);
      }
    }
  }
  return {};
}

}  // namespace cryptostream
