// Older windows from the table. In: a coin and a range. Out: minutes. Only the files of the days in the range are named to
// DuckDB: a year of daily files costs as much as a few when a week is asked for. 1-minute rows are fetched and folded by our own
// code, not by SQL, so that bars on both sides of the seam to memory agree bit for bit. Hours and days come from the rollups where
// those say the same (rollup_plan.h): a year by the hour is 8,760 rows and not 525,600.
#include "live/gold_store.h"

#include <algorithm>

#include "query/lake_views.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMaxMinutes = 3'000'000;
constexpr std::chrono::seconds kCoinsKeptFor{60};

std::string MinuteColumns() {
  std::string columns = "epoch_us(\"window\".\"start\")";
  ForEachColumn(kBarFields, [&](const auto& field) { columns += ", " + SqlIdentifier(std::string(field.GoldColumn())); });
  return columns;
}

void Take(const SqlValue& value, double& out) {
  if (const auto* number = std::get_if<double>(&value)) out = *number;
}
void Take(const SqlValue& value, std::int64_t& out) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) out = *whole;
}
void Take(const SqlValue& value, Name& out) {
  if (const auto* text = std::get_if<std::string>(&value)) out = Name(*text);
}

Minute MinuteOf(const std::vector<SqlValue>& row) {
  Minute minute;
  minute.start = FromMicros(std::get<std::int64_t>(row[0]));
  ForEachColumnAt(kBarFields, [&]<std::size_t I, class Field>(const Field&) { Take(row[1 + I], Field::Of(minute)); });
  return minute;
}

}  // namespace

GoldStore::GoldStore(const Duck& duck, const Follower& follower, SourceOrder order, std::chrono::milliseconds timeout)
    : duck_(duck), follower_(follower), order_(std::move(order)), timeout_(timeout) {}

Result<GoldStore::DayFiles> GoldStore::FilesByDay(const FollowedTable& table) {
  DayFiles out;
  if (!table.snapshot) return out;
  CS_ASSIGN(auto files, table.snapshot->Files());
  out.version = table.snapshot->version();
  out.closed = table.closed;
  std::vector<std::string> paths = FilePaths(table.root, files);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (auto day = PartitionDay(files[i])) out.by_day.emplace_back(*day, std::move(paths[i]));
  }
  std::sort(out.by_day.begin(), out.by_day.end());
  return out;
}

Result<std::shared_ptr<const GoldStore::Files>> GoldStore::Pin() {
  FollowedTable gold = follower_.gold();
  if (!gold.snapshot) return std::make_shared<const Files>();
  std::shared_ptr<const Files> known;
  {
    std::lock_guard lock(mutex_);
    known = files_;
  }
  auto is_known = [](const FollowedTable& table, const DayFiles* files) {
    return files != nullptr && (table.snapshot ? table.snapshot->version() : kNoVersion) == files->version;
  };
  auto pinned = std::make_shared<Files>();
  bool changed = !is_known(gold, known.get());
  if (changed) {
    CS_ASSIGN(static_cast<DayFiles&>(*pinned), FilesByDay(gold));
  } else {
    static_cast<DayFiles&>(*pinned) = *known;
  }
  for (const RollupTable* rollup : {&HourlyRollup(), &DailyRollup()}) {
    FollowedTable table = follower_.rollup(rollup->period);
    const DayFiles* before = known ? &known->rollups.at(rollup->period) : nullptr;
    if (is_known(table, before)) {
      pinned->rollups[rollup->period] = *before;
      continue;
    }
    changed = true;
    CS_ASSIGN(pinned->rollups[rollup->period], FilesByDay(table));
  }
  if (!changed) return known;
  std::lock_guard lock(mutex_);
  files_ = pinned;
  return files_;
}

std::string GoldStore::RowsSql() const {
  static const std::string files = ReadParquet(GoldLayout(), "$1::VARCHAR[]");
  return " FROM (SELECT * REPLACE (" + follower_.QuoteSql() + " AS quote) FROM " + files +
         ") WHERE coin_id = $2 AND \"window\".\"start\" >= $3 AND \"window\".\"start\" < $4 AND ($5 = '' OR quote = $5)";
}

// Rows of a coin that start in the range, ascending, of all sources.
Status GoldStore::ForEachRow(const DayFiles& files, const CoinQuote& of, TimeSpan range, const RowVisitor& visit) const {
  std::vector<std::string> paths;
  for (const auto& [day, path] : files.by_day) {
    if (Timestamp(day) < range.to && Timestamp(day) + std::chrono::hours(24) > range.from) paths.push_back(path);
  }
  if (paths.empty() || range.from >= range.to) return {};
  std::size_t rows = 0;
  static const std::string columns = MinuteColumns();
  const std::string sql = "SELECT " + columns + RowsSql() + " ORDER BY 1";
  CS_TRY(duck_.ForEachRow(sql, {paths, of.coin, range.from, range.to, of.quote}, {.timeout = timeout_, .max_rows = kMaxMinutes},
                          [&](const std::vector<SqlColumn>&, std::vector<SqlValue>&& row) {
                            visit(MinuteOf(row));
                            ++rows;
                            return true;
                          }));
  if (rows >= kMaxMinutes) return Unavailable("the range holds too many rows: ask for a shorter one or a smaller limit");
  return {};
}

Result<std::vector<Minute>> GoldStore::Minutes(const Files& files, const CoinQuote& of, Timestamp from, Timestamp to) const {
  const std::vector<std::string>& order = order_(of.coin);
  auto rank = [&](Name source) {
    auto place = std::find(order.begin(), order.end(), source.str());
    return std::pair(place - order.begin(), source);
  };
  std::vector<Minute> minutes;
  CS_TRY(ForEachRow(files, of, {from, to}, [&](const Minute& minute) {
    if (minutes.empty() || minutes.back().start != minute.start) {
      minutes.push_back(minute);
    } else if (rank(minute.source) < rank(minutes.back().source)) {
      minutes.back() = minute;
    }
  }));
  return minutes;
}

Result<std::vector<Minute>> GoldStore::Parts(const Files& files, const CoinQuote& of, TimeSpan range,
                                             std::chrono::minutes interval) const {
  // The longest period that the interval is made of.
  const std::pair<const std::chrono::minutes, DayFiles>* rollup = nullptr;
  for (const auto& entry : files.rollups) {
    if (interval % entry.first == std::chrono::minutes(0) && !entry.second.by_day.empty()) rollup = &entry;
  }
  if (rollup == nullptr) return Minutes(files, of, range.from, range.to);
  std::vector<Minute> rows;
  CS_TRY(ForEachRow(rollup->second, of, range, [&](Minute row) {
    row.length = rollup->first;
    rows.push_back(row);
  }));
  auto spans = MinuteSpans(range, {rollup->first, rollup->second.closed, files.closed}, rows);
  std::vector<Minute> minutes;
  for (const TimeSpan& span : spans) {
    CS_ASSIGN(auto part, Minutes(files, of, span.from, span.to));
    minutes.insert(minutes.end(), part.begin(), part.end());
  }
  return Splice(rows, spans, minutes);
}

Result<std::optional<Timestamp>> GoldStore::FirstIn(const std::vector<std::string>& paths, const CoinQuote& of, TimeSpan range,
                                                    bool newest) const {
  std::string sql = "SELECT epoch_us(" + std::string(newest ? "max" : "min") + "(\"window\".\"start\"))" + RowsSql();
  CS_ASSIGN(auto found, duck_.Query(sql, {paths, of.coin, range.from, range.to, of.quote}, {.timeout = timeout_}));
  const auto* micros = found.rows.empty() ? nullptr : std::get_if<std::int64_t>(&found.rows[0][0]);
  return micros == nullptr ? std::nullopt : std::optional(FromMicros(*micros));
}

// Looks through the days in their order, a few at first and ever more: the coin has rows in the first days most often.
// Days without files cost nothing, however long a gap is.
Result<std::optional<Timestamp>> GoldStore::NearestIn(std::vector<std::pair<Date, std::string>> days, const CoinQuote& of,
                                                      TimeSpan range, bool newest) const {
  std::size_t count = 8;
  for (std::size_t begin = 0; begin < days.size(); count *= 4) {
    std::size_t end = std::min(days.size(), begin + count);
    while (end < days.size() && days[end].first == days[end - 1].first) ++end;  // a day is looked at as a whole
    std::vector<std::string> paths;
    for (; begin < end; ++begin) paths.push_back(std::move(days[begin].second));
    CS_ASSIGN(auto found, FirstIn(paths, of, range, newest));
    if (found) return found;
  }
  return std::nullopt;
}

Result<std::optional<Timestamp>> GoldStore::NewestBefore(const Files& files, const CoinQuote& of, Timestamp time) const {
  std::vector<std::pair<Date, std::string>> days;
  for (auto it = files.by_day.rbegin(); it != files.by_day.rend(); ++it) {
    if (Timestamp(it->first) < time) days.push_back(*it);
  }
  return NearestIn(std::move(days), of, {Timestamp(), time}, true);
}

Result<std::optional<Timestamp>> GoldStore::OldestFrom(const Files& files, const CoinQuote& of, Timestamp time) const {
  std::vector<std::pair<Date, std::string>> days;
  for (const auto& day : files.by_day) {
    if (Timestamp(day.first) + std::chrono::hours(24) > time) days.push_back(day);
  }
  return NearestIn(std::move(days), of, {time, Timestamp::max()}, false);
}

Result<std::string> GoldStore::NewestQuote(const Files& files, const std::string& coin) const {
  CS_ASSIGN(auto newest, NewestBefore(files, {coin, ""}, Timestamp::max()));
  if (!newest) return std::string();
  std::map<std::string, std::string> by_source;
  CS_TRY(ForEachRow(files, {coin, ""}, {*newest, *newest + kWindow},
                    [&](const Minute& minute) { by_source.emplace(minute.source.str(), minute.quote.str()); }));
  for (const std::string& source : order_(coin)) {
    if (auto found = by_source.find(source); found != by_source.end()) return found->second;
  }
  return by_source.empty() ? std::string() : by_source.begin()->second;
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
