#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace cryptostream {

// What is waited for, said when it begins or changes and again every minute: a wait without a word looks like a program that hangs.
class Waiting {
 public:
  // Says it unless it was said lately. In: what, and what a person can do.
  void Say(const std::string& words);
  // Over: the next wait begins anew.
  void End() { since_.reset(), said_.clear(); }
  // How long this wait has lasted, whatever its words were.
  std::chrono::seconds lasted() const;

 private:
  using Steady = std::chrono::steady_clock;
  std::optional<Steady::time_point> since_;
  Steady::time_point said_at_{};
  std::string said_;
};

}  // namespace cryptostream
