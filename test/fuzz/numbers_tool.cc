// Prints what the program makes of decimal texts, for a comparison with exact arithmetic elsewhere (test/fuzz/numbers_test.py).
// In: a text a line on stdin. Out: "<nearest double as hex float> <value * 10^6 cut to an integer>", "-" where there is none.
#include <cstdio>
#include <iostream>
#include <string>

#include "market/decimal.h"

int main() {
  for (std::string text; std::getline(std::cin, text);) {
    if (auto nearest = cryptostream::NearestDouble(text))
      std::printf("%a ", *nearest);
    else
      std::printf("- ");
    if (auto scaled = cryptostream::ScaledDecimal(text, 6))
      std::printf("%lld\n", static_cast<long long>(*scaled));
    else
      std::printf("-\n");
  }
}
