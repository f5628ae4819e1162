// Threads by name, so that a profile says which stage its time went to.
#include "base/threads.h"

#include <pthread.h>

namespace cryptostream {

void NameThread(const char* name) { ::pthread_setname_np(::pthread_self(), name); }

}  // namespace cryptostream
