// Every column of the table of columns goes to Arrow and comes back, and is seen by the comparison of rows.
#include "market/columns.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <string>

#include "market/table_columns.h"

namespace cryptostream {
namespace {

void Set(double& place, int n) { place = n + 0.5; }
void Set(std::int32_t& place, int n) { place = n; }
void Set(std::int64_t& place, int n) { place = n; }
void Set(Timestamp& place, int n) { place = FromMicros(1'700'000'000'000'000 + n); }
void Set(Name& place, int n) { place = Name("name" + std::to_string(n)); }

// A row in which every column has a value of its own.
template <class Row, class Columns>
Row Filled(const Columns& columns) {
  Row row;
  int n = 0;
  ForEachColumn(columns, [&]<class Each>(const Each&) {
    if constexpr (Each::kStored && requires { Set(Each::Of(row), n); }) Set(Each::Of(row), ++n);
  });
  return row;
}

template <class Row, class Columns>
void ExpectSameColumns(const Columns& columns, const Row& a, const Row& b) {
  ForEachColumn(columns, [&]<class Each>(const Each& column) {
    if constexpr (Each::kStored) EXPECT_EQ(Each::Of(a), Each::Of(b)) << column.info.name;
  });
}

TEST(Columns, SilverComesBack) {
  Tick tick = Filled<Tick>(kSilverColumns);
  auto parts = SilverColumns({tick});
  ASSERT_EQ(parts->size(), 1u);
  EXPECT_EQ(parts->front().partition, (std::vector<std::string>{"2023", "11", "14"}));
  EXPECT_EQ(parts->front().rows->GetColumnByName("hour")->GetScalar(0).ValueOrDie()->ToString(), "22");
  auto back = Ticks(*parts->front().rows, SourceQuotes());
  ASSERT_TRUE(back) << back.error().message;
  ExpectSameColumns(kSilverColumns, tick, back->front());
}

TEST(Columns, GoldComesBack) {
  GoldRow row = Filled<GoldRow>(kGoldColumns);
  auto parts = GoldColumns({row}, std::chrono::hours(1));
  auto back = GoldRows(*parts->front().rows, SourceQuotes());
  ASSERT_TRUE(back) << back.error().message;
  ExpectSameColumns(kGoldColumns, row, back->front());
  EXPECT_TRUE(SameRow(row, back->front()));
  EXPECT_EQ(GoldKeys(*parts->front().rows, SourceQuotes())->front(), row.key);
}

// Rows from before there was the column.
TEST(Columns, ARowWithoutACurrencyIsInItsSources) {
  Tick tick = Filled<Tick>(kSilverColumns);
  GoldRow row = Filled<GoldRow>(kGoldColumns);
  tick.quote = row.key.quote = Name();
  SourceQuotes quotes;
  quotes.Add(tick.source, {0, 0, Name("eur")});
  quotes.Add(row.key.source, {0, 0, Name("gbp")});
  auto silver = SilverColumns({tick});
  EXPECT_EQ(Ticks(*silver->front().rows, quotes)->front().quote.str(), "eur");
  auto gold = GoldColumns({row});
  EXPECT_EQ(GoldRows(*gold->front().rows, quotes)->front().key.quote.str(), "gbp");
  EXPECT_EQ(GoldKeys(*gold->front().rows, quotes)->front().quote.str(), "gbp");
}

TEST(Columns, WhatIsAbsentIsNull) {
  Tick tick;
  tick.coin = Name("bitcoin");
  tick.price = 1;
  tick.event_time = tick.ingested = FromMicros(0);
  auto parts = SilverColumns({tick});
  std::string present;
  for (const auto& field : parts->front().rows->fields()) {
    if (parts->front().rows->GetColumnByName(field->name())->null_count() == 0) present += field->name() + " ";
  }
  EXPECT_EQ(present, "coin_id price api_timestamp ingestion_timestamp hour ");
  EXPECT_FALSE(Ticks(*parts->front().rows, SourceQuotes())->front().is_trade());
}

TEST(Columns, SameRowSeesEveryColumn) {
  GoldRow row = Filled<GoldRow>(kGoldColumns);
  EXPECT_TRUE(SameRow(GoldRow(), GoldRow()));  // null is null
  ForEachColumn(kGoldColumns, [&]<class Each>(const Each& column) {
    if constexpr (Each::kStored) {
      GoldRow other = row;
      Set(Each::Of(other), 999);
      EXPECT_FALSE(SameRow(row, other)) << column.info.name;
    }
  });
}

}  // namespace
}  // namespace cryptostream
