// What the follower tells besides the rows: how large the tables are, and which versions are pinned. In: the tables that
// follower.cc has opened. Out: figures for the status and the metrics.
#include <algorithm>

#include "live/follower.h"
#include "market/schema.h"

namespace cryptostream {

Status Follower::RefreshFacts() {
  auto begin = std::chrono::steady_clock::now();
  std::map<std::string, TableFacts> all = facts();
  const std::vector<const TableLayout*> others{&BronzeLayout(), &QuarantineLayout(), &GapsLayout()};
  for (const TableLayout* layout : AllLayouts()) {
    if (std::ranges::find(others, layout) != others.end()) CS_TRY(Open(*layout));  // the rest was followed just now
    Followed* followed = &tables_[layout];
    TableFacts& facts = all[layout->name];
    if (!followed->table) continue;
    auto snapshot = followed->table->snapshot();
    const bool label = followed == &bronze_ && (names_left_ || live_->CoinIds().size() > coins_labelled_);
    if (facts.version == snapshot->version() && !label) continue;
    CS_ASSIGN(auto files, snapshot->Files());
    facts = {.version = snapshot->version()};
    facts.files = static_cast<std::int64_t>(files.size());
    if (std::ranges::find(others, layout) != others.end()) Pin(*layout, snapshot, {});
    for (const DataFile& file : files) {
      facts.rows += std::max<std::int64_t>(0, file.rows);
      facts.bytes += file.size_bytes;
    }
    if (followed == &bronze_) {
      const std::vector<Name> coins = live_->CoinIds();
      names_left_ = labels_.Look(bronze_.table->root_path(), files, coins, begin);
      coins_labelled_ = coins.size();
    }
  }
  auto took = std::chrono::steady_clock::now() - begin;
  next_facts_ = begin + std::max<std::chrono::steady_clock::duration>(options_.facts_interval, 20 * took);
  std::lock_guard lock(mutex_);
  facts_ = std::move(all);
  return {};
}

FollowedTable Follower::followed(const TableLayout& layout) const {
  std::lock_guard lock(mutex_);
  auto found = pinned_.find(&layout);
  return found == pinned_.end() ? FollowedTable() : found->second;
}

SourceOrders Follower::orders() const {
  std::lock_guard lock(mutex_);
  return orders_;
}

std::map<std::string, TableFacts> Follower::facts() const {
  std::lock_guard lock(mutex_);
  return facts_;
}

TimesBySource Follower::watermarks() const {
  std::lock_guard lock(mutex_);
  return watermarks_;
}

std::string Follower::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace cryptostream
