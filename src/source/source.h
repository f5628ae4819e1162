#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stop.h"
#include "market/raw_batch.h"
#include "market/status.h"

namespace cryptostream {

// Where a source puts what it gets. `push` waits for room (back-pressure) and returns false when the program stops; a batch that
// was pushed is committed to bronze or, after a crash, asked for again by position.
struct SourceOutput {
  std::function<bool(RawBatch)> push;
  std::function<void(SourceReport)> report;
  // What is known where the batches go. Either may be empty: then nothing is known.
  // All positions whose id starts so, without "cryptostream/": what other recordings have reached.
  std::function<Result<std::map<std::string, std::int64_t>>(std::string_view prefix)> positions = {};
  // When the newest durable row of a source was received; nullopt: it has none.
  std::function<Result<std::optional<Timestamp>>(std::string_view source)> newest = {};
};

// A place where prices come from. Implementations: the CoinGecko poller, its chart backfill, replay of a file.
class Source {
 public:
  virtual ~Source() = default;
  // The appId of its position, without "cryptostream/": "bronze/direct/coingecko". A recording's own is known when it has been read.
  virtual std::string position_id() const = 0;
  // Runs until `stop` or the end of the input. `position` is the version of position_id() in bronze, 0 when there is none:
  // the next batch's sequence number. Errors: only what ends the source for good; trouble that may pass
  // is reported, waited for and retried inside.
  virtual Status Run(std::int64_t position, const SourceOutput& output, StopToken stop) = 0;
};

}  // namespace cryptostream
