// Long ranges out of the rollups. In: what a rollup has, and how far it has come. Out: where it must not be asked. A minute of gold is
// in no rollup row only in a period that is not closed (or that the rollup has not read yet), which the closed times
// of both tables tell per source; everywhere else a missing row means that there is no data.
#include "live/rollup_plan.h"

#include <algorithm>

namespace cryptostream {
namespace {

// More reads than this cost more than the minutes between them.
constexpr std::size_t kMostSpans = 4;

TimeSpan Cut(TimeSpan span, TimeSpan to) { return {std::max(span.from, to.from), std::min(span.to, to.to)}; }

std::vector<TimeSpan> Joined(std::vector<TimeSpan> spans) {
  std::erase_if(spans, [](const TimeSpan& span) { return span.from >= span.to; });
  std::sort(spans.begin(), spans.end(), [](const TimeSpan& a, const TimeSpan& b) { return a.from < b.from; });
  std::vector<TimeSpan> out;
  for (const TimeSpan& span : spans) {
    if (!out.empty() && span.from <= out.back().to) {
      out.back().to = std::max(out.back().to, span.to);
    } else {
      out.push_back(span);
    }
  }
  return out;
}

// Joins across the smallest gaps until few are left.
void JoinNearest(std::vector<TimeSpan>& spans) {
  while (spans.size() > kMostSpans) {
    auto nearest = spans.begin();
    for (auto it = spans.begin(); std::next(it) != spans.end(); ++it) {
      if (std::next(it)->from - it->to < std::next(nearest)->from - nearest->to) nearest = it;
    }
    nearest->to = std::next(nearest)->to;
    spans.erase(std::next(nearest));
  }
}

}  // namespace

std::vector<TimeSpan> MinuteSpans(TimeSpan asked, const RollupReach& reach, const std::vector<Minute>& rows) {
  std::vector<TimeSpan> spans;
  Timestamp first = NextIntervalStart(asked.from, reach.period), last = IntervalStart(asked.to, reach.period);
  if (first >= last) return {asked};
  spans.push_back({asked.from, first});
  spans.push_back({last, asked.to});
  for (const auto& [source, gold] : reach.gold) {
    auto found = reach.rollup.find(source);
    Timestamp from = found == reach.rollup.end() ? asked.from : IntervalStart(found->second, reach.period);
    spans.push_back(Cut({from, NextIntervalStart(gold, reach.period)}, asked));
  }
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].start == rows[i - 1].start) spans.push_back(Cut({rows[i].start, rows[i].start + reach.period}, asked));
  }
  for (const Minute& row : rows) {
    if (!reach.quote.empty() && row.quote.str() != reach.quote)
      spans.push_back(Cut({row.start, row.start + reach.period}, asked));
  }
  spans = Joined(std::move(spans));
  JoinNearest(spans);
  return spans;
}

std::vector<Minute> Splice(const std::vector<Minute>& rows, const std::vector<TimeSpan>& spans,
                           const std::vector<Minute>& minutes) {
  std::vector<Minute> out;
  auto inside = [&](Timestamp time) {
    return std::any_of(spans.begin(), spans.end(), [&](const TimeSpan& span) { return span.from <= time && time < span.to; });
  };
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(out), [&](const Minute& row) { return !inside(row.start); });
  out.insert(out.end(), minutes.begin(), minutes.end());
  std::sort(out.begin(), out.end(), [](const Minute& a, const Minute& b) { return a.start < b.start; });
  return out;
}

}  // namespace cryptostream
