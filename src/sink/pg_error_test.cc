// What PostgreSQL says becomes an error that ends with what mends it, in whatever language its server speaks.
#include "sink/pg_error.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

const PgPlace kPlace{"", "5432", "me", "prices", "cryptostream"};

TEST(PgError, ReadsTheCodeInAnyLanguage) {
  PgSaid said = ReadPgMessage(
      "connection to server on socket \"/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  3D000: Datenbank \"prices\" existiert "
      "nicht\n"
      "LOCATION:  InitPostgres, postinit.c:885\n");
  EXPECT_EQ(said.code, "3D000");
  EXPECT_EQ(said.words, "Datenbank \"prices\" existiert nicht");
  EXPECT_EQ(RemedyFor(said, kPlace), "make it: sudo -u postgres createdb -O me prices");
}

TEST(PgError, KeepsWordsWithoutACode) {
  PgSaid said =
      ReadPgMessage("connection to server at \"10.0.0.1\", port 5432 failed: Connection refused\n\tIs the server running?\n");
  EXPECT_EQ(said.code, "");
  EXPECT_NE(said.words.find("Connection refused"), std::string::npos);
  EXPECT_NE(RemedyFor(said, kPlace).find("systemctl start postgresql"), std::string::npos);
}

TEST(PgError, OnlyRowsAreInvalid) {
  EXPECT_EQ(FromPg("write", {"23505", "duplicate key"}, kPlace).kind, ErrorKind::kInvalid);
  EXPECT_EQ(FromPg("write", {"22021", "invalid byte sequence"}, kPlace).kind, ErrorKind::kInvalid);
  EXPECT_EQ(FromPg("write", {"53100", "disk full"}, kPlace).kind, ErrorKind::kUnavailable);
  EXPECT_EQ(FromPg("write", {"42501", "permission denied for schema"}, kPlace).kind, ErrorKind::kUnavailable);
}

TEST(PgError, QuotesNamesForTheShell) {
  PgPlace odd{"", "5432", "o'neil", "my db", "cryptostream"};
  EXPECT_EQ(RemedyFor({"3D000", ""}, odd), "make it: sudo -u postgres createdb -O 'o'\\''neil' 'my db'");
}

}  // namespace
}  // namespace cryptostream
