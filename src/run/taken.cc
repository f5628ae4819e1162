// The end of every input, counted: rows that silver took, and messages that quarantine has instead. Trades of a symbol that nobody mapped
// are whole; they wait in quarantine for a line in the configuration, and do not make a run fail.
#include "run/taken.h"

#include <fmt/format.h>

#include "base/log.h"
#include "market/parse.h"

namespace cryptostream {

Status TellTaken(const std::string& what, const Tally::Counts& counts, std::string_view hint) {
  constexpr std::int64_t kLittle = 10;  // one in so many, or less
  std::int64_t all_refused = counts.refused();
  auto unmapped = counts.rejected.find(std::string(RejectText(RejectReason::kUnmappedSymbol)));
  std::int64_t waiting = unmapped == counts.rejected.end() ? 0 : unmapped->second;
  std::string words = fmt::format("{}: {} taken", what, counts.taken());
  if (counts.duplicates > 0) words += fmt::format(" ({} of them were there)", counts.duplicates);
  words += fmt::format(", {} refused", all_refused);
  std::string codes;
  for (const auto& [code, count] : counts.rejected) codes += fmt::format("{}{} {}", codes.empty() ? "" : ", ", count, code);
  if (all_refused > 0) words += " (" + codes + ")";
  if (waiting > 0) words += "; symbols that are not mapped go into [symbols], then `cryptostream quarantine replay`";
  LogLine(all_refused > 0 ? LogLevel::kWarn : LogLevel::kInfo, words);
  if (all_refused == waiting || (counts.taken() + waiting) * kLittle >= counts.taken() + all_refused) return {};
  return Invalid(fmt::format("{} was taken: taken={} refused={} ({}; `cryptostream quarantine list` shows what and why{}{})",
                             counts.taken() == 0 ? "nothing" : "little", counts.taken(), all_refused, codes,
                             hint.empty() ? "" : "; ", hint));
}

}  // namespace cryptostream
