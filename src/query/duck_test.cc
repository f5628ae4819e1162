// DuckDB's door: what comes out typed, and that nothing but reading the lake gets through.
#include "query/duck.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace cryptostream {
namespace {

class DuckTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("duck_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(root_ / "lake");
    std::ofstream(root_ / "secret.csv") << "a\n1\n";
    std::ofstream(root_ / "lake" / "inside.csv") << "a,b\n1,x\n2,y\n";
    auto duck = Duck::Open({.directories = {(root_ / "lake").string() + "/"}, .setup = {"CREATE VIEW v AS SELECT 1 AS one"}});
    ASSERT_TRUE(duck) << duck.error().message;
    duck_ = *std::move(duck);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::filesystem::path root_;
  std::unique_ptr<Duck> duck_;
};

TEST_F(DuckTest, ReadsTypedValues) {
  auto rows = duck_->Query(
      "SELECT 1::BIGINT AS i, 2.5::DOUBLE AS d, 'x' AS s, NULL::BIGINT AS n, true AS b, DATE '2024-08-08' AS day, "
      "make_timestamp(1723161254087891) AS t, sum(x)::HUGEINT AS h FROM (VALUES (1),(2)) v(x)");
  ASSERT_TRUE(rows) << rows.error().message;
  const auto& row = rows->rows.at(0);
  EXPECT_EQ(std::get<std::int64_t>(row[0]), 1);
  EXPECT_EQ(std::get<double>(row[1]), 2.5);
  EXPECT_EQ(std::get<std::string>(row[2]), "x");
  EXPECT_TRUE(IsSqlNull(row[3]));
  EXPECT_EQ(std::get<bool>(row[4]), true);
  EXPECT_EQ(FormatDate(std::get<Date>(row[5])), "2024-08-08");
  EXPECT_EQ(ToMicros(std::get<Timestamp>(row[6])), 1723161254087891);
  EXPECT_EQ(std::get<std::int64_t>(row[7]), 3);
}

// A value of a one-row query, by its column.
const SqlValue& Only(const Result<SqlRows>& rows, std::size_t column = 0) {
  EXPECT_EQ(rows->rows.size(), 1u);
  return rows->rows.at(0).at(column);
}

TEST_F(DuckTest, NumbersKeepEveryDigit) {
  auto rows = duck_->Query(
      "SELECT 1.50::DECIMAL(5,2), -0.05::DECIMAL(4,2), 18446744073709551615::UBIGINT, -1::HUGEINT, "
      "170141183460469231731687303715884105727::HUGEINT, (-170141183460469231731687303715884105728)::HUGEINT, "
      "12345678901234567890123456789012345.678::DECIMAL(38,3), 340282366920938463463374607431768211455::UHUGEINT, "
      "0::DECIMAL(9,3), "
      "9223372036854775807::UBIGINT");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(std::get<ExactNumber>(Only(rows, 0)).digits, "1.50");
  EXPECT_EQ(std::get<ExactNumber>(Only(rows, 1)).digits, "-0.05");
  EXPECT_EQ(std::get<ExactNumber>(Only(rows, 2)).digits, "18446744073709551615");
  EXPECT_EQ(std::get<std::int64_t>(Only(rows, 3)), -1);
  EXPECT_EQ(std::get<ExactNumber>(Only(rows, 4)).digits, "170141183460469231731687303715884105727");
  EXPECT_EQ(std::get<ExactNumber>(Only(rows, 5)).digits, "-170141183460469231731687303715884105728");
  EXPECT_EQ(std::get<ExactNumber>(Only(rows, 6)).digits, "12345678901234567890123456789012345.678");
  EXPECT_EQ(std::get<ExactNumber>(Only(rows, 7)).digits, "340282366920938463463374607431768211455");
  EXPECT_EQ(std::get<ExactNumber>(Only(rows, 8)).digits, "0.000");
  EXPECT_EQ(std::get<std::int64_t>(Only(rows, 9)), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(rows->columns[0].type, "DECIMAL(5,2)");
}

TEST_F(DuckTest, NestedValuesKeepTheirShape) {
  auto rows = duck_->Query(
      "SELECT {'a': 1, 'b': TIMESTAMPTZ '2024-08-08 23:54:00+00', 'c': [1.5, NULL], 'd': INTERVAL 1 DAY} AS s, MAP {'x': 1} AS "
      "m, "
      "[10, 20, 30]::INTEGER[3] AS fixed, NULL::STRUCT(a INTEGER) AS none FROM range(3) ORDER BY 1 LIMIT 1; -- the end");
  ASSERT_TRUE(rows) << rows.error().message;
  const SqlColumn& s = rows->columns[0];
  EXPECT_EQ(s.name, "s");
  ASSERT_EQ(s.parts.size(), 4u);
  EXPECT_EQ(s.parts[1].type, "TIMESTAMP WITH TIME ZONE");
  const auto& fields = std::get<SqlNested>(Only(rows)).items;
  EXPECT_EQ(std::get<std::int64_t>(fields[0].value), 1);
  EXPECT_EQ(FormatRfc3339(std::get<Timestamp>(fields[1].value)), "2024-08-08T23:54:00.000Z");
  const auto& list = std::get<SqlNested>(fields[2].value).items;
  EXPECT_EQ(std::get<ExactNumber>(list[0].value).digits, "1.5");
  EXPECT_TRUE(IsSqlNull(list[1].value));
  EXPECT_EQ(std::get<std::string>(fields[3].value), "1 day");
  EXPECT_EQ(std::get<std::int64_t>(std::get<SqlNested>(Only(rows, 2)).items.at(2).value), 30);
  EXPECT_TRUE(IsSqlNull(Only(rows, 3)));
}

TEST_F(DuckTest, TypesWithoutAFormOfTheirOwnComeAsText) {
  auto rows = duck_->Query(
      "SELECT 'a'::ENUM('a', 'b') AS e, TIME '12:00:00' AS t, '00000000-0000-0000-0000-000000000001'::UUID AS u, NULL AS n, "
      "'infinity'::TIMESTAMP AS f, '2024-08-08 01:02:03'::TIMESTAMP_S AS whole");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(std::get<std::string>(Only(rows, 0)), "a");
  EXPECT_EQ(std::get<std::string>(Only(rows, 1)), "12:00:00");
  EXPECT_EQ(std::get<std::string>(Only(rows, 2)), "00000000-0000-0000-0000-000000000001");
  EXPECT_TRUE(IsSqlNull(Only(rows, 3)));
  EXPECT_EQ(std::get<std::string>(Only(rows, 4)), "infinity");
  EXPECT_EQ(FormatRfc3339(std::get<Timestamp>(Only(rows, 5))), "2024-08-08T01:02:03.000Z");
}

TEST_F(DuckTest, AResultWithoutRowsHasColumns) {
  for (const char* sql : {"SELECT 1 AS one, {'a': 1} AS s WHERE false", "SELECT one, {'a': one} AS s FROM v WHERE one > 1"}) {
    auto rows = duck_->Query(sql);
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_TRUE(rows->rows.empty());
    ASSERT_EQ(rows->columns.size(), 2u) << sql;
    EXPECT_EQ(rows->columns[0].name, "one");
    EXPECT_EQ(rows->columns[1].shape, SqlShape::kStruct);
  }
}

TEST_F(DuckTest, WritesParquetWithTypes) {
  const std::string file = (root_ / "out.parquet").string();
  auto duck = Duck::Open({.directories = {(root_ / "lake").string() + "/"}, .output_file = file});
  ASSERT_TRUE(duck) << duck.error().message;
  auto rows = (*duck)->CopyToParquet(
      "SELECT i, {'start': make_timestamptz(i)} AS w, sum(i) OVER () AS total, 1.5::DECIMAL(4,1) AS d FROM range(5) r(i) ORDER "
      "BY i DESC;",
      file, {.max_rows = 3});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(*rows, 3);
  auto read = (*duck)->Query("SELECT i, typeof(w), typeof(total), total, d FROM read_parquet('" + file + "')");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(std::get<std::int64_t>(read->rows.at(0)[0]), 4);
  EXPECT_EQ(std::get<std::string>(read->rows[0][1]), "STRUCT(\"start\" TIMESTAMP WITH TIME ZONE)");
  EXPECT_EQ(std::get<std::string>(read->rows[0][2]), "DECIMAL(38,0)");
  EXPECT_EQ(std::get<ExactNumber>(read->rows[0][3]).digits, "10");
  EXPECT_FALSE((*duck)->CopyToParquet("COPY (SELECT 1) TO '" + file + "'", file));
  EXPECT_FALSE((*duck)->CopyToParquet("SELECT 1", (root_ / "other.parquet").string()));
  EXPECT_FALSE((*duck)->Query("COPY (SELECT 1) TO '" + file + "'"));
}

TEST_F(DuckTest, AStopInterrupts) {
  StopSource stop;
  auto stopped = duck_->ForEachRow("SELECT * FROM range(100000000000)", {}, {.timeout = kNoTimeout, .stop = stop.get_token()},
                                   [&](const std::vector<SqlColumn>&, SqlRow&&) {
                                     stop.request_stop();
                                     return true;
                                   });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::kCancelled);
}

TEST_F(DuckTest, AnExactPathIsNoPattern) {
  std::vector<std::string> names{"*",     "?",     "[x]", "x",   "[!x]", "[[]x]", "**",  "a\\b",
                                 "a\\[b", "a\\*b", "]",   "a'b", "a=b",  "a%20b", "{a}", "a\nb"};
  for (const std::string& name : names) {
    std::filesystem::create_directories(root_ / name);
    std::ofstream(root_ / name / "f.csv") << "a\n" << &name - names.data() << "\n";
  }
  for (const std::string& name : names) {
    auto duck = Duck::Open({.directories = {(root_ / name).string() + "/"}});
    ASSERT_TRUE(duck) << name << " " << duck.error().message;
    std::string path = (root_ / name / "f.csv").string();
    auto rows =
        (*duck)->Query("SELECT a::BIGINT, filename FROM read_csv($1::varchar[], filename = true, hive_partitioning = false)",
                       {std::vector<std::string>{ExactPath(path)}});
    ASSERT_TRUE(rows) << name << " " << rows.error().message;
    ASSERT_EQ(rows->rows.size(), 1u) << name;
    EXPECT_EQ(std::get<std::int64_t>(rows->rows[0][0]), &name - names.data()) << name;
    EXPECT_EQ(std::get<std::string>(rows->rows[0][1]), path);
    EXPECT_FALSE((*duck)->Query("SELECT * FROM read_csv(" + SqlText((root_ / "secret.csv").string()) + ")")) << name;
  }
}

TEST_F(DuckTest, BindsParametersAndLists) {
  std::vector<std::string> files{(root_ / "lake" / "inside.csv").string()};
  auto rows = duck_->Query("SELECT count(*) FROM read_csv($1::varchar[]) WHERE b = $2", {files, std::string("x")});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(std::get<std::int64_t>(rows->rows[0][0]), 1);
  Timestamp time = FromMicros(1723161254087891);
  rows = duck_->Query("SELECT $1, epoch_us($1::TIMESTAMPTZ)", {time});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(std::get<Timestamp>(rows->rows[0][0]), time);
  EXPECT_EQ(std::get<std::int64_t>(rows->rows[0][1]), ToMicros(time));
}

TEST_F(DuckTest, StopsAtTheRowLimit) {
  auto rows = duck_->Query("SELECT * FROM range(10)", {}, {.max_rows = 3});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->rows.size(), 3u);
  EXPECT_TRUE(rows->truncated);
  rows = duck_->Query("SELECT * FROM range(3)", {}, {.max_rows = 3});
  EXPECT_FALSE(rows->truncated);
}

TEST_F(DuckTest, InterruptsWhatTakesTooLong) {
  auto rows = duck_->Query("SELECT count(*) FROM range(100000000000) a WHERE hash(a.range) = 1", {},
                           {.timeout = std::chrono::milliseconds(200)});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::kUnavailable);
  EXPECT_TRUE(duck_->Query("SELECT 1"));
}

TEST_F(DuckTest, RefusesWhatNeedsTooMuchMemory) {
  auto small = Duck::Open({.directories = {}, .threads = 1, .memory_mb = 64});
  ASSERT_TRUE(small);
  auto rows = (*small)->Query("SELECT count(*) FROM (SELECT DISTINCT random() FROM range(100000000))");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::kUnavailable) << rows.error().message;
}

// Everything that is not reading: each must be refused, and nothing may change on the disk.
TEST_F(DuckTest, RefusesEverythingButReading) {
  const std::string lake = (root_ / "lake").string(), secret = (root_ / "secret.csv").string();
  const std::string payloads[] = {
      "",
      ";",
      "--",
      "SELECT",
      "SELECT 1; SELECT 2",
      "SELECT 1; DROP VIEW v",
      "SELECT * FROM nothing",
      "COPY (SELECT 1) TO '" + lake + "/out.csv'",
      "COPY (SELECT 1) TO '" + lake + "/out.parquet' (FORMAT parquet)",
      "COPY v TO '" + lake + "/out.csv'",
      "COPY v TO '/dev/stdout'",
      "COPY FROM DATABASE memory TO other",
      "copy (select 1) to '" + secret + "'",
      "/* x */ COPY (SELECT 1) TO '" + lake + "/a.csv'",
      "WITH x AS (SELECT 1) INSERT INTO v SELECT * FROM x",
      "EXPLAIN COPY (SELECT 1) TO '" + lake + "/out.csv'",
      "EXPLAIN ANALYZE COPY (SELECT 1) TO '" + lake + "/out.csv'",
      "EXPORT DATABASE '" + lake + "/export'",
      "IMPORT DATABASE '" + lake + "'",
      "INSERT INTO v VALUES (1)",
      "UPDATE v SET one = 2",
      "DELETE FROM v",
      "TRUNCATE v",
      "CREATE TABLE t (a INT)",
      "CREATE TABLE t AS SELECT 1",
      "CREATE VIEW w AS SELECT 1",
      "CREATE OR REPLACE VIEW v AS SELECT 2",
      "CREATE TEMP TABLE t (a INT)",
      "CREATE MACRO m() AS 1",
      "CREATE SECRET s (TYPE s3)",
      "CREATE SEQUENCE q",
      "CREATE SCHEMA s",
      "CREATE TYPE t AS ENUM ('a')",
      "CREATE INDEX i ON v (one)",
      "DROP VIEW v",
      "ALTER VIEW v RENAME TO w",
      "ATTACH '" + lake + "/x.db'",
      "ATTACH ':memory:' AS other",
      "DETACH memory",
      "USE memory",
      "INSTALL httpfs",
      "INSTALL delta FROM core",
      "FORCE INSTALL httpfs",
      "LOAD httpfs",
      "LOAD '" + lake + "/x.duckdb_extension'",
      "UPDATE EXTENSIONS",
      "SET threads = 64",
      "SET enable_external_access = true",
      "SET GLOBAL lock_configuration = false",
      "RESET enable_external_access",
      "SET allowed_directories = ['/']",
      "SET VARIABLE x = 1",
      "PRAGMA enable_external_access = true",
      "PRAGMA memory_limit = '100GB'",
      "CALL pragma_version()",
      "CHECKPOINT",
      "FORCE CHECKPOINT",
      "VACUUM",
      "ANALYZE",
      "BEGIN",
      "COMMIT",
      "ROLLBACK",
      "PREPARE p AS SELECT 1",
      "EXECUTE p",
      "DEALLOCATE p",
      "SELECT * FROM '/etc/passwd'",
      "SELECT * FROM read_csv('/etc/passwd')",
      "SELECT * FROM read_text('/etc/passwd')",
      "SELECT * FROM read_blob('" + secret + "')",
      "SELECT * FROM read_csv('" + secret + "')",
      "SELECT * FROM read_csv('" + lake + "/../secret.csv')",
      "SELECT * FROM '" + secret + "'",
      "SELECT * FROM read_parquet('" + lake + "/../secret.csv')",
      "SELECT * FROM sniff_csv('" + secret + "')",
      "SELECT * FROM read_json('/proc/self/environ')",
      "SELECT * FROM read_csv('http://example.com/x.csv')",
      "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
      "SELECT * FROM glob('/etc/*')",
      "SELECT getenv('HOME')",
      "SELECT * FROM query('COPY (SELECT 1) TO ''" + lake + "/out.csv''')",
      "SELECT * FROM query_table('/etc/passwd')",
      "SELECT * FROM read_ndjson_objects('/etc/passwd')",
      "SELECT 1 AS a) TO '" + lake + "/out.csv",
      "SELECT * FROM (COPY (SELECT 1) TO 'x')",
      "SELECT * FROM parquet_metadata('" + secret + "')",
      "SELECT * FROM delta_scan('" + lake + "')",
  };
  EXPECT_GE(std::size(payloads), 50u);
  for (const std::string& sql : payloads) {
    auto rows = duck_->Query(sql);
    bool empty = rows && rows->rows.empty();
    EXPECT_TRUE(!rows || (sql.find("glob(") != std::string::npos && empty)) << "was not refused: " << sql;
    if (!rows) {
      EXPECT_FALSE(rows.error().message.empty());
    }
  }
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) files += entry.is_regular_file();
  EXPECT_EQ(files, 2);
  EXPECT_EQ(std::get<std::int64_t>(duck_->Query("SELECT one FROM v")->rows[0][0]), 1);
}

TEST(SqlQuoting, OneStatementWithoutItsEnd) {
  EXPECT_EQ(SqlWithoutEnd("select 1; -- the end"), "select 1");
  EXPECT_EQ(SqlWithoutEnd("select ';' as \"a;b\", $$;$$, $t$ ; $$ $t$ /* ; */ -- ;\n from t ;"),
            "select ';' as \"a;b\", $$;$$, $t$ ; $$ $t$ /* ; */ -- ;\n from t ");
  EXPECT_EQ(SqlWithoutEnd("select e'it\\';s' , some'a;b';"), "select e'it\\';s' , some'a;b'");
  EXPECT_EQ(SqlWithoutEnd("select '"), "select '");
}

TEST(SqlQuoting, DoublesQuotes) {
  EXPECT_EQ(SqlText("it's"), "'it''s'");
  EXPECT_EQ(SqlIdentifier("a\"b"), "\"a\"\"b\"");
}

}  // namespace
}  // namespace cryptostream
