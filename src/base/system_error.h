#pragma once

#include <string>
#include <string_view>

namespace cryptostream {

// The system's reason in words, and what to do about it: "No space left on device (free some space on this
// disk)".
std::string SystemReason(int code);
// A library's text with the advice in the place of Rust's "(os error 28)"; unchanged where there is no
// advice.
std::string WithAdvice(std::string_view text);

}  // namespace cryptostream
