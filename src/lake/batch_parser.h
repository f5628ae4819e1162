#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "lake/bronze.h"
#include "lake/dedup.h"
#include "market/parse.h"
#include "market/quote.h"

namespace cryptostream {

// A row of a bronze commit: which of its batches, which row of that.
struct RowOrigin {
  std::uint32_t batch, row;
};

// What the messages of a bronze commit say, in their order.
struct ParsedRows {
  struct Rejected {
    RowOrigin origin;
    std::string reason;
  };
  std::vector<Tick> ticks;
  std::vector<DuplicateFilter::Key> keys;  // of the ticks
  std::vector<RowOrigin> origins;          // of the ticks
  std::vector<Rejected> rejected;          // what cannot be a tick
  std::set<Name> sources;                  // of the ticks
  bool trades = false;                     // whether any tick is one
  Timestamp oldest = Timestamp::max();     // of the ticks' event times
};

// Messages to ticks and the keys by which duplicates are found, on all cores when there are many: no message needs another one to be read. Keeps its parsers between calls; one caller
// at a time.
class BatchParser {
 public:
  // In: the batches of a version of bronze; the currencies of messages that do not say theirs.
  ParsedRows Parse(const BronzeBatchList& batches, const SourceQuotes& quotes, Version version);

 private:
  std::vector<MessageParser> parsers_;
};

}  // namespace cryptostream
