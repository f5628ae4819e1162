// Signals, turned into a stop or into reading the configuration again. A terminal that is closed sends SIGHUP as well: then there is nobody to
// run for, and it stops. It is told by the terminal itself, which is none any more.
#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/log.h"

namespace cryptostream {
namespace {

constexpr std::chrono::seconds kDrainTime{10};
constexpr std::chrono::seconds kReaderTime{2};  // of a command that has nothing to commit

struct Watched {
  std::mutex mutex;
  SignalActions actions;
};

Watched& TheWatched() {
  static auto* watched = new Watched;  // the thread outlives main
  return *watched;
}

SignalActions Actions() {
  std::lock_guard lock(TheWatched().mutex);
  return TheWatched().actions;
}

void Wait(StopSource stop, const sigset_t& signals, bool had_terminal) {
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) {
    bool hung_up = had_terminal && ::isatty(STDERR_FILENO) == 0;
    SignalActions actions = Actions();
    if (hung_up || !actions.reload) break;
    actions.reload();
  }
  bool commits = Actions().commits;
  if (commits) LogInfo("stopping: committing what is in hand (again to stop at once)");
  stop.request_stop();
  std::chrono::seconds most = commits ? kDrainTime : kReaderTime;
  timespec limit{most.count(), 0};
  if (sigtimedwait(&signals, nullptr, &limit) < 0) LogError("not done after {} s, ending now", most.count());
  std::_Exit(128 + signal);
}

}  // namespace

void SetSignalActions(SignalActions actions) {
  std::lock_guard lock(TheWatched().mutex);
  TheWatched().actions = std::move(actions);
}

void WatchSignals(StopSource stop) {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is then an error like a full disk
  bool had_terminal = ::isatty(STDERR_FILENO) == 1;
  std::thread([stop, signals, had_terminal] { Wait(stop, signals, had_terminal); }).detach();
}

}  // namespace cryptostream
