// The process' metrics over prometheus-cpp, whose only door this is: call sites name a metric and give a value, and
// families are found by name in one map. A lookup costs a mutex and a map walk, so hot loops count per batch, never per row.
#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <map>
#include <mutex>

namespace cryptostream {
namespace {

using Labels = std::map<std::string, std::string>;

struct State {
  std::mutex mutex;
  prometheus::Registry registry;
  std::map<std::string, prometheus::Family<prometheus::Counter>*, std::less<>> counters;
  std::map<std::string, prometheus::Family<prometheus::Gauge>*, std::less<>> gauges;
  std::map<std::string, prometheus::Family<prometheus::Histogram>*, std::less<>> histograms;
};

State& Global() {
  static State state;
  return state;
}

Labels ToLabels(MetricLabels labels) {
  Labels out;
  for (const auto& [key, value] : labels) out.emplace(key, std::string(value));
  return out;
}

template <class Family, class Build>
Family& FindFamily(std::map<std::string, Family*, std::less<>>& families, const char* name, Build build) {
  auto found = families.find(name);
  if (found == families.end()) found = families.emplace(name, &build()).first;
  return *found->second;
}

prometheus::Gauge& GaugeOf(State& state, const char* name, const char* help, const Labels& labels) {
  auto& family = FindFamily(state.gauges, name,
                            [&]() -> auto& { return prometheus::BuildGauge().Name(name).Help(help).Register(state.registry); });
  return family.Add(labels);
}

// Resident memory, CPU time and start time of this process, read from /proc at each scrape.
void RefreshProcessMetrics(State& state) {
  static const double start_s = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::ifstream statm("/proc/self/statm");
  double pages_total = 0, pages_resident = 0;
  statm >> pages_total >> pages_resident;
  const double page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  GaugeOf(state, "process_resident_memory_bytes", "Resident memory size in bytes.", {}).Set(pages_resident * page_bytes);
  GaugeOf(state, "process_virtual_memory_bytes", "Virtual memory size in bytes.", {}).Set(pages_total * page_bytes);
  GaugeOf(state, "process_cpu_seconds_total", "User and system CPU time spent in seconds.", {})
      .Set(static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
  GaugeOf(state, "process_start_time_seconds", "Start time of the process since the epoch in seconds.", {}).Set(start_s);
}

}  // namespace

void CountMetric(const char* name, const char* help, MetricLabels labels, double by) {
  State& state = Global();
  std::lock_guard lock(state.mutex);
  auto& family = FindFamily(state.counters, name,
                            [&]() -> auto& { return prometheus::BuildCounter().Name(name).Help(help).Register(state.registry); });
  family.Add(ToLabels(labels)).Increment(by);
}

void SetGauge(const char* name, const char* help, MetricLabels labels, double value) {
  State& state = Global();
  std::lock_guard lock(state.mutex);
  GaugeOf(state, name, help, ToLabels(labels)).Set(value);
}

void ObserveSeconds(const char* name, const char* help, MetricLabels labels, double seconds) {
  static const prometheus::Histogram::BucketBoundaries kBuckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                                0.5,   1,      2.5,   5,    10,    30,   60};
  State& state = Global();
  std::lock_guard lock(state.mutex);
  auto& family = FindFamily(state.histograms, name, [&]() -> auto& {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(state.registry);
  });
  family.Add(ToLabels(labels), kBuckets).Observe(seconds);
}

double MetricValue(const char* name, MetricLabels labels) {
  State& state = Global();
  std::lock_guard lock(state.mutex);
  if (auto found = state.counters.find(name); found != state.counters.end()) {
    return found->second->Add(ToLabels(labels)).Value();
  }
  if (auto found = state.gauges.find(name); found != state.gauges.end()) {
    return found->second->Add(ToLabels(labels)).Value();
  }
  return 0;
}

std::string MetricsText() {
  State& state = Global();
  std::lock_guard lock(state.mutex);
  RefreshProcessMetrics(state);
  return prometheus::TextSerializer().Serialize(state.registry.Collect());
}

}  // namespace cryptostream
