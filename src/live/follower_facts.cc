// What the follower tells besides the rows: how large the tables are, and which versions are pinned. In: the tables that
// follower.cc has opened. Out: figures for the status and the metrics.
#include <algorithm>

#include "live/follower.h"
#include "market/schema.h"

namespace cryptostream {

Status Follower::RefreshFacts() {
  auto begin = std::chrono::steady_clock::now();
  std::map<std::string, TableFacts> all = facts();
  const std::pair<const TableLayout*, Followed*> tables[] = {
      {&BronzeLayout(), &bronze_}, {&SilverLayout(), &silver_},         {&GoldLayout(), &gold_}, {&GoldHourLayout(), &hourly_},
      {&GoldDayLayout(), &daily_}, {&QuarantineLayout(), &quarantine_}, {&GapsLayout(), &gaps_}};
  for (auto [layout, followed] : tables) {
    const bool fresh = followed == &silver_ || followed == &gold_ || followed == &hourly_ || followed == &daily_;
    if (!fresh) CS_TRY(Open(layout->path.c_str(), *followed));  // the others were followed just now
    TableFacts& facts = all[layout->name];
    if (!followed->table) continue;
    auto snapshot = followed->table->snapshot();
    const bool label = followed == &bronze_ && (names_left_ || live_->CoinIds().size() > coins_labelled_);
    if (facts.version == snapshot->version() && !label) continue;
    CS_ASSIGN(auto files, snapshot->Files());
    facts = {.version = snapshot->version()};
    facts.files = static_cast<std::int64_t>(files.size());
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

FollowedTable Follower::gold() const {
  std::lock_guard lock(mutex_);
  return gold_pinned_;
}

FollowedTable Follower::rollup(std::chrono::minutes period) const {
  std::lock_guard lock(mutex_);
  auto found = rollups_pinned_.find(period);
  return found == rollups_pinned_.end() ? FollowedTable() : found->second;
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
