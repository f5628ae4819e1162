#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "market/tick.h"

namespace cryptostream {

// Why a message cannot be a silver row. The text (RejectText) goes to quarantine and into the metric's label.
enum class RejectReason {
  kMalformedJson,
  kNotUtf8,
  kTooLarge,
  kTooDeep,
  kNotAnObject,
  kDuplicateKey,
  kMissingTimestamp,
  kMissingCoinId,
  kMissingPrice,
  kWrongType,
  kBadTimestamp,
  kBadCoinId,
  kBadNumber,
  kPriceNotPositive,
  kPriceOutOfRange,
  kFutureTimestamp,
  kConflictingDuplicate,
  kUnmappedSymbol,
  kTooManyNames,
  kBadBar,      // and which field: not there, or at odds with the others
  kBarTooLong,  // longer than a minute
};
std::string_view RejectText(RejectReason reason);

struct ParseReject {
  RejectReason reason;
  std::string detail;        // which field, what was there; may be empty
  std::string Text() const;  // "wrong_type: price"
};

// Largest message that is taken, in bytes, and deepest nesting.
inline constexpr std::size_t kMaxMessageBytes = 1 << 20;
inline constexpr int kMaxJsonDepth = 64;
// Longest bar, in seconds: one of a window.
inline constexpr std::int64_t kLongestBarS = 60;
// Prices and quantities outside are refused: sums of their squares would leave the range of exact doubles.
inline constexpr double kMinMagnitude = 1e-100;
inline constexpr double kMaxMagnitude = 1e100;

// Reads messages of topic crypto-raw (docs/kafka.md; the original's four-key form is a subset). Keeps buffers between
// calls: one parser a thread. Strict: the whole text must be valid JSON and UTF-8, known fields have the right type.
class MessageParser {
 public:
  MessageParser();
  ~MessageParser();
  MessageParser(MessageParser&&) noexcept;
  MessageParser& operator=(MessageParser&&) noexcept;

  // In: one message; `default_source` where it names none; the receive time, copied to the tick.
  // A price is the nearest double to the decimal text; an event time the decimal text cut to microseconds.
  std::expected<Tick, ParseReject> Parse(std::string_view message, Name default_source, Timestamp received);
  // The same into a new Tick, of which nothing counts when there is an error.
  std::expected<void, ParseReject> ParseInto(std::string_view message, Name default_source, Timestamp received, Tick& tick);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace cryptostream
