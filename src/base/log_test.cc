// What stderr gets: lines of the log, and a status line that stays below them.
#include "base/log.h"

#include <gtest/gtest.h>

#include "base/status_line.h"

namespace cryptostream {
namespace {

TEST(StatusLine, StaysBelowTheLog) {
  testing::internal::CaptureStderr();
  ShowStatusLine("half");
  LogInfo("a line");
  LogDebug("not printed");
  ShowStatusLine("whole");
  EndStatusLine();
  EndStatusLine();
  LogInfo("another");
  std::string got = testing::internal::GetCapturedStderr();
  // Lines begin with their time and level, in colour where that is wanted.
  std::size_t first = got.find("a line"), second = got.find("another");
  ASSERT_TRUE(first != std::string::npos && second != std::string::npos) << got;
  EXPECT_TRUE(got.starts_with("\r\033[Khalf\r\033[K20")) << got;
  EXPECT_EQ(got.substr(first, second - first).find("a line\nhalf\r\033[Kwhole\n20"), 0u) << got;
  EXPECT_TRUE(got.ends_with("another\n")) << got;
  EXPECT_EQ(got.find("not printed"), std::string::npos);
}

}  // namespace
}  // namespace cryptostream
