// URLs by where they lead, not by how they begin.
#include "net/url.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

bool LeadsHere(std::string_view text) {
  auto url = ParseUrl(text);
  return url && IsLoopbackHost(url->host);
}

TEST(Url, ThisMachineUnderItsNames) {
  EXPECT_TRUE(LeadsHere("http://localhost:8461/api/v3"));
  EXPECT_TRUE(LeadsHere("http://LOCALHOST/"));
  EXPECT_TRUE(LeadsHere("http://127.0.0.1:1"));
  EXPECT_TRUE(LeadsHere("http://127.8.9.10/"));
  EXPECT_TRUE(LeadsHere("http://[::1]:80/x"));
}

TEST(Url, WhatOnlyBeginsLikeThisMachine) {
  EXPECT_FALSE(LeadsHere("http://localhost:x@example.org/"));
  EXPECT_FALSE(LeadsHere("http://127.0.0.1.example.org/"));
  EXPECT_FALSE(LeadsHere("http://localhost.example.org/"));
  EXPECT_FALSE(LeadsHere("http://127.0.0.1@example.org"));
  EXPECT_FALSE(LeadsHere("http://[::1].example.org/"));
  EXPECT_FALSE(LeadsHere("http://example.org/?http://localhost"));
  EXPECT_FALSE(LeadsHere("http://128.0.0.1/"));
}

TEST(Url, AnAddressOfTheSixthVersionIsInBrackets) {
  EXPECT_EQ(HttpAddress("127.0.0.1", 8000), "http://127.0.0.1:8000");
  EXPECT_EQ(HttpAddress("::1", 65535), "http://[::1]:65535");
}

TEST(Url, PartsAreTold) {
  auto url = ParseUrl("HTTPS://me:secret@Pro.Example.ORG:8443/api");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "pro.example.org");
  EXPECT_EQ(url->user, "me");
  EXPECT_FALSE(ParseUrl("not a url").has_value());
  EXPECT_FALSE(ParseUrl("").has_value());
}

}  // namespace
}  // namespace cryptostream
