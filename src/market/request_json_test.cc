// What clients send, and what they should not.
#include "market/request_json.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

TEST(RequestJson, ReadsTextsListsAndScalars) {
  auto members = ReadJsonMembers(R"( {"sql":"SELECT \"a\"","params":["x","y"],"id":-1.5e3,"no":null,"empty":[]} )");
  ASSERT_TRUE(members) << members.error().message;
  ASSERT_EQ(members->size(), 5u);
  EXPECT_EQ((*members)[0].text, "SELECT \"a\"");
  EXPECT_EQ((*members)[1].list, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ((*members)[2].text, "-1.5e3");
  EXPECT_EQ((*members)[3].text, "null");
  EXPECT_EQ((*members)[4].kind, JsonMember::Kind::kList);
  EXPECT_TRUE(ReadJsonMembers("{}"));
}

TEST(RequestJson, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "[]",
                           "5",
                           "null",
                           "\"x\"",
                           "{",
                           "}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{\"a\":1}{",
                           "{\"a\":1} x",
                           "{\"a\":{}}",
                           "{\"a\":[1]}",
                           "{\"a\":[[]]}",
                           "{\"a\":[\"x\",]}",
                           "{\"a\":1,\"a\":2}",
                           "{a:1}",
                           "{\"a\":01}",
                           "{\"a\":nul}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\" 1}"}) {
    EXPECT_FALSE(ReadJsonMembers(text)) << text;
  }
  EXPECT_FALSE(ReadJsonMembers(std::string(60'000, '[')));
  EXPECT_FALSE(ReadJsonMembers("{\"a\":" + std::string(60'000, '[')));
}

}  // namespace
}  // namespace cryptostream
