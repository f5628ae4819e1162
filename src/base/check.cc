// The end of the road for a broken invariant: one line on stderr, then abort, so that a core and a restart follow.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace cryptostream {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "check failed: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace cryptostream
