#pragma once

#include <chrono>
#include <string>

#include "source/coingecko_client.h"

namespace cryptostream {

// How far apart polls are: the user's pace or run-out day, else 15 s or as slow as the month's budget asks for; wider for a while
// after each 429, because without a key the limit is not told but felt.
class PollPace {
 public:
  explicit PollPace(CoinGeckoClient& client) : client_(client) {}

  void OnLimited();
  void OnGood();
  // The spacing of polls by what is left of the budget now.
  std::chrono::milliseconds Spacing() const;
  // "10000 calls a month = one per 4m24s, 9876 left", for the start line.
  std::string Words() const;

 private:
  CoinGeckoClient& client_;
  int widening_ = 1;
  int good_in_a_row_ = 0;
};

}  // namespace cryptostream
