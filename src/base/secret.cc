// Secrets that must not come out by another door: a provider's error page, a library's message or a URL can quote the key that was sent
// to it. Masked where text leaves the process (log, API, quarantine), because the places where foreign text comes in are many.
#include "base/secret.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace cryptostream {
namespace {

// Shorter ones would blank out innocent words; no provider gives such keys.
constexpr std::size_t kShortestMasked = 6;
constexpr std::string_view kMask = "***";

struct HiddenTexts {
  std::mutex mutex;
  std::vector<std::string> texts;  // longest first, so that a secret that holds another one is masked whole
};

HiddenTexts& Hidden() {
  static auto* hidden = new HiddenTexts;  // never destroyed: the log outlives everything
  return *hidden;
}

}  // namespace

void HideInOutput(const Secret& secret) {
  if (secret.Reveal().size() < kShortestMasked) return;
  HiddenTexts& hidden = Hidden();
  std::lock_guard lock(hidden.mutex);
  if (std::ranges::find(hidden.texts, secret.Reveal()) != hidden.texts.end()) return;
  hidden.texts.push_back(secret.Reveal());
  std::ranges::stable_sort(hidden.texts, std::greater{}, &std::string::size);
}

std::string MaskSecrets(std::string text) {
  HiddenTexts& hidden = Hidden();
  std::lock_guard lock(hidden.mutex);
  for (const std::string& secret : hidden.texts) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kMask.size())) {
      text.replace(at, secret.size(), kMask);
    }
  }
  return text;
}

}  // namespace cryptostream
