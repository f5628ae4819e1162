// Which addresses are one client.
#include "net/client_address.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

TEST(ClientAddressTest, AnIpv6ClientIsItsNetworkAndAnIpv4ClientItself) {
  EXPECT_EQ(ClientAddress("10.0.0.5"), "10.0.0.5");
  EXPECT_EQ(ClientAddress("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(ClientAddress("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64");
  EXPECT_EQ(ClientAddress("2001:db8:1:3::1"), "2001:db8:1:3::/64");
  EXPECT_EQ(ClientAddress("fe80::1%eth0"), "fe80::/64");
  EXPECT_EQ(ClientAddress("::ffff:10.0.0.5"), "10.0.0.5");
  EXPECT_EQ(ClientAddress("::1"), "::1");
}

TEST(ClientAddressTest, AnAddressHasOneSpelling) {
  EXPECT_EQ(SpelledAddress("2001:DB8:0:0::5"), "2001:db8::5");
  EXPECT_EQ(SpelledAddress("10.0.0.5"), "10.0.0.5");
  EXPECT_EQ(SpelledAddress("proxy"), "proxy");
}

}  // namespace
}  // namespace cryptostream
