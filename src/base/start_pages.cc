// Half of what an idle program holds is code that ran once: the libraries' own initialisation touches a little of everything, and the
// kernel maps 64 KB around each touch (60 of 124 MB at the start of `run`). Code is mapped from files and never written, so its pages may be
// dropped at any time, also while other threads run in them; data pages stay. Rejected: smaller libraries (Arrow and DuckDB come built),
// and loading DuckDB at the first query (a second of waiting for the first chart).
#include "base/start_pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace cryptostream {

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

}  // namespace cryptostream
