// From structs to Arrow columns, split by partition: the rows of each table as Parquet gets them. One function a table; what
// they share is the grouping by partition and ColumnWriter. Bronze is in bronze_columns.cc: its batches are columns already.
#include "market/columns.h"

#include <arrow/api.h>

#include <algorithm>
#include <functional>
#include <span>

#include "base/threads.h"
#include "market/column_writer.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

std::size_t DataColumns(const TableLayout& layout) {
  return static_cast<std::size_t>(layout.schema->num_fields()) - layout.partition_columns.size();
}

std::optional<std::string_view> TextOrNull(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::vector<std::string> DateValue(Date date) { return {FormatDate(date)}; }

std::vector<std::string> YearMonthDay(Date date) {
  std::chrono::year_month_day ymd(date);
  return {std::to_string(int(ymd.year())), std::to_string(unsigned(ymd.month())), std::to_string(unsigned(ymd.day()))};
}

using Indices = std::vector<std::size_t>;

// Groups row numbers by day; almost always there is one group.
template <class TimeOfRow>
std::map<Date, Indices> GroupByDay(std::size_t rows, TimeOfRow time_of_row) {
  std::map<Date, Indices> groups;
  Indices* last = nullptr;
  Timestamp begin, end;  // of the day of the row before
  for (std::size_t i = 0; i < rows; ++i) {
    Timestamp time = time_of_row(i);
    if (!last || time < begin || time >= end) {
      begin = Timestamp(DateOf(time));
      end = begin + std::chrono::days(1);
      last = &groups[DateOf(time)];
      if (groups.size() == 1) last->reserve(rows);
    }
    last->push_back(i);
  }
  return groups;
}

template <class Values, class Build>
Result<std::vector<PartitionRows>> PerPartition(const std::map<Date, Indices>& groups, Values partition_values, Build build) {
  std::vector<PartitionRows> out;
  for (const auto& [date, indices] : groups) {
    CS_ASSIGN(auto rows, build(indices));
    out.push_back({partition_values(date), std::move(rows)});
  }
  return out;
}

struct SilverNames {
  NameDictionary coin, source, symbol;
};

Result<std::shared_ptr<arrow::Table>> SilverTable(const std::vector<Tick>& ticks, std::span<const std::size_t> at,
                                                  const SilverNames& names) {
  ColumnWriter w(*SilverLayout().schema, DataColumns(SilverLayout()), at.size());
  w.Names(names.coin, [&](std::size_t i) { return ticks[at[i]].coin; });
  w.Doubles([&](std::size_t i) { return ticks[at[i]].price; });
  w.Doubles([&](std::size_t i) { return ticks[at[i]].volume_24h; });
  w.Times([&](std::size_t i) { return ticks[at[i]].event_time; });
  w.Times([&](std::size_t i) { return ticks[at[i]].ingested; });
  w.Doubles([&](std::size_t i) { return ticks[at[i]].market_cap; });
  w.Doubles([&](std::size_t i) { return ticks[at[i]].price_change_24h; });
  w.Doubles([&](std::size_t i) { return ticks[at[i]].price_change_percentage_24h; });
  w.Doubles([&](std::size_t i) { return ticks[at[i]].high_24h; });
  w.Doubles([&](std::size_t i) { return ticks[at[i]].low_24h; });
  w.Times([&](std::size_t i) { return ticks[at[i]].last_updated; });
  w.Names(names.source, [&](std::size_t i) { return ticks[at[i]].source; });
  w.Names(names.symbol, [&](std::size_t i) { return ticks[at[i]].symbol; });
  w.Integers<std::int64_t>([&](std::size_t i) {
    const Tick& tick = ticks[at[i]];
    return tick.is_trade() ? std::optional(tick.trade_id) : std::nullopt;
  });
  w.Doubles([&](std::size_t i) { return ticks[at[i]].quantity; });
  w.Integers<std::int32_t>([&](std::size_t i) -> std::optional<std::int32_t> {
    Timestamp t = ticks[at[i]].event_time;
    return static_cast<std::int32_t>(std::chrono::floor<std::chrono::hours>(t - DateOf(t)).count());
  });
  return w.Done();
}

// In blocks, side by side: a column after the other goes over ticks that are still in the core's cache.
Result<std::shared_ptr<arrow::Table>> SilverRows(const std::vector<Tick>& ticks, const Indices& at) {
  constexpr std::size_t kBlock = 8192;
  SilverNames names;
  for (std::size_t i : at) {
    names.coin.Add(ticks[i].coin);
    names.source.Add(ticks[i].source);
    names.symbol.Add(ticks[i].symbol);
  }
  for (NameDictionary* each : {&names.coin, &names.source, &names.symbol}) {
    if (arrow::Status done = each->Finish(); !done.ok()) return std::unexpected(FromArrow(done));
  }
  CS_ASSIGN(auto blocks, AllSideBySide<std::shared_ptr<arrow::Table>>((at.size() + kBlock - 1) / kBlock, [&](std::size_t i) {
              return SilverTable(ticks, std::span(at).subspan(i * kBlock, std::min(kBlock, at.size() - i * kBlock)), names);
            }));
  auto whole = arrow::ConcatenateTables(blocks);
  if (!whole.ok()) return std::unexpected(FromArrow(whole.status()));
  return *std::move(whole);
}

Result<std::shared_ptr<arrow::Array>> WindowColumn(const std::vector<GoldRow>& rows, const Indices& at,
                                                   std::chrono::minutes length) {
  auto type = GoldLayout().schema->field(0)->type();
  arrow::TimestampBuilder start(type->field(0)->type(), arrow::default_memory_pool());
  arrow::TimestampBuilder end(type->field(1)->type(), arrow::default_memory_pool());
  for (std::size_t i : at) {
    arrow::Status appended = start.Append(ToMicros(rows[i].key.start));
    if (appended.ok()) appended = end.Append(ToMicros(rows[i].key.start + length));
    if (!appended.ok()) return std::unexpected(FromArrow(appended));
  }
  std::shared_ptr<arrow::Array> start_array, end_array;
  arrow::Status finished = start.Finish(&start_array);
  if (finished.ok()) finished = end.Finish(&end_array);
  if (!finished.ok()) return std::unexpected(FromArrow(finished));
  return std::make_shared<arrow::StructArray>(type, static_cast<std::int64_t>(at.size()),
                                              arrow::ArrayVector{start_array, end_array});
}

Result<std::shared_ptr<arrow::Table>> GoldTable(const std::vector<GoldRow>& rows, const Indices& at,
                                                std::chrono::minutes length) {
  ColumnWriter w(*GoldLayout().schema, DataColumns(GoldLayout()), at.size());
  CS_ASSIGN(auto window, WindowColumn(rows, at, length));
  w.Add(std::move(window));
  w.Strings([&](std::size_t i) { return TextOrNull(rows[at[i]].key.coin.str()); });
  for (double GoldRow::* column :
       {&GoldRow::avg_price, &GoldRow::max_price, &GoldRow::min_price, &GoldRow::open, &GoldRow::close, &GoldRow::price_change,
        &GoldRow::price_change_pct, &GoldRow::volatility, &GoldRow::range_pct}) {
    w.Doubles([&](std::size_t i) { return rows[at[i]].*column; });
  }
  w.Integers<std::int64_t>([&](std::size_t i) { return std::optional(rows[at[i]].samples); });
  w.Integers<std::int64_t>([&](std::size_t i) { return std::optional(rows[at[i]].updates); });
  for (double GoldRow::* column : {&GoldRow::volume, &GoldRow::vwap, &GoldRow::volume_24h, &GoldRow::market_cap}) {
    w.Doubles([&](std::size_t i) { return rows[at[i]].*column; });
  }
  w.Times([&](std::size_t i) { return rows[at[i]].first_event; });
  w.Times([&](std::size_t i) { return rows[at[i]].last_event; });
  w.Doubles([&](std::size_t i) { return rows[at[i]].max_source_age_s; });
  w.Strings([&](std::size_t i) { return TextOrNull(rows[at[i]].key.source.str()); });
  return w.Done();
}

}  // namespace

Result<std::vector<PartitionRows>> SilverColumns(const std::vector<Tick>& ticks) {
  auto groups = GroupByDay(ticks.size(), [&](std::size_t i) { return ticks[i].event_time; });
  return PerPartition(groups, YearMonthDay, [&](const Indices& at) { return SilverRows(ticks, at); });
}

Result<std::vector<PartitionRows>> GoldColumns(const std::vector<GoldRow>& rows, std::chrono::minutes length) {
  auto groups = GroupByDay(rows.size(), [&](std::size_t i) { return rows[i].key.start; });
  return PerPartition(groups, DateValue, [&](const Indices& at) { return GoldTable(rows, at, length); });
}

Result<std::vector<PartitionRows>> QuarantineColumns(const std::vector<Reject>& rejects, Timestamp now) {
  auto groups = GroupByDay(rejects.size(), [&](std::size_t) { return now; });
  return PerPartition(groups, DateValue, [&](const Indices& at) {
    ColumnWriter w(*QuarantineLayout().schema, DataColumns(QuarantineLayout()), at.size());
    w.Strings([&](std::size_t i) { return TextOrNull(rejects[at[i]].source); });
    w.Strings([&](std::size_t i) { return TextOrNull(rejects[at[i]].topic); });
    w.Integers<std::int32_t>([&](std::size_t i) { return std::optional(rejects[at[i]].partition); });
    w.Integers<std::int64_t>([&](std::size_t i) { return std::optional(rejects[at[i]].offset); });
    w.Strings([&](std::size_t i) { return TextOrNull(rejects[at[i]].stage); });
    w.Strings([&](std::size_t i) { return TextOrNull(rejects[at[i]].reason); });
    w.Strings<arrow::BinaryBuilder>([&](std::size_t i) { return std::optional<std::string_view>(rejects[at[i]].value); });
    w.Times([&](std::size_t i) { return rejects[at[i]].received; });
    return w.Done();
  });
}

Result<std::vector<PartitionRows>> GapColumns(const std::vector<Gap>& gaps) {
  auto groups = GroupByDay(gaps.size(), [&](std::size_t i) { return gaps[i].detected_at; });
  return PerPartition(groups, DateValue, [&](const Indices& at) {
    ColumnWriter w(*GapsLayout().schema, DataColumns(GapsLayout()), at.size());
    w.Strings([&](std::size_t i) { return TextOrNull(gaps[at[i]].source); });
    w.Strings([&](std::size_t i) { return TextOrNull(gaps[at[i]].topic); });
    w.Integers<std::int32_t>([&](std::size_t i) { return std::optional(gaps[at[i]].partition); });
    w.Integers<std::int64_t>([&](std::size_t i) { return gaps[at[i]].from_offset; });
    w.Integers<std::int64_t>([&](std::size_t i) { return gaps[at[i]].to_offset; });
    w.Times([&](std::size_t i) { return gaps[at[i]].from_time.value_or(kNoTime); });
    w.Times([&](std::size_t i) { return gaps[at[i]].to_time.value_or(kNoTime); });
    w.Strings([&](std::size_t i) { return TextOrNull(gaps[at[i]].reason); });
    w.Times([&](std::size_t i) { return gaps[at[i]].detected_at; });
    return w.Done();
  });
}

}  // namespace cryptostream
