// The named crash points. In: an order from the environment. Out: a process that ends where it was told to. They stay in the
// program that users run, because the program that is tested must be the one that is used. Rejected: a list of names in a file
// (it forgets), points that are known only once they were reached (then nobody sees the one that no test reaches).
#include "base/crash_point.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

#include "base/log.h"

namespace cryptostream {
namespace {

constinit const CrashPoint* newest_point = nullptr;  // of a list through all points; filled while the program is loaded

struct Order {
  std::string point;
  long nth = 1;
  std::string mode = "kill9";
};

// Cuts the next field, up to a colon, off the front.
std::string_view NextField(std::string_view& text) {
  std::string_view field = text.substr(0, text.find(':'));
  text.remove_prefix(std::min(text.size(), field.size() + 1));
  return field;
}

// Parsed once; an empty point is no order.
const Order& Armed() {
  static const Order armed = [] {
    Order order;
    const char* text = std::getenv("CRYPTOSTREAM_CRASH");
    std::string_view rest(text ? text : "");
    order.point = NextField(rest);
    if (!rest.empty()) order.nth = std::max(1L, std::atol(std::string(NextField(rest)).c_str()));
    if (!rest.empty()) order.mode = rest;
    return order;
  }();
  return armed;
}

void WriteHits() {
  std::ofstream file(std::getenv("CRYPTOSTREAM_CRASH_HITS"));
  for (const CrashPoint* point : CrashPoints()) file << point->name() << ' ' << point->hits() << '\n';
}

void CutPower(const std::string& dir) {
  // EXT4_IOC_SHUTDOWN and its flag for "throw the journal's unwritten part away"; no header of the system has them.
  constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
  std::uint32_t no_log_flush = 2;
  int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || ::ioctl(fd, kShutdown, &no_log_flush) != 0) {
    LogError("cannot cut the power: path={} reason={}", dir, std::strerror(errno));
    std::abort();
  }
}

void End(const std::string& mode) {
  constexpr std::string_view kPowercut = "powercut:";
  if (mode == "abort") std::abort();
  if (mode.starts_with(kPowercut)) CutPower(mode.substr(kPowercut.size()));
  ::kill(::getpid(), mode == "stop" ? SIGSTOP : SIGKILL);
}

}  // namespace

CrashPoint::CrashPoint(const char* name) : name_(name), next_(newest_point) { newest_point = this; }

void CrashPoint::Reach() const {
  static const bool counted = std::getenv("CRYPTOSTREAM_CRASH_HITS") && std::atexit(WriteHits) == 0;
  const Order& armed = Armed();
  long hits = hits_.fetch_add(1) + 1;
  if (armed.point == name_ && hits == armed.nth) End(armed.mode);
  static_cast<void>(counted);
}

std::vector<const CrashPoint*> CrashPoints() {
  std::vector<const CrashPoint*> points;
  for (const CrashPoint* point = newest_point; point; point = point->next_) points.push_back(point);
  std::ranges::sort(points, {}, [](const CrashPoint* point) { return std::string_view(point->name()); });
  return points;
}

}  // namespace cryptostream
