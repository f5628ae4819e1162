// Families that are replaced as a whole, and the process' own figures.
#include "base/metrics.h"

#include <gtest/gtest.h>

#include <chrono>

namespace cryptostream {
namespace {

bool Has(const std::string& line) { return MetricsText().find("\n" + line) != std::string::npos; }

double ValueOf(const std::string& name) {
  std::string text = MetricsText();
  std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(MetricValue, OfWhatWasNeverCountedIsZero) { EXPECT_EQ(MetricValue("test_never_counted", {}), 0); }

TEST(ReplaceGauges, WhatIsNotGivenAgainIsGone) {
  ReplaceGauges("test_replaced", "Help.", "coin", {{"bitcoin", 1}, {"ethereum", 2}});
  EXPECT_TRUE(Has("test_replaced{coin=\"bitcoin\"} 1"));
  ReplaceGauges("test_replaced", "Help.", "coin", {{"ethereum", 3}, {"cardano", 4}});
  EXPECT_FALSE(Has("test_replaced{coin=\"bitcoin\"}"));
  EXPECT_TRUE(Has("test_replaced{coin=\"ethereum\"} 3"));
  EXPECT_TRUE(Has("test_replaced{coin=\"cardano\"} 4"));
  ReplaceGauges("test_replaced", "Help.", "coin", {});
  EXPECT_FALSE(Has("test_replaced{"));
  ReplaceGauges("test_replaced", "Help.", "coin", {{"bitcoin", 5}});
  EXPECT_TRUE(Has("test_replaced{coin=\"bitcoin\"} 5"));
}

TEST(ProcessMetrics, AreOfThisProcessAndOfTheRightType) {
  EXPECT_TRUE(Has("# TYPE process_cpu_seconds_total counter"));
  double cpu = ValueOf("process_cpu_seconds_total");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (ValueOf("process_cpu_seconds_total") <= cpu && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_GT(ValueOf("process_cpu_seconds_total"), cpu);
  double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_GT(ValueOf("process_start_time_seconds"), now - 3600);
  EXPECT_LE(ValueOf("process_start_time_seconds"), now + 1);
  EXPECT_GE(ValueOf("process_open_fds"), 3);
  EXPECT_GE(ValueOf("process_max_fds"), ValueOf("process_open_fds"));
}

}  // namespace
}  // namespace cryptostream
