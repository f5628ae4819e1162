#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace cryptostream {

// Metrics of this process, in Prometheus' own names and units (docs/metrics.md lists them). Thread-safe; a name is registered
// at its first use. Labels must come from a bounded set.
using MetricLabels = std::initializer_list<std::pair<const char*, std::string_view>>;

void CountMetric(const char* name, const char* help, MetricLabels labels, double by = 1);
void SetGauge(const char* name, const char* help, MetricLabels labels, double value);
// Sets a family of gauges that differ in one label: what is not in `values` (by the label's value) is gone afterwards,
// so that nothing is told of a coin or a table that is no longer there.
void ReplaceGauges(const char* name, const char* help, const char* label, const std::map<std::string, double>& values);
// Observes `seconds` in a histogram with buckets from 1 ms to 60 s.
void ObserveSeconds(const char* name, const char* help, MetricLabels labels, double seconds);
// Current value of a counter or gauge, 0 when it was never set: for status pages and tests.
double MetricValue(const char* name, MetricLabels labels);

// Everything, in the Prometheus text format, the process_* family included.
std::string MetricsText();

}  // namespace cryptostream
