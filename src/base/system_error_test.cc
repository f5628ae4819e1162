// What a person reads when the disk says no.
#include "base/system_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace cryptostream {
namespace {

TEST(SystemErrorTest, ReasonsAreTheSystemsWordsWithAdvice) {
  EXPECT_EQ(SystemReason(ENOSPC), "No space left on device (free some space on this disk)");
  EXPECT_EQ(SystemReason(EROFS), "Read-only file system (mount it writable, or choose another --storage)");
  EXPECT_EQ(SystemReason(EACCES), "Permission denied (give this user the right to read and write there)");
  EXPECT_EQ(SystemReason(ENOENT), "No such file or directory");
}

TEST(SystemErrorTest, AdviceTakesThePlaceOfRustsNumber) {
  EXPECT_EQ(WithAdvice("Unable to copy data to file: No space left on device (os error 28)"),
            "Unable to copy data to file: No space left on device (free some space on this disk)");
  EXPECT_EQ(WithAdvice("a (os error 13) b"), "a (give this user the right to read and write there) b");
  for (const char* untouched : {"Input/output error (os error 5)", "nothing of the kind", "(os error ", "(os error x)", ""}) {
    EXPECT_EQ(WithAdvice(untouched), untouched);
  }
}

}  // namespace
}  // namespace cryptostream
