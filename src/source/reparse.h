#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "market/parse.h"
#include "market/raw_batch.h"
#include "source/line_decoder.h"
#include "source/markets_decoder.h"

namespace cryptostream {

// What becomes of a rejected message that is to be sent again.
enum class ReparseOutcome {
  kSent,         // a row, or a reject once more, was added
  kCut,          // only its beginning was kept: it would be another message
  kNotAMessage,  // no bytes, or an answer of a provider as a whole: nothing to send
};

// Makes again of rejected bytes what their source would make of them today: a frame of an exchange becomes a trade under the symbols of
// now, a bar gets its coin, a provider's object a message, a message stays as it is, byte for byte. Keeps buffers: one a thread.
class Reparser {
 public:
  explicit Reparser(SymbolMap symbols) : symbols_(WithQuotes(std::move(symbols))) {}

  // Adds it to `batch` with the given offset. In: the time now, at which it is received again (a recorded frame has its own).
  // Requires: the batch is of the reject's source.
  ReparseOutcome Reparse(const Reject& reject, std::int64_t offset, Timestamp now, RawBatch& batch);

 private:
  LineDecoder& Frames(const std::string& source);
  void AddBar(const Reject& reject, std::int64_t offset, Timestamp now, RawBatch& batch) const;

  const SymbolMap symbols_;
  MessageParser parser_;
  MarketsDecoder markets_;
  std::map<std::string, std::unique_ptr<LineDecoder>> frames_;  // by source
};

}  // namespace cryptostream
