#pragma once

#include <ostream>
#include <string>
#include <utility>

#include "base/log.h"

namespace cryptostream {

// An API key, token or password. It prints as `***` wherever it is logged or streamed, and only Reveal() gives the text, so
// that every place that uses one can be found by that name.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  const std::string& Reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

// From now on MaskSecrets blanks this text out. Very short ones (under 6 characters) are left: they are words.
void HideInOutput(const Secret& secret);
// The text with every hidden secret as `***`. For every place where text leaves the process: log, answers, tables.
std::string MaskSecrets(std::string text);

inline std::ostream& operator<<(std::ostream& out, const Secret& secret) { return out << (secret.empty() ? "" : "***"); }

}  // namespace cryptostream

template <>
struct fmt::formatter<cryptostream::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const cryptostream::Secret& secret, Context& context) const {
    return fmt::formatter<std::string_view>::format(secret.empty() ? "" : "***", context);
  }
};
