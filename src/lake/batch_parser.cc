// The parsing half of silver. In: the batches of one bronze commit. Out: its ticks in order, and what cannot be one. Parsing is 40 % of
// silver's work and silver the slowest stage, so the rows of a large commit are cut into runs of equal length that are parsed side by
// side. Rejected: a thread that parses ahead of the stage: it would have to be told of every restart, and costs a third batch in memory.
#include "lake/batch_parser.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/threads.h"

namespace cryptostream {
namespace {

constexpr std::size_t kRowsWorthAThread = 10'000;

struct Run {
  std::size_t begin, end;  // rows of the commit, counted over its batches
};

// What holds for a source's messages without a currency; of the row before it is mostly the next one's too.
class QuoteOfSource {
 public:
  QuoteOfSource(const SourceQuotes& quotes, Version version) : quotes_(quotes), version_(version) {}
  // True when the source is another than that of the row before.
  bool Turn(Name source) {
    if (source == source_) return false;
    source_ = source;
    quote_ = quotes_.At(source, version_);
    return true;
  }
  Name quote() const { return quote_; }

 private:
  const SourceQuotes& quotes_;
  const Version version_;
  Name source_, quote_;
};

void ParseRow(const RawBatch& batch, Name source, RowOrigin origin, MessageParser& parser, QuoteOfSource& quote,
              ParsedRows& out) {
  RawBatch::Row row = batch.row(origin.row);
  static const Tick kBlank;  // copied: faster than being made anew
  Tick& tick = out.ticks.emplace_back(kBlank);
  auto read = parser.ParseInto(row.value, source, row.received, tick);
  if (read && tick.event_time > row.received + kFutureTolerance) {
    read = std::unexpected(ParseReject{RejectReason::kFutureTimestamp, FormatRfc3339(tick.event_time)});
  }
  if (!read) {
    out.rejected.push_back({origin, read.error().Text()});
    out.ticks.pop_back();
    return;
  }
  if (quote.Turn(tick.source)) out.sources.insert(tick.source);
  if (tick.quote.empty()) tick.quote = quote.quote();
  out.keys.push_back(DuplicateFilter::KeyOf(tick));
  out.origins.push_back(origin);
  out.trades |= tick.is_trade();
  out.oldest = std::min(out.oldest, tick.event_time);
}

void ParseRun(const BronzeBatchList& batches, Run run, MessageParser& parser, QuoteOfSource quote, ParsedRows& out) {
  std::size_t before = 0;  // rows of the batches passed
  for (std::size_t b = 0; b < batches.size() && before < run.end; before += batches[b++]->rows()) {
    const RawBatch& batch = *batches[b];
    Name source(batch.source);
    std::size_t end = std::min(batch.rows(), run.end - before);
    for (std::size_t i = run.begin > before ? run.begin - before : 0; i < end; ++i) {
      ParseRow(batch, source, {static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(i)}, parser, quote, out);
    }
  }
}

template <class T>
void Append(std::vector<T>& to, std::vector<T> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

ParsedRows BatchParser::Parse(const BronzeBatchList& batches, const SourceQuotes& quotes, Version version) {
  std::size_t rows = 0;
  for (const RawBatchPtr& batch : batches) rows += batch->rows();
  std::size_t runs = std::clamp<std::size_t>(rows / kRowsWorthAThread, 1, SharedBy());
  if (parsers_.size() < runs) parsers_.resize(runs);
  std::vector<ParsedRows> parsed(runs);
  SideBySide(runs, [&](std::size_t i) {
    Run run{rows * i / runs, rows * (i + 1) / runs};
    std::size_t room = i == 0 ? rows : run.end - run.begin;  // the first one takes in the others
    parsed[i].ticks.reserve(room);
    parsed[i].keys.reserve(room);
    parsed[i].origins.reserve(room);
    ParseRun(batches, run, parsers_[i], QuoteOfSource(quotes, version), parsed[i]);
  });
  ParsedRows out = std::move(parsed.front());
  for (std::size_t i = 1; i < runs; ++i) {
    Append(out.ticks, std::exchange(parsed[i].ticks, {}));
    Append(out.keys, std::move(parsed[i].keys));
    Append(out.origins, std::move(parsed[i].origins));
    Append(out.rejected, std::move(parsed[i].rejected));
    out.sources.merge(parsed[i].sources);
    out.trades |= parsed[i].trades;
    out.oldest = std::min(out.oldest, parsed[i].oldest);
  }
  return out;
}

}  // namespace cryptostream
