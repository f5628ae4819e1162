#pragma once

#include <set>

#include "delta/position.h"
#include "delta/snapshot.h"
#include "market/quote.h"

namespace cryptostream {

// The currencies of sources as silver records them in its commits, and the records that are still to be committed.
class QuoteRecords {
 public:
  // In: silver's positions, the settings, the sources that silver has rows of, and the version of bronze from which on messages came under
  // today's settings. What was there before came under those of before; a source from before there were records gets one for all its rows.
  void Load(const Positions& positions, const QuoteSettings& configured, const std::set<Name>& sources, Version changed_from);
  // Messages of these sources lie in this version of bronze: those that come for the first time are recorded.
  void Meet(const std::set<Name>& sources, Version version);
  // Those of fresh() are in silver now.
  void Committed() { fresh_.clear(); }

  const SourceQuotes& quotes() const { return quotes_; }
  const Positions& fresh() const { return fresh_; }

 private:
  void Record(Name source, std::int64_t n, Version from);

  SourceQuotes quotes_;
  Positions fresh_;
};

}  // namespace cryptostream
