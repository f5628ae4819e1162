// XXH3 as Arrow carries it, a line at a time with the hash so far as its seed. Rejected: SHA-256 (a quarter of a fast replay's time on
// machines without instructions for it), a hash of fixed blocks of bytes (a file that grew, was packed anew or got other line ends would be
// another one).
#include "source/line_chain.h"

#define XXH_INLINE_ALL
#include <arrow/vendored/xxhash.h>

namespace cryptostream {

void LineChain::Begin(std::string_view format) { value_ = XXH3_64bits_withSeed(format.data(), format.size(), value_); }

void LineChain::Add(const Line& line) {
  value_ = XXH3_64bits_withSeed(line.text.data(), line.text.size(), value_ + line.cut_bytes);
  ++lines_;
}

}  // namespace cryptostream
