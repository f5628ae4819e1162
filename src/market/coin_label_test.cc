// Names of coins in messages: what is read, and what is no name.
#include "market/coin_label.h"

#include <gtest/gtest.h>

#include "market/message.h"

namespace cryptostream {
namespace {

TEST(CoinLabel, IsWhatTheProviderSaid) {
  MarketMessageBuilder builder;
  auto message = builder.Build(
      R"({"id":"usd-coin","symbol":"usdc","name":"USDC","image":"https://assets.example/6319/usdc.png?1","current_price":1})",
      Timestamp{}, "coingecko", "usd");
  ASSERT_TRUE(message);
  CoinLabelReader reader;
  auto coin = reader.Read(message->value);
  ASSERT_TRUE(coin);
  EXPECT_EQ(coin->coin_id, "usd-coin");
  EXPECT_EQ(coin->label, (CoinLabel{"USDC", "usdc", "https://assets.example/6319/usdc.png?1"}));
}

TEST(CoinLabel, TakesOddCharactersAndWhatIsThere) {
  CoinLabelReader reader;
  auto coin = reader.Read(R"({"coin_id":"x","raw":{"name":"\u00c9 \"<b>\" \ud83d\ude80","symbol":null,"image":7}})");
  ASSERT_TRUE(coin);
  EXPECT_EQ(coin->label, (CoinLabel{"\u00c9 \"<b>\" \U0001F680", "", ""}));
  EXPECT_EQ(reader.Read(R"({"raw":{"symbol":"btc"},"coin_id":"bitcoin"})")->label.symbol, "btc");
  std::string endless = R"({"coin_id":"a","raw":{"symbol":"a","name":")" + std::string(kMaxLabelBytes + 1, 'n') + R"("}})";
  EXPECT_EQ(reader.Read(endless)->label.name, "");
}

TEST(CoinLabel, IsAbsentWhereNobodySaidIt) {
  CoinLabelReader reader;
  for (const char* rest : {"", R"("raw")", R"("raw":)", R"("raw":{"name":"cut)", R"("name":"Bitcoin","symbol":"btc"})",
                           R"("raw":null})", R"("raw":"name"})", R"("raw":[{"name":"x"}]})", R"("raw":{}})",
                           R"("raw":{"name":null}})", R"("raw":{"name":{"name":"x"}}})", R"("raw":{"roi":{"name":"x"}}})",
                           R"("raw":{"name":"\ud800"}})", "\"raw\":{\"name\":\"\xff\"}}"}) {
    EXPECT_FALSE(reader.Read(std::string(R"({"coin_id":"x",)") + rest)) << rest;
  }
  for (const char* message :
       {"", "{", "[]", "7", "null", R"({"raw":{"name":"of no coin"}})", R"({"coin_id":7,"raw":{"name":"x"}})"}) {
    EXPECT_FALSE(reader.Read(message)) << message;
  }
}

}  // namespace
}  // namespace cryptostream
