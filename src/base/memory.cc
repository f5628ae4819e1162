// What a program that runs for months gives back. In: nothing. Out: pages for others.
//
// Code: half of what an idle program holds is code that ran once: the libraries' own initialisation touches a little of everything, and the
// kernel maps 64 KB around each touch (60 of 124 MB at the start of `run`). Code is mapped from files and never written, so its pages may be
// dropped at any time, also while other threads run in them; data pages stay. Rejected: smaller libraries (Arrow and DuckDB come built),
// and loading DuckDB at the first query (a second of waiting for the first chart).
//
// Large buffers: a batch's columns are megabytes, beyond what the allocator keeps by default; each one was mapped, its pages cleared one by one
// and unmapped again, a tenth of a replay's time in the kernel.
//
// Free memory: reading a table's log takes a few MB for moments, on whatever thread is free, and each of the allocator's arenas (16 by default) keeps the
// most that it ever held, in pieces: 926 MB after 32,000 commits, 41 MB of them in use. Trimming costs milliseconds. Four arenas are enough
// for the stages not to wait for each other, and hold 50 to 150 MB less at full speed. Rejected: another allocator (one more library, and those
// that were tried are slower here).
#include "base/memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace cryptostream {

void ReuseLargeBuffers() {
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that it takes
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  ::mallopt(M_ARENA_MAX, 4);
  ::setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 0);
}

void ReleaseStartPages() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    char rights[5] = {}, path[2] = {};
    // "7f00-7f10 r-xp 00000000 08:01 1234   /usr/lib/libx.so"
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %*s %*s %*s %1s", &begin, &end, rights, path) != 4) continue;
    if (std::strcmp(rights, "r-xp") != 0 || path[0] != '/') continue;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

void ReleaseFreeMemory() {
  constexpr std::chrono::steady_clock::duration kEvery = std::chrono::minutes(1);
  static std::atomic<std::chrono::steady_clock::duration> done_at{};
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  auto last = done_at.load();
  if (now - last >= kEvery && done_at.compare_exchange_strong(last, now)) ::malloc_trim(0);
}

}  // namespace cryptostream
