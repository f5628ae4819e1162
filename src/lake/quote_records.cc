// Records of currencies. In: silver's positions and the settings. Out: what holds for a message of any version, and records to be committed.
#include "lake/quote_records.h"

namespace cryptostream {

void QuoteRecords::Record(Name source, std::int64_t n, Version from) {
  Name quote = quotes_.Configured(source);
  quotes_.Add(source, {n, from, quote});
  fresh_[QuoteId(n, source.str(), quote.str())] = from;
}

void QuoteRecords::Load(const Positions& positions, const QuoteSettings& configured, const std::set<Name>& sources,
                        Version changed_from) {
  quotes_ = QuotesOf(positions, configured);
  fresh_.clear();
  for (Name source : sources) {
    const SourceQuotes::Record* newest = quotes_.Newest(source);
    if (newest == nullptr) {
      Record(source, 0, 0);
    } else if (newest->quote != quotes_.Configured(source)) {
      Record(source, newest->n + 1, changed_from);
    }
  }
}

void QuoteRecords::Meet(const std::set<Name>& sources, Version version) {
  for (Name source : sources) {
    if (quotes_.Newest(source) == nullptr) Record(source, 0, version);
  }
}

}  // namespace cryptostream
