// Progress of long work, for a person at a terminal or a log that is read later.
#include "run/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/log.h"
#include "base/status_line.h"

namespace cryptostream {

Progress::Progress(std::string what, bool enabled)
    : what_(std::move(what)),
      enabled_(enabled),
      terminal_(::isatty(STDERR_FILENO) == 1),
      printed_(std::chrono::steady_clock::now()) {}

void Progress::Show(std::uint64_t done, std::uint64_t total, const std::string& words) {
  done_ = done;
  total_ = total;
  words_ = words;
  shown_ = true;
  auto every = terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000);
  if (!enabled_ || std::chrono::steady_clock::now() - printed_ < every) return;
  printed_ = std::chrono::steady_clock::now();
  Print(false);
}

Progress::~Progress() {
  if (terminal_) EndStatusLine();
}

void Progress::End() {
  if (enabled_ && shown_) Print(true);
}

void Progress::Print(bool last) {
  int percent = total_ ? static_cast<int>(std::min<std::uint64_t>(100, done_ * 100 / total_)) : 0;
  if (!terminal_) {
    std::fprintf(stderr, "%s: %d%% %s\n", what_.c_str(), percent, words_.c_str());
    return;
  }
  std::string bar(static_cast<std::size_t>(percent) * 30 / 100, '#');
  bar.resize(30, '.');
  ShowStatusLine(fmt::format("{} [{}] {:3}% {}", what_, bar, percent, words_));
  if (last) EndStatusLine();
}

}  // namespace cryptostream
