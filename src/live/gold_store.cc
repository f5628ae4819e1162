// Older windows from the table. In: a coin and a range. Out: minutes. Only the files of the days in the range are named to
// DuckDB: a year of daily files costs as much as a few when a week is asked for. 1-minute rows are fetched and folded by our own
// code, not by SQL, so that bars on both sides of the seam to memory agree bit for bit. Hours and days come from the rollups where
// those say the same (rollup_plan.h): a year by the hour is 8,760 rows and not 525,600.
#include "live/gold_store.h"

#include <algorithm>
#include <ranges>

#include "delta/position.h"
#include "market/derived_table.h"
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

Timestamp Newest(const TimesBySource& times) {
  Timestamp newest = kNoTime;
  for (const auto& [source, time] : times) newest = std::max(newest, time);
  return newest;
}

}  // namespace

GoldStore::GoldStore(const Duck& duck, const Follower& follower, std::chrono::milliseconds timeout)
    : duck_(duck), follower_(follower), timeout_(timeout) {}

Timestamp GoldStore::Files::chosen_through() const {
  const DayFiles& gold = Of(GoldLayout());
  auto found = gold.closed.find(std::string(kChosen));
  return found == gold.closed.end() || gold.version == kNoVersion ? kNoTime : found->second;
}

Timestamp GoldStore::Files::oldest() const {
  Timestamp oldest = Timestamp::max();
  for (const TableLayout* layout : {&SourcesLayout(), &GoldLayout()}) {
    if (!Of(*layout).by_day.empty()) oldest = std::min(oldest, Timestamp(Of(*layout).by_day.front().first));
  }
  return oldest;
}

Timestamp GoldStore::Files::end() const {
  const DayFiles& sources = Of(SourcesLayout());
  return sources.by_day.empty() ? Timestamp::max() : Timestamp(sources.by_day.back().first) + std::chrono::hours(24);
}

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
  std::shared_ptr<const Files> known;
  {
    std::lock_guard lock(mutex_);
    known = files_;
  }
  auto pinned = std::make_shared<Files>();
  pinned->orders = follower_.orders();
  bool changed = known == nullptr || known->orders.records().size() != pinned->orders.records().size();
  std::vector<const TableLayout*> layouts{&SourcesLayout()};
  for (const DerivedTable* table : DerivedTables()) layouts.push_back(table->layout);
  for (const TableLayout* layout : layouts) {
    FollowedTable table = follower_.followed(*layout);
    const DayFiles* before = known ? &known->Of(*layout) : nullptr;
    if (before != nullptr && (table.snapshot ? table.snapshot->version() : kNoVersion) == before->version) {
      pinned->tables[layout] = *before;
      continue;
    }
    changed = true;
    CS_ASSIGN(pinned->tables[layout], FilesByDay(table));
  }
  if (!changed) return known;
  std::lock_guard lock(mutex_);
  files_ = pinned;
  return files_;
}

Result<std::shared_ptr<const GoldStore::Files>> GoldStore::FilesOf(const std::map<const TableLayout*, FollowedTable>& tables,
                                                                   SourceOrders orders) {
  auto files = std::make_shared<Files>();
  files->orders = std::move(orders);
  std::vector<const TableLayout*> layouts{&SourcesLayout()};
  for (const DerivedTable* table : DerivedTables()) layouts.push_back(table->layout);
  for (const TableLayout* layout : layouts) {
    auto found = tables.find(layout);
    CS_ASSIGN(files->tables[layout], FilesByDay(found == tables.end() ? FollowedTable() : found->second));
  }
  return files;
}

std::string GoldStore::RowsSql() const {
  static const std::string files = ReadParquet(GoldLayout(), "$1::VARCHAR[]");
  return " FROM (SELECT * REPLACE (" + follower_.QuoteSql() + " AS quote) FROM " + files +
         ") WHERE coin_id = $2 AND \"window\".\"start\" >= $3 AND \"window\".\"start\" < $4 AND ($5 = '' OR quote = $5) "
         "AND ($6 = '' OR source = $6)";
}

// Rows of a coin that start in the range, ascending, of all sources.
Status GoldStore::ForEachRow(const DayFiles& files, const CoinRows& of, TimeSpan range, const RowVisitor& visit) const {
  std::vector<std::string> paths;
  for (const auto& [day, path] : files.by_day) {
    if (Timestamp(day) < range.to && Timestamp(day) + std::chrono::hours(24) > range.from) paths.push_back(path);
  }
  if (paths.empty() || range.from >= range.to) return {};
  std::size_t rows = 0;
  static const std::string columns = MinuteColumns();
  const std::string sql = "SELECT " + columns + RowsSql() + " ORDER BY 1";
  CS_TRY(duck_.ForEachRow(sql, {paths, of.coin, range.from, range.to, of.quote, of.source},
                          {.timeout = timeout_, .max_rows = kMaxMinutes},
                          [&](const std::vector<SqlColumn>&, std::vector<SqlValue>&& row) {
                            visit(MinuteOf(row));
                            ++rows;
                            return true;
                          }));
  if (rows >= kMaxMinutes) return Unavailable("the range holds too many rows: ask for a shorter one or a smaller limit");
  return {};
}

// Chosen rows come from the chosen table as far as it has come, all others from that of every source.
std::vector<GoldStore::Part> GoldStore::PartsOf(const Files& files, const CoinRows& of, TimeSpan range) {
  if (!of.chosen) return {{&SourcesLayout(), range}};
  Timestamp through = std::clamp(files.chosen_through(), range.from, range.to);
  std::vector<Part> parts{{&GoldLayout(), {range.from, through}}, {&SourcesLayout(), {through, range.to}}};
  std::erase_if(parts, [](const Part& part) { return part.range.from >= part.range.to; });
  return parts;
}

// The row of a minute is chosen before rows in another currency are left out.
Result<std::vector<Minute>> GoldStore::Minutes(const Files& files, const CoinRows& of, Timestamp from, Timestamp to) const {
  const Name coin(of.coin);
  auto key = [&](const Minute& minute) { return WindowKey{minute.start, coin, minute.source, minute.quote}; };
  CoinRows asked = of;
  if (of.chosen) asked.quote.clear();
  std::vector<Minute> minutes;
  for (const Part& part : PartsOf(files, of, {from, to})) {
    CS_TRY(ForEachRow(files.Of(*part.layout), asked, part.range, [&](const Minute& minute) {
      if (minutes.empty() || minutes.back().start != minute.start) {
        minutes.push_back(minute);
      } else if (files.orders.Before(key(minute), key(minutes.back()))) {
        minutes.back() = minute;
      }
    }));
  }
  std::erase_if(minutes, [&](const Minute& minute) { return !of.quote.empty() && minute.quote.str() != of.quote; });
  return minutes;
}

Result<std::vector<Minute>> GoldStore::Parts(const Files& files, const CoinRows& of, TimeSpan range,
                                             std::chrono::minutes interval) const {
  // The longest period that the interval is made of.
  const DerivedTable* rollup = nullptr;
  for (const DerivedTable* table : DerivedTables()) {
    bool fits = interval % table->period == std::chrono::minutes(0) && table->period > kWindow;
    bool is_asked = (table->rows == RowPer::kCoin) == of.chosen;
    if (fits && is_asked && !files.Of(*table->layout).by_day.empty()) rollup = table;
  }
  if (rollup == nullptr) return Minutes(files, of, range.from, range.to);
  CoinRows asked = of;
  if (of.chosen) asked.quote.clear();
  std::vector<Minute> rows;
  CS_TRY(ForEachRow(files.Of(*rollup->layout), asked, range, [&](Minute row) {
    row.length = rollup->period;
    rows.push_back(row);
  }));
  RollupReach reach{rollup->period, files.Of(*rollup->layout).closed, files.Of(SourcesLayout()).closed, of.quote};
  if (of.chosen) reach.gold = {{std::string(kChosen), Newest(reach.gold)}};
  auto spans = MinuteSpans(range, reach, rows);
  std::vector<Minute> minutes;
  for (const TimeSpan& span : spans) {
    CS_ASSIGN(auto part, Minutes(files, of, span.from, span.to));
    minutes.insert(minutes.end(), part.begin(), part.end());
  }
  return Splice(rows, spans, minutes);
}

Result<std::optional<Timestamp>> GoldStore::FirstIn(const std::vector<std::string>& paths, const CoinRows& of, TimeSpan range,
                                                    bool newest) const {
  std::string sql = "SELECT epoch_us(" + std::string(newest ? "max" : "min") + "(\"window\".\"start\"))" + RowsSql();
  CS_ASSIGN(auto found, duck_.Query(sql, {paths, of.coin, range.from, range.to, of.quote, of.source}, {.timeout = timeout_}));
  const auto* micros = found.rows.empty() ? nullptr : std::get_if<std::int64_t>(&found.rows[0][0]);
  return micros == nullptr ? std::nullopt : std::optional(FromMicros(*micros));
}

// Looks through the days in their order, a few at first and ever more: the coin has rows in the first days most often.
// Days without files cost nothing, however long a gap is.
Result<std::optional<Timestamp>> GoldStore::NearestIn(const DayFiles& files, const CoinRows& of, TimeSpan range,
                                                      bool newest) const {
  std::vector<std::pair<Date, std::string>> days;
  for (const auto& day : files.by_day) {
    if (Timestamp(day.first) < range.to && Timestamp(day.first) + std::chrono::hours(24) > range.from) days.push_back(day);
  }
  if (newest) std::ranges::reverse(days);
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

Result<std::optional<Timestamp>> GoldStore::NewestBefore(const Files& files, const CoinRows& of, Timestamp time) const {
  std::vector<Part> parts = PartsOf(files, of, {Timestamp(), time});
  for (const Part& part : std::views::reverse(parts)) {
    CS_ASSIGN(auto found, NearestIn(files.Of(*part.layout), of, part.range, true));
    if (found) return found;
  }
  return std::nullopt;
}

Result<std::optional<Timestamp>> GoldStore::OldestFrom(const Files& files, const CoinRows& of, Timestamp time) const {
  for (const Part& part : PartsOf(files, of, {time, Timestamp::max()})) {
    CS_ASSIGN(auto found, NearestIn(files.Of(*part.layout), of, part.range, false));
    if (found) return found;
  }
  return std::nullopt;
}

Result<std::string> GoldStore::NewestQuote(const Files& files, const CoinRows& of) const {
  CoinRows asked = of;
  asked.quote.clear();
  CS_ASSIGN(auto newest, NewestBefore(files, asked, Timestamp::max()));
  if (!newest) return std::string();
  CS_ASSIGN(auto minutes, Minutes(files, asked, *newest, *newest + kWindow));
  return minutes.empty() ? std::string() : minutes.back().quote.str();
}

Result<bool> GoldStore::Knows(const std::string& coin) {
  {
    std::lock_guard lock(mutex_);
    if (coins_.contains(coin)) return true;
    if (std::chrono::steady_clock::now() < coins_until_) return false;
  }
  CS_ASSIGN(auto files, Pin());
  std::set<std::string> coins;
  if (const DayFiles& all = files->Of(SourcesLayout()); !all.by_day.empty()) {
    std::vector<std::string> paths;
    for (const auto& [day, path] : all.by_day) paths.push_back(path);
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
