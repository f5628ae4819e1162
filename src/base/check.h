#pragma once

namespace cryptostream {

// Prints what did not hold and where, and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

// An invariant of our own code. It stays on in every build: going on with a broken invariant can only lose data.
#define CS_CHECK(condition) (static_cast<bool>(condition) ? void(0) : ::cryptostream::CheckFailed(#condition, __FILE__, __LINE__))

}  // namespace cryptostream
