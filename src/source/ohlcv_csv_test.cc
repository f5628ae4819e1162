// Tables of bars in the forms that people have, and what is no such table.
#include "source/ohlcv_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"

namespace cryptostream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Decode(const std::vector<std::string>& lines, BarForm form = {}, SymbolMap symbols = DefaultSymbols()) {
  OhlcvCsvDecoder decoder("venue", symbols, std::move(form));
  RawBatch batch;
  for (const std::string& line : lines) {
    decoder.Read(line, true);
    decoder.Append(0, FromMicros(1'800'000'000'000'000), batch);
  }
  std::vector<std::string> out;
  for (std::size_t i = 0; i < batch.rows(); ++i) out.emplace_back(batch.row(i).value);
  for (const Reject& reject : batch.rejects) out.push_back(reject.reason + "! " + reject.value);
  return out;
}

TEST(OhlcvCsv, NamesOfColumnsAreKnownInAnyOrder) {
  EXPECT_THAT(Decode({"volume;Close;low;high;open;Symbol;Date", "260.75;111594.9;111591;111676.9;111662.6;BTCUSDT;1747958400"}),
              ElementsAre(R"({"timestamp":1747958459.999,"coin_id":"bitcoin","price":111594.9,"open":111662.6,"high":111676.9,)"
                          R"("low":111591,"quantity":260.75,"bar_s":60,"symbol":"BTCUSDT","source":"venue","quote":"usdt"})"));
}

TEST(OhlcvCsv, BinancesFilesHaveNoHeader) {
  auto rows = Decode({"1704067200000,42314.00,42335.80,42289.60,42331.90,289.641,1704067259999,12256155.27460,3310,175.211,7414459.8,0"},
                     {.symbol = "BTCUSDT"});
  EXPECT_THAT(rows, ElementsAre(AllOf(HasSubstr(R"("timestamp":1704067259.999)"), HasSubstr(R"("price":42331.90)"),
                                      HasSubstr(R"("quantity":289.641)"), HasSubstr(R"("vwap":42314.98743133741)"), HasSubstr(R"("trades":3310)"),
                                      HasSubstr(R"("bar_s":60)"))));
}

TEST(OhlcvCsv, TimesAreOfAnyUnitOrText) {
  for (const char* time : {"1704067200", "1704067200000", "1704067200000000", "1704067200000000000", "2024-01-01T00:00:00Z",
                           "2024-01-01 00:00:00", "2024-01-01 00:00", "\"2024-01-01\"", "2024-01-01T01:00:00+01:00"}) {
    EXPECT_THAT(Decode({"date,symbol,open,high,low,close", std::string(time) + ",ETHUSDT,1,2,0.5,1.5"}),
                ElementsAre(HasSubstr(R"("timestamp":1704067259.999)")))
        << time;
  }
}

TEST(OhlcvCsv, WhatIsNoBarIsRefusedWithItsLine) {
  const std::string header = "date,symbol,open,high,low,close,volume";
  EXPECT_THAT(Decode({header, "soon,BTCUSDT,1,2,0.5,1.5,3"}), ElementsAre(HasSubstr("malformed_line: no time")));
  EXPECT_THAT(Decode({header, "1704067230,BTCUSDT,1,2,0.5,1.5,3"}), ElementsAre(HasSubstr("bad_bar: it begins at")));
  EXPECT_THAT(Decode({header, "1704067200,NEWUSDT,1,2,0.5,1.5,3"}),
              ElementsAre(AllOf(HasSubstr("unmapped_symbol: NEWUSDT! {"), HasSubstr(R"("coin_id":"")"))));
  EXPECT_THAT(Decode({header, "1704067200,BTCUSDT,1,2,0.5,n/a,"}), ElementsAre(HasSubstr(R"("price":"n/a")")));
  EXPECT_THAT(Decode({header, "1704067200,BTCUSDT,1"}), ElementsAre(HasSubstr(R"("price":null)")));
}

TEST(OhlcvCsv, ATableThatLacksAColumnSaysWhichAndWhatItHas) {
  auto table = BarTableOf("day,open,high,low,last");
  ASSERT_FALSE(table.has_value());
  EXPECT_THAT(table.error().message, AllOf(HasSubstr("time, close"), HasSubstr("day, open"), HasSubstr("--columns time=")));
  auto named = BarTableOf("day,open,high,low,last", "time=day, close=Last");
  ASSERT_TRUE(named.has_value()) << named.error().message;
  EXPECT_EQ(named->Of(BarColumn::kClose), 4);
  EXPECT_THAT(BarTableOf("a,b", "when=a").error().message, HasSubstr("bad --columns"));
}

class WholeForm : public testing::Test {
 protected:
  std::filesystem::path dir_ = std::filesystem::temp_directory_path() / ("ohlcv_" + RandomHexId());
  WholeForm() { std::filesystem::create_directories(dir_); }
  ~WholeForm() override { std::filesystem::remove_all(dir_); }
  Result<BarForm> Of(const std::string& name, const std::string& text, BarForm form = {}) {
    std::ofstream(dir_ / name) << text;
    return WholeBarForm(dir_ / name, std::move(form), DefaultSymbols());
  }
};

TEST_F(WholeForm, TellsTheLengthByTheTimesAndTheSymbolByTheName) {
  auto form = Of("BTCUSDT-1m-2024-01.csv", "1704067200000,1,2,1,2,3\n1704067260000,1,2,1,2,3\n1704067380000,1,2,1,2,3\n");
  ASSERT_TRUE(form.has_value()) << form.error().message;
  EXPECT_EQ(form->symbol, "BTCUSDT");
  EXPECT_EQ(form->length, std::chrono::seconds(60));
}

TEST_F(WholeForm, LongerBarsAreRefusedBeforeAnythingIsTaken) {
  auto hours = Of("BTCUSDT-1h.csv", "1704067200,1,2,1,2,3\n1704070800,1,2,1,2,3\n");
  ASSERT_FALSE(hours.has_value());
  EXPECT_THAT(hours.error().message, HasSubstr("bars of 3600 s cannot be taken"));
  EXPECT_TRUE(Of("BTCUSDT.csv", "1704067200,1,2,1,2,3\n1704070800,1,2,1,2,3\n", {.length = std::chrono::seconds(60)}).has_value());
}

TEST_F(WholeForm, ASymbolThatNobodySaysIsAskedFor) {
  auto form = Of("prices.csv", "date,open,high,low,close\n1704067200,1,2,1,2\n");
  ASSERT_FALSE(form.has_value());
  EXPECT_THAT(form.error().message, HasSubstr("give --symbol"));
}

}  // namespace
}  // namespace cryptostream
