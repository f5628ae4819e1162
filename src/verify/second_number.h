#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cryptostream {

// Numbers and times read from their text a second time, for verification: by other code than the engine's (market/decimal.h, base/time.h),
// so that a fault of either shows. The rules are the same.

// Whether the text is one number of JSON's grammar.
bool IsNumberText(std::string_view text);
// The nearest double. nullopt: no number, too large for a double, or not zero and too small for one.
std::optional<double> DoubleOf(std::string_view text);
// The number times 10^places, cut to a whole one. nullopt: no number, or more than 64 bits.
std::optional<std::int64_t> CutTo(std::string_view text, int places);
// Microseconds since 1970 of an RFC 3339 time. nullopt: not one.
std::optional<std::int64_t> MicrosOfTime(std::string_view text);
// "2024-08-08T23:54:13.937085Z" of microseconds from 1970 to 9999; whole milliseconds with three digits.
std::string TimeText(std::int64_t micros);

}  // namespace cryptostream
