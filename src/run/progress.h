#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cryptostream {

// How far long work is: a bar on a terminal, below the lines of the log, else one line every 10 s; on stderr. Not thread-safe.
class Progress {
 public:
  Progress(std::string what, bool enabled);
  // What it showed last stays, on a line of its own, so that the words of an error do not follow it.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // In: done of total, in any one unit (total 0: unknown), and a few words.
  void Show(std::uint64_t done, std::uint64_t total, const std::string& words);
  // The last state stays, on a line of its own.
  void End();

 private:
  void Print(bool last);

  const std::string what_;
  const bool enabled_;
  const bool terminal_;
  std::chrono::steady_clock::time_point printed_{};
  std::uint64_t done_ = 0, total_ = 0;
  std::string words_;
  bool shown_ = false;
};

}  // namespace cryptostream
