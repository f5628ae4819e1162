// Actions of a log, read from the lines of commits. In: JSON as several writers write it. Out: one form, or why there is none.
#include "verify/log_action.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

std::vector<LogAction> ActionsOf(std::string_view commit) {
  std::vector<LogAction> actions;
  Status read = ForEachActionOf(commit, [&](std::int64_t, LogAction&& action) {
    actions.push_back(std::move(action));
    return Status();
  });
  EXPECT_TRUE(read) << read.error().message;
  return actions;
}

std::string WhyNot(std::string_view commit) {
  Status read = ForEachActionOf(commit, [](std::int64_t, LogAction&&) { return Status(); });
  return read ? "" : read.error().message;
}

TEST(LogAction, SaysTheSameHoweverItIsWritten) {
  auto one = ActionsOf(R"({"add":{"path":"a","size":5,"partitionValues":{"b":"1","a":"2"},"tags":null,"stats":"{\"n\":1}"}})");
  auto other = ActionsOf(
      R"( { "add" : { "stats":"{\"n\":1}", "partitionValues":{"a":"2","b":"1"}, "options":{}, "size":5, "path":"\u0061"} } )");
  ASSERT_EQ(one.size(), 1u);
  ASSERT_EQ(other.size(), 1u);
  EXPECT_EQ(one[0].fields, other[0].fields);
  EXPECT_EQ(TextOf(one[0].fields, "path"), "a");
  EXPECT_EQ(IntegerOf(one[0].fields, "size"), 5);
  EXPECT_EQ(MembersOf(one[0].fields, "partitionValues")->at("b").text, "1");
}

TEST(LogAction, ATextIsNoNumber) {
  auto fields = ParseLogJson(R"({"size":"5","version":5,"yes":true})");
  ASSERT_TRUE(fields);
  EXPECT_FALSE(IntegerOf(*fields, "size"));
  EXPECT_FALSE(TextOf(*fields, "version"));
  EXPECT_EQ(BoolOf(*fields, "yes"), true);
}

TEST(LogAction, AnEmptyArrayIsThere) {
  auto fields = ParseLogJson(R"({"none":[],"some":[{"b":1,"a":null},"x"]})");
  ASSERT_TRUE(fields);
  EXPECT_TRUE(fields->contains("none"));
  EXPECT_TRUE(ItemsOf(*fields, "none")->empty());
  auto items = ItemsOf(*fields, "some");
  ASSERT_EQ(items->size(), 2u);
  EXPECT_EQ((*items)[0].text, R"({"b":1})");
  EXPECT_EQ((*items)[1].text, "x");
}

TEST(LogAction, LinesWithNothingAreNoActions) {
  EXPECT_TRUE(ActionsOf("").empty());
  EXPECT_TRUE(ActionsOf("\n \r\n\n").empty());
  EXPECT_EQ(ActionsOf("{\"txn\":{}}\n\n{\"txn\":{}}").size(), 2u);
}

TEST(LogAction, WhatIsNoJsonIsNamedByItsLine) {
  const std::string good = "{\"txn\":{\"appId\":\"a\"}}\n";
  for (std::string bad :
       {"{\"txn\":{\"appId\":\"a\"}", "{\"txn\":{\"appId\":\"a\",\"appId\":\"b\"}}", "[]", "7", "{\"txn\":7}",
        "{\"txn\":{\"version\":01}}", "{\"txn\":{\"version\":nul}}", "{\"txn\":{}} {\"txn\":{}}", "{\"txn\":{\"a\":\"\xff\"}}"}) {
    EXPECT_NE(WhyNot(good + bad).find("line 2 is not JSON"), std::string::npos) << bad << ": " << WhyNot(good + bad);
  }
  std::string deep(100, '[');
  EXPECT_NE(WhyNot("{\"txn\":{\"a\":" + deep + std::string(100, ']') + "}}").find("too deep"), std::string::npos);
}

}  // namespace
}  // namespace cryptostream
