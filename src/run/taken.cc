// The end of every input, counted: rows that silver took, and messages that quarantine has instead.
#include "run/taken.h"

#include <fmt/format.h>

#include "base/log.h"

namespace cryptostream {

Status TellTaken(const std::string& what, const Tally::Counts& counts) {
  constexpr std::int64_t kLittle = 10;  // one in so many, or less
  std::int64_t refused = counts.refused();
  std::string words = fmt::format("{}: {} taken", what, counts.taken());
  if (counts.duplicates > 0) words += fmt::format(" ({} of them were there)", counts.duplicates);
  words += fmt::format(", {} refused", refused);
  std::string codes;
  for (const auto& [code, count] : counts.rejected) codes += fmt::format("{}{} {}", codes.empty() ? "" : ", ", count, code);
  if (refused > 0) words += " (" + codes + ")";
  LogLine(refused > 0 ? LogLevel::kWarn : LogLevel::kInfo, words);
  if (refused == 0 || counts.taken() * kLittle >= counts.taken() + refused) return {};
  return Invalid(fmt::format(
      "{} was taken: taken={} refused={} ({}; `cryptostream quarantine list` shows what and why; symbols that are not "
      "mapped go into [symbols], then `cryptostream quarantine replay`; for another form of recording see --format)",
      counts.taken() == 0 ? "nothing" : "little", counts.taken(), refused, codes));
}

}  // namespace cryptostream
