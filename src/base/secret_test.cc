// Secrets are masked wherever text leaves the process.
#include "base/secret.h"

#include <gmock/gmock.h>

namespace cryptostream {
namespace {

TEST(Secret, AHiddenOneIsMaskedWhereverItIsQuoted) {
  HideInOutput(Secret("CG-canary-1"));
  EXPECT_EQ(MaskSecrets("key=CG-canary-1, again CG-canary-1"), "key=***, again ***");
  EXPECT_EQ(MaskSecrets("nothing to hide"), "nothing to hide");
}

TEST(Secret, OneThatHoldsAnotherIsMaskedWhole) {
  HideInOutput(Secret("inner-key"));
  HideInOutput(Secret("outer-inner-key-outer"));
  EXPECT_EQ(MaskSecrets("<outer-inner-key-outer> <inner-key>"), "<***> <***>");
}

TEST(Secret, NothingOrAWordIsNotHidden) {
  HideInOutput(Secret());
  HideInOutput(Secret("true"));
  EXPECT_EQ(MaskSecrets("it is true"), "it is true");
}

}  // namespace
}  // namespace cryptostream
