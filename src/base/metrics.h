#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace cryptostream {

// Metrics of this process, in Prometheus' own names and units (docs/metrics.md lists them). Thread-safe; a name is registered
// at its first use. Labels must come from a bounded set.
using MetricLabels = std::initializer_list<std::pair<const char*, std::string_view>>;

void CountMetric(const char* name, const char* help, MetricLabels labels, double by = 1);
void SetGauge(const char* name, const char* help, MetricLabels labels, double value);
// Observes `seconds` in a histogram with buckets from 1 ms to 60 s.
void ObserveSeconds(const char* name, const char* help, MetricLabels labels, double seconds);
// Current value of a counter or gauge, 0 when it was never set: for status pages and tests.
double MetricValue(const char* name, MetricLabels labels);

// Everything, in the Prometheus text format, the process_* family included.
std::string MetricsText();

}  // namespace cryptostream
