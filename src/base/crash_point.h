#pragma once

#include <atomic>
#include <string>
#include <vector>

namespace cryptostream {

// A named place on the way of a commit where a test can end the process. A constant at namespace scope registers its name when
// the program is loaded, so `cryptostream --list-crash-points` is complete without a list kept by hand, and a test can tell
// which points it never reached:
//
//   const CrashPoint kBeforeCommit("delta.before_commit");  // <part>.<before|after|...>_<step>
//   ...
//   kBeforeCommit.Reach();
//
// CRYPTOSTREAM_CRASH=point:nth[:mode] arms the nth time that the point is reached in this process. Modes: kill9 (default),
// abort, stop (SIGSTOP: the process freezes where it is and goes on at SIGCONT), powercut:DIR (the ext4 file system of DIR is
// shut down without its journal being flushed, as a power cut would leave it, then kill9).
// CRYPTOSTREAM_CRASH_HITS=FILE: an orderly end writes into it how often each point was reached, "name hits" a line.
// Thread-safe; costs one atomic addition and a look at the environment, and lies only on ways that end in an fsync.
class CrashPoint {
 public:
  explicit CrashPoint(const char* name);
  CrashPoint(const CrashPoint&) = delete;
  CrashPoint& operator=(const CrashPoint&) = delete;

  void Reach() const;
  const char* name() const { return name_; }
  long hits() const { return hits_.load(); }

 private:
  friend std::vector<const CrashPoint*> CrashPoints();
  const char* const name_;
  mutable std::atomic<long> hits_{0};
  const CrashPoint* next_;
};

// All points of this program, by name.
std::vector<const CrashPoint*> CrashPoints();

}  // namespace cryptostream
