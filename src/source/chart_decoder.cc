// From a market chart to messages. Its body is three arrays of [ms, number] that belong together by index, but not always: the
// steps are uneven and the last point ("now") can be older than the one before it. So the price leads, and a market cap or a volume
// goes with it only when its time is the same; the points are put in order of time before they leave.
#include "source/chart_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "base/text.h"
#include "market/json.h"
#include "market/message.h"
#include "source/reject.h"

namespace cryptostream {
namespace {

namespace od = simdjson::ondemand;

struct Sample {
  std::int64_t time_ms;
  std::string_view number;  // the provider's text
};

struct Series {
  bool found = false;
  std::vector<Sample> samples;
  std::vector<std::string_view> bad;  // elements that are no [ms, number]

  // The number at that time; index `at` is where it should be.
  std::string_view At(std::size_t at, std::int64_t time_ms) const {
    if (at < samples.size() && samples[at].time_ms == time_ms) return samples[at].number;
    auto found = std::ranges::find(samples, time_ms, &Sample::time_ms);
    return found == samples.end() ? "null" : found->number;
  }
};

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  auto start = text.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kSpace) - start + 1);
}

// Reads "[1613347200000,48607.8]"; the number may be null.
std::optional<Sample> ReadSample(std::string_view text) {
  constexpr std::int64_t kYear10000 = 253'402'300'800'000;
  text = Trimmed(text);
  auto comma = text.find(',');
  if (!text.starts_with('[') || !text.ends_with(']') || comma == std::string_view::npos) return std::nullopt;
  std::string_view time = Trimmed(text.substr(1, comma - 1));
  std::string_view number = Trimmed(text.substr(comma + 1, text.size() - comma - 2));
  auto time_ms = IntegerOf<decltype(Sample::time_ms)>(time);
  if (!time_ms || *time_ms < 0 || *time_ms >= kYear10000) return std::nullopt;
  if (number.empty() || number.find_first_of(",[]{}\"") != std::string_view::npos) return std::nullopt;
  return Sample{*time_ms, number};
}

simdjson::error_code ReadSeries(od::value value, Series& series) {
  od::array array;
  if (auto error = value.get_array().get(array)) return error;
  series.found = true;
  for (auto element : array) {
    std::string_view text;
    if (auto error = element.raw_json().get(text)) return error;
    if (auto sample = ReadSample(text)) {
      series.samples.push_back(*sample);
    } else {
      series.bad.push_back(text);
    }
  }
  return simdjson::SUCCESS;
}

struct Chart {
  Series prices, caps, volumes;

  Series* Named(std::string_view name) {
    return name == "prices" ? &prices : name == "market_caps" ? &caps : name == "total_volumes" ? &volumes : nullptr;
  }
};

// Errors: the first fault of the body, as simdjson names it.
simdjson::error_code ReadChart(od::document& document, Chart& chart) {
  od::object object;
  if (auto error = document.get_object().get(object)) return error;
  auto error = VisitFields(object, [&](std::string_view name, od::value value) {
    Series* series = chart.Named(name);
    return series != nullptr && !series->found ? ReadSeries(value, *series) : simdjson::SUCCESS;
  });
  bool whole = chart.prices.found && chart.caps.found && chart.volumes.found;
  return error || whole ? error : simdjson::NO_SUCH_FIELD;
}

struct Row {
  ChartPoint point;
  auto key() const { return std::tie(point.time_ms, point.price, point.market_cap, point.volume_24h); }
};

std::vector<Row> Joined(const Chart& chart) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < chart.prices.samples.size(); ++i) {
    auto [time_ms, price] = chart.prices.samples[i];
    rows.push_back({{time_ms, price, chart.caps.At(i, time_ms), chart.volumes.At(i, time_ms)}});
  }
  // What a chart says twice is one point.
  std::ranges::sort(rows, {}, &Row::key);
  auto doubled = std::ranges::unique(rows, {}, &Row::key);
  rows.erase(doubled.begin(), doubled.end());
  return rows;
}

}  // namespace

std::expected<std::size_t, std::string> DecodeChart(std::string_view body, const std::string& coin, const std::string& quote,
                                                    Timestamp received, std::int64_t offset, RawBatch& batch) {
  od::parser parser;
  simdjson::padded_string padded(body);
  od::document document;
  Chart chart;
  auto error = parser.iterate(padded).get(document);
  if (!error) error = ReadChart(document, chart);
  if (error) return std::unexpected(fmt::format("not a market chart: {}", simdjson::error_message(error)));

  auto rows = Joined(chart);
  std::string message;
  for (const auto& row : rows) {
    message.clear();
    AppendChartMessage(row.point, coin, quote, message);
    batch.Add({coin, message, received, offset});
  }
  std::set<std::string_view> bad_points(chart.prices.bad.begin(), chart.prices.bad.end());
  for (std::string_view bad : bad_points) AddReject(batch, offset, "wrong_type: point of a market chart", bad, received);
  return rows.size();
}

}  // namespace cryptostream
