#pragma once

namespace cryptostream {

// The tests are tested too: three faulty variants of the engine must each be caught (test/lake/mutant_test.py). A target
// mutant_<name> of CMake defines CRYPTOSTREAM_MUTANT for the files concerned; in the program that users run it is kNone, and
// every branch on it is compiled out.
enum class Mutant {
  kNone,
  kRetryBlindly,            // a commit that was not confirmed is tried again without a look at the log
  kNoPositionCheck,         // nobody asks whether the table still stands where the batch begins
  kAcknowledgeBeforeFsync,  // what the page cache holds counts as durable
};

#ifdef CRYPTOSTREAM_MUTANT
constexpr Mutant kMutant = Mutant::CRYPTOSTREAM_MUTANT;
#else
constexpr Mutant kMutant = Mutant::kNone;
#endif

}  // namespace cryptostream
