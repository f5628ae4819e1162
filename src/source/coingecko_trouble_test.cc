// Every shape in which an error was seen, and what it must be taken for.
#include "source/coingecko_trouble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "source/scripted_transport.h"

namespace cryptostream {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string Recording(const std::string& name) {
  std::ifstream in(std::string(CRYPTOSTREAM_SOURCE_DIR) + "/test/recordings/" + name + ".body", std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

HttpAnswer Answer(int status, std::string body, std::string type = "application/json; charset=utf-8") {
  return HttpAnswer{status, {{"Content-Type", std::move(type)}}, std::move(body), ""};
}

struct Case {
  const char* name;
  HttpAnswer answer;
  TroubleKind kind;
  const char* words;
};

class ErrorShapes : public ::testing::TestWithParam<Case> {};

TEST_P(ErrorShapes, AreToldApart) {
  auto judged = JudgeAnswer(GetParam().answer, Timestamp());
  ASSERT_FALSE(judged.has_value());
  EXPECT_EQ(judged.error().kind, GetParam().kind) << judged.error().words;
  EXPECT_THAT(judged.error().words, HasSubstr(GetParam().words));
}

const char* const kHtml = "<!DOCTYPE html><html><body>Attention Required!</body></html>";
const char* const kOwnCode = R"({"status":{"error_code":20000,"error_message":"Blocked"}})";  // a number of the provider's own

INSTANTIATE_TEST_SUITE_P(
    Shapes, ErrorShapes,
    ::testing::Values(
        Case{"status_object", Answer(429, R"({"status":{"error_code":429,"error_message":"You've exceeded the Rate Limit."}})"),
             TroubleKind::kLimited, "exceeded the Rate Limit"},
        Case{"under_200", Answer(200, R"({"status":{"error_code":429,"error_message":"slow down"}})"), TroubleKind::kLimited,
             "429"},
        Case{"error_text", Answer(404, R"({"error":"coin not found"})"), TroubleKind::kRefused, "coin not found"},
        Case{"nested", Answer(401, R"({"error":{"status":{"error_code":10002,"error_message":"API Key Missing"}}})"),
             TroubleKind::kRefused, "API Key Missing"},
        Case{"code_beside", Answer(400, R"({"timestamp":"2024","error_code":10011,"status":{"error_message":"use pro-api"}})"),
             TroubleKind::kRefused, "use pro-api"},
        Case{"throttled", Answer(429, "Throttled", "text/plain"), TroubleKind::kLimited, "Throttled"},
        Case{"throttled_200", Answer(200, "Throttled", "text/plain"), TroubleKind::kLimited, "Throttled"},
        Case{"cdn_html_403", Answer(403, kHtml, "text/html"), TroubleKind::kBanned, "an HTML page"},
        Case{"cdn_1020", Answer(403, "error code: 1020", "text/plain"), TroubleKind::kBanned, "1020"},
        Case{"teapot", Answer(418, ""), TroubleKind::kBanned, "418"},
        Case{"status_is_a_number", Answer(500, R"({"status":500,"error":"Internal Server Error"})"), TroubleKind::kServerError,
             "Internal Server Error"},
        Case{"bad_gateway", Answer(502, kHtml, "text/html"), TroubleKind::kServerError, "502"},
        Case{"redirect", Answer(301, ""), TroubleKind::kRefused, "redirects"},
        Case{"html_200", Answer(200, kHtml, "text/html"), TroubleKind::kBadBody, "HTML"},
        Case{"html_as_json", Answer(200, kHtml), TroubleKind::kBadBody, "HTML"},
        Case{"empty_200", Answer(200, ""), TroubleKind::kBadBody, "empty"},
        Case{"own_code_429", Answer(429, kOwnCode), TroubleKind::kLimited, "Blocked"},
        Case{"own_code_403", Answer(403, kOwnCode), TroubleKind::kBanned, "Blocked"},
        Case{"own_code_503", Answer(503, kOwnCode), TroubleKind::kServerError, "Blocked"},
        Case{"own_code_200", Answer(200, kOwnCode), TroubleKind::kRefused, "Blocked"},
        Case{"text_200", Answer(200, "[]", "text/plain"), TroubleKind::kBadBody, "text/plain"}),
    [](const auto& info) { return info.param.name; });

TEST(JudgeAnswer, KnowsTheRecordedErrors) {
  auto missing = JudgeAnswer(Answer(422, Recording("markets_missing_currency")), Timestamp());
  EXPECT_EQ(missing.error().kind, TroubleKind::kRefused);
  EXPECT_THAT(missing.error().words, HasSubstr("Missing parameter vs_currency"));
  EXPECT_EQ(JudgeAnswer(Answer(500, Recording("ohlc_server_error")), Timestamp()).error().kind, TroubleKind::kServerError);
}

TEST(JudgeAnswer, PassesRecordedPrices) {
  EXPECT_TRUE(JudgeAnswer(Answer(200, Recording("markets_bitcoin_usd")), Timestamp()).has_value());
  EXPECT_TRUE(JudgeAnswer(Answer(200, Recording("chart_bitcoin_90_days")), Timestamp()).has_value());
}

TEST(JudgeAnswer, KeepsTheBytesOfABodyThatIsNotWhole) {
  HttpAnswer answer = Answer(200, "[{\"id\":\"bit");
  answer.damage = "cut short: transfer closed with 700 bytes remaining to read";
  auto judged = JudgeAnswer(answer, Timestamp());
  EXPECT_EQ(judged.error().kind, TroubleKind::kBadBody);
  EXPECT_EQ(judged.error().bad_body, "[{\"id\":\"bit");
}

TEST(JudgeAnswer, SilenceIsUnreachableAndStoppingIsNot) {
  EXPECT_EQ(JudgeAnswer(Unavailable("name not found"), Timestamp()).error().kind, TroubleKind::kUnreachable);
  EXPECT_EQ(JudgeAnswer(Cancelled("stopping"), Timestamp()).error().kind, TroubleKind::kCancelled);
}

TEST(JudgeAnswer, ABanMayLastLongerThanALimit) {
  auto with = [](int status) {
    HttpAnswer answer = Answer(status, "");
    answer.headers.push_back({"Retry-After", "7200"});
    return JudgeAnswer(answer, Timestamp()).error().retry_after;
  };
  EXPECT_EQ(with(429), 10min);
  EXPECT_EQ(with(403), 1h);
}

TEST(SaysTheSame, LooksPastNumbersOnly) {
  EXPECT_TRUE(SaysTheSame("timed out after 5001 ms", "timed out after 4999 ms"));
  EXPECT_FALSE(SaysTheSame("timed out after 5001 ms", "no connection after 5001 ms"));
}

TEST(JudgeAnswer, ForeignWordsArePrintedSafely) {
  auto judged = JudgeAnswer(Answer(404, "{\"error\":\"a\\u001b[31m\\nb\"}"), Timestamp());
  EXPECT_EQ(judged.error().words.find('\x1b'), std::string::npos);
  EXPECT_EQ(judged.error().words.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace cryptostream
