// What `[postgres]` refuses, without a server.
#include "sink/options.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

std::string Problem(SinkOptions options) {
  Status status = StatusOf(SinkProblems(options));
  return status ? "" : status.error().message;
}

TEST(SinkOptions, TakesWhatLibpqTakes) {
  for (const char* url :
       {"", "postgresql:///cryptostream", "postgres://me@db.example.org:5433/x?sslmode=verify-full", "host=h dbname=x"}) {
    SinkOptions options;
    options.url = url;
    EXPECT_EQ(Problem(options), "") << url;
  }
}

TEST(SinkOptions, RefusesAPasswordInTheUrlWithoutRepeatingIt) {
  for (const char* url :
       {"postgresql://me:hidden-one@h/x", "postgresql://h/x?password=hidden-one", "host=h password=hidden-one"}) {
    SinkOptions options;
    options.url = url;
    std::string problem = Problem(options);
    EXPECT_NE(problem.find("postgres.password_file"), std::string::npos) << problem;
    EXPECT_EQ(problem.find("hidden-one"), std::string::npos) << problem;
  }
}

TEST(SinkOptions, NamesTheTableThatWasMeant) {
  SinkOptions options;
  options.tables = {"candles", "observation"};
  EXPECT_NE(Problem(options).find("did you mean observations?"), std::string::npos) << Problem(options);
}

TEST(SinkOptions, LeavesRoomForTheRecordingsSchema) {
  SinkOptions options;
  options.schema = std::string(58, 'x');
  EXPECT_EQ(Problem(options), "");
  for (const char* schema : {"", "pg_x", "information_schema", "\xFF"}) {
    options.schema = schema;
    EXPECT_NE(Problem(options), "") << schema;
  }
  options.schema = std::string(59, 'x');
  EXPECT_NE(Problem(options), "");
}

}  // namespace
}  // namespace cryptostream
