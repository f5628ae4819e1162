// Slices of event time. In: a table's rows, by file. Out: where to cut the time so that what is compared between two cuts fits into the
// memory, and which files have rows there. The files' own rows are asked, not the log's statistics: those may be what is wrong.
#include <fmt/format.h>

#include <algorithm>

#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

constexpr std::int64_t kMinuteUs = 60'000'000, kHourUs = 60 * kMinuteUs;

}  // namespace

Result<EventTimes> EventTimes::Of(const Duck& duck, const TableRows& rows, const std::string& name, const std::string& time) {
  EventTimes times;
  times.spans_.resize(rows.files().size());
  std::string sql = fmt::format(
      "SELECT idx, us // {} AS hour, count(*) AS n, min(us), max(us) FROM (SELECT idx, epoch_us({}) AS us FROM {}_row) GROUP BY "
      "ALL",
      kHourUs, time, name);
  auto take = [&](const std::vector<SqlColumn>&, SqlRow&& row) {
    Span& span = times.spans_[static_cast<std::size_t>(std::get<std::int64_t>(row[0]))];
    std::int64_t n = std::get<std::int64_t>(row[2]);
    times.rows += n;
    if (IsSqlNull(row[1])) {
      span.timeless = true;
      return true;
    }
    times.by_hour_[std::get<std::int64_t>(row[1])] += n;
    span.low = std::min(span.low, std::get<std::int64_t>(row[3]));
    span.high = std::max(span.high, std::get<std::int64_t>(row[4]));
    return true;
  };
  CS_TRY(rows.ForEachPortion([&](const auto&) { return duck.ForEachRow(sql, {}, Patient(), take); }));
  return times;
}

std::vector<std::size_t> EventTimes::FilesIn(std::int64_t from_us, std::int64_t until_us) const {
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    const Span& span = spans_[i];
    bool last = span.timeless && until_us == INT64_MAX;
    if (last || (span.low < until_us && span.high >= from_us)) which.push_back(i);
  }
  return which;
}

std::vector<std::int64_t> EventTimes::Cuts(std::int64_t from_us, std::int64_t align_us, std::int64_t most) const {
  std::vector<std::int64_t> cuts;
  std::int64_t gathered = 0, before = INT64_MIN;
  for (const auto& [hour, n] : by_hour_) {
    std::int64_t start = hour * kHourUs, period = start / align_us * align_us;
    if (start + kHourUs <= from_us) continue;
    if (gathered > 0 && gathered + n > most && period > before && period > from_us) {
      cuts.push_back(period);
      gathered = 0;
    }
    before = std::max(period, before);
    gathered += n;
    std::int64_t parts = std::min<std::int64_t>(60, gathered / most + 1);
    for (std::int64_t i = 1; i < parts && align_us < kHourUs; ++i) {  // as if the hour's rows came evenly
      std::int64_t cut = (start + kHourUs * i / parts) / align_us * align_us;
      if (cut > from_us) cuts.push_back(cut);
      gathered = n / parts;
    }
  }
  return cuts;
}

std::vector<WindowTables> SlicesOf(const WindowTables& whole, const EventTimes& upstream, std::int64_t align_us) {
  constexpr std::int64_t kRowsASlice = 75'000;
  std::vector<WindowTables> slices{whole};
  for (std::int64_t cut : upstream.Cuts(whole.whole_from_us, align_us, kRowsASlice)) {
    slices.back().until_us = cut;
    slices.push_back(whole);
    slices.back().whole_from_us = cut;
  }
  return slices;
}

}  // namespace cryptostream
