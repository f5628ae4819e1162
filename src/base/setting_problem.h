#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace cryptostream {

// What is wrong with settings, in words that name them, and which they are ("serve.port").
struct SettingProblem {
  std::string words;
  std::vector<std::string> settings;
};
using SettingProblems = std::vector<SettingProblem>;

// Returns ok without a problem, else Invalid with the words of all.
inline Status StatusOf(const SettingProblems& problems) {
  std::string words;
  for (const SettingProblem& problem : problems) words += (words.empty() ? "" : "; ") + problem.words;
  return words.empty() ? Status() : Invalid(std::move(words));
}

}  // namespace cryptostream
