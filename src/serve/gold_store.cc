// Older windows from the table. In: a coin and a range. Out: minutes. Only the files of the days in the range are named to
// DuckDB: a year of daily files costs as much as a few when a week is asked for. 1-minute rows are fetched and folded by our own
// code, not by SQL, so that bars on both sides of the seam to memory agree bit for bit.
#include "serve/gold_store.h"

#include <algorithm>

#include "query/lake_views.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMaxMinutes = 3'000'000;
constexpr std::chrono::seconds kCoinsKeptFor{60};

constexpr std::string_view kMinutesSql =
    "SELECT epoch_us(\"window\".\"start\"), source, open, max_price, min_price, close, avg_price, volume, vwap, samples "
    "FROM read_parquet($1::VARCHAR[], hive_partitioning = false) "
    "WHERE coin_id = $2 AND \"window\".\"start\" >= $3 AND \"window\".\"start\" < $4 ORDER BY 1";

double NumberOf(const SqlValue& value) {
  const double* number = std::get_if<double>(&value);
  return number == nullptr ? kNull : *number;
}

Minute MinuteOf(const std::vector<SqlValue>& row) {
  Minute minute;
  minute.start = FromMicros(std::get<std::int64_t>(row[0]));
  minute.source = Name(std::get<std::string>(row[1]));
  minute.open = NumberOf(row[2]);
  minute.high = NumberOf(row[3]);
  minute.low = NumberOf(row[4]);
  minute.close = NumberOf(row[5]);
  minute.avg = NumberOf(row[6]);
  minute.volume = NumberOf(row[7]);
  minute.vwap = NumberOf(row[8]);
  if (const auto* samples = std::get_if<std::int64_t>(&row[9])) minute.samples = *samples;
  return minute;
}

}  // namespace

GoldStore::GoldStore(const Duck& duck, const Follower& follower, SourceOrder order, std::chrono::milliseconds timeout)
    : duck_(duck), follower_(follower), order_(std::move(order)), timeout_(timeout) {}

Result<std::shared_ptr<const GoldStore::Files>> GoldStore::Pin() {
  auto snapshot = follower_.gold();
  if (!snapshot) return std::make_shared<const Files>();
  {
    std::lock_guard lock(mutex_);
    if (files_ && files_->version == snapshot->version()) return files_;
  }
  CS_ASSIGN(auto files, snapshot->Files());
  auto pinned = std::make_shared<Files>();
  pinned->version = snapshot->version();
  std::vector<std::string> paths = FilePaths(follower_.gold_root(), files);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (auto day = PartitionDay(files[i])) pinned->by_day.emplace_back(*day, std::move(paths[i]));
  }
  std::sort(pinned->by_day.begin(), pinned->by_day.end());
  std::lock_guard lock(mutex_);
  files_ = pinned;
  return files_;
}

Result<std::vector<Minute>> GoldStore::Minutes(const Files& files, const std::string& coin, Timestamp from, Timestamp to) const {
  std::vector<std::string> paths;
  for (const auto& [day, path] : files.by_day) {
    if (Timestamp(day) < to && Timestamp(day) + std::chrono::hours(24) > from) paths.push_back(path);
  }
  std::vector<Minute> minutes;
  if (paths.empty() || from >= to) return minutes;
  const std::vector<std::string>& order = order_(coin);
  auto rank = [&](Name source) {
    auto place = std::find(order.begin(), order.end(), source.str());
    return std::pair(place - order.begin(), source);
  };
  std::size_t rows = 0;
  CS_TRY(duck_.ForEachRow(kMinutesSql, {paths, coin, from, to}, {.timeout = timeout_, .max_rows = kMaxMinutes},
                          [&](const std::vector<SqlColumn>&, std::vector<SqlValue>&& row) {
                            Minute minute = MinuteOf(row);
                            if (minutes.empty() || minutes.back().start != minute.start) {
                              minutes.push_back(minute);
                            } else if (rank(minute.source) < rank(minutes.back().source)) {
                              minutes.back() = minute;
                            }
                            ++rows;
                            return true;
                          }));
  if (rows >= kMaxMinutes) return Unavailable("the range holds too many rows: ask for a shorter one or a smaller limit");
  return minutes;
}

Result<bool> GoldStore::Knows(const std::string& coin) {
  {
    std::lock_guard lock(mutex_);
    if (coins_.contains(coin)) return true;
    if (std::chrono::steady_clock::now() < coins_until_) return false;
  }
  CS_ASSIGN(auto files, Pin());
  std::set<std::string> coins;
  if (!files->by_day.empty()) {
    std::vector<std::string> paths;
    for (const auto& [day, path] : files->by_day) paths.push_back(path);
    CS_ASSIGN(auto rows, duck_.Query("SELECT DISTINCT coin_id FROM read_parquet($1::VARCHAR[], hive_partitioning = false)",
                                     {paths}, {.timeout = timeout_}));
    for (const auto& row : rows.rows) {
      if (const auto* text = std::get_if<std::string>(&row[0])) coins.insert(*text);
    }
  }
  std::lock_guard lock(mutex_);
  coins_ = std::move(coins);
  coins_until_ = std::chrono::steady_clock::now() + kCoinsKeptFor;
  return coins_.contains(coin);
}

}  // namespace cryptostream
