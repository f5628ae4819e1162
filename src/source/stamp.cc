// Times as recorders write them. Every recorder has its own unit and says it nowhere; today's times differ by 1000 between
// units, so the number of digits decides.
#include "source/stamp.h"

#include "market/decimal.h"

namespace cryptostream {

std::optional<Timestamp> StampOf(std::string_view number) {
  auto digits = number.find_first_not_of("0123456789");
  if (digits == std::string_view::npos) digits = number.size();
  if (digits == 0 || number.find_first_of("eE") != std::string_view::npos) return std::nullopt;
  int scale = digits <= 11 ? 6 : digits <= 14 ? 3 : digits <= 17 ? 0 : -3;
  auto micros = ScaledDecimal(number, scale);
  if (!micros) return std::nullopt;
  return FromMicros(*micros);
}

}  // namespace cryptostream
