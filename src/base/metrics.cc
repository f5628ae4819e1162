// The process' metrics over prometheus-cpp, whose only door this is: call sites name a metric and give a value, and
// families are found by name in one map. A lookup costs a mutex and a map walk, so hot loops count per batch, never per row.
#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <sstream>

namespace cryptostream {
namespace {

using Labels = std::map<std::string, std::string>;

struct State {
  std::mutex mutex;
  prometheus::Registry registry;
  std::map<std::string, prometheus::Family<prometheus::Counter>*, std::less<>> counters;
  std::map<std::string, prometheus::Family<prometheus::Gauge>*, std::less<>> gauges;
  std::map<std::string, prometheus::Family<prometheus::Histogram>*, std::less<>> histograms;
  // Of ReplaceGauges: what each family holds, by the value of its label.
  std::map<std::string, std::map<std::string, prometheus::Gauge*>, std::less<>> replaced;
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

prometheus::Counter& CounterOf(State& state, const char* name, const char* help, const Labels& labels) {
  auto& family = FindFamily(state.counters, name,
                            [&]() -> auto& { return prometheus::BuildCounter().Name(name).Help(help).Register(state.registry); });
  return family.Add(labels);
}

// User and system time of all threads, those that have ended included.
double CpuSeconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// When the kernel started this process: its start in ticks since the boot, and the time of the boot.
double StartSeconds() {
  std::ifstream stat("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));  // the name before it may hold anything
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  double ticks = 0, boot_s = 0;
  fields >> ticks;
  std::ifstream system("/proc/stat");
  for (std::string word; system >> word;) {
    if (word != "btime") continue;
    system >> boot_s;
    break;
  }
  return boot_s + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double OpenFiles() {
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/fd", error);
  auto count = std::distance(entries, std::filesystem::directory_iterator());
  return static_cast<double>(count - (count > 0 ? 1 : 0));  // without the one that this look itself opens
}

// The process_* family, as every Prometheus client has it, read from /proc at each scrape.
void RefreshProcessMetrics(State& state) {
  static const double start_s = StartSeconds();
  std::ifstream statm("/proc/self/statm");
  double pages_total = 0, pages_resident = 0;
  statm >> pages_total >> pages_resident;
  const double page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  GaugeOf(state, "process_resident_memory_bytes", "Resident memory size in bytes.", {}).Set(pages_resident * page_bytes);
  GaugeOf(state, "process_virtual_memory_bytes", "Virtual memory size in bytes.", {}).Set(pages_total * page_bytes);
  auto& cpu = CounterOf(state, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", {});
  cpu.Increment(std::max(0.0, CpuSeconds() - cpu.Value()));
  GaugeOf(state, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", {}).Set(start_s);
  GaugeOf(state, "process_open_fds", "Number of open file descriptors.", {}).Set(OpenFiles());
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  GaugeOf(state, "process_max_fds", "Maximum number of open file descriptors.", {}).Set(static_cast<double>(files.rlim_cur));
}

}  // namespace

void CountMetric(const char* name, const char* help, MetricLabels labels, double by) {
  State& state = Global();
  std::lock_guard lock(state.mutex);
  CounterOf(state, name, help, ToLabels(labels)).Increment(by);
}

void SetGauge(const char* name, const char* help, MetricLabels labels, double value) {
  State& state = Global();
  std::lock_guard lock(state.mutex);
  GaugeOf(state, name, help, ToLabels(labels)).Set(value);
}

void ReplaceGauges(const char* name, const char* help, const char* label, const std::map<std::string, double>& values) {
  State& state = Global();
  std::lock_guard lock(state.mutex);
  auto& known = state.replaced[name];
  for (auto it = known.begin(); it != known.end();) {
    if (values.contains(it->first)) {
      ++it;
      continue;
    }
    state.gauges.at(name)->Remove(it->second);
    it = known.erase(it);
  }
  for (const auto& [key, value] : values) {
    prometheus::Gauge& gauge = GaugeOf(state, name, help, {{label, key}});
    gauge.Set(value);
    known[key] = &gauge;
  }
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
