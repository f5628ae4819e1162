// The settings of the sink into PostgreSQL; the rest of the table is in config_key.cc.
#include "base/file.h"
#include "config/config_key_kinds.h"

namespace cryptostream {

std::vector<ConfigKey> PostgresKeys() {
  using namespace std::chrono_literals;
  constexpr TextRule kAnyText;
  constexpr TextRule kSchema{"(?!pg_)(?!information_schema$)(?![\\s\\S]*://)[\\s\\S]{1,58}",
                             "1 to 58 bytes, not beginning with pg_, no URL"};
  return {
      Text({"postgres.url",
            "The database that gets the rows, without a password: postgresql:///NAME over the socket of this machine, or "
            "postgresql://USER@HOST:PORT/NAME. Empty: none.",
            "postgresql:///cryptostream", "--postgres"},
           kAnyText, true, [](Config& c) -> auto& { return c.postgres.url; }),
      Path({"postgres.password_file", "A file that holds the password; read at each connection. Empty: ~/.pgpass, or none.",
            "/etc/cryptostream/postgres-password"},
           true, [](Config& c) -> auto& { return c.postgres.password_file; }),
      Text({"postgres.schema", "The schema of the tables. A recording's rows go into one of this name with _demo.", "prices"},
           kSchema, false, [](Config& c) -> auto& { return c.postgres.schema; }),
      List(
          {"postgres.tables",
           "What is written: candles (one row a coin, interval and time), prices (the newest of each series), candles_by_source, "
           "observations (silver, row by row), quarantine (what was rejected, and why).",
           "candles, prices, observations"},
          kAnyText, [](Config& c) -> auto& { return c.postgres.tables; }),
      OneOf<PgTls>({"postgres.tls", "How the connection is encrypted. auto: as the URL says, else required of another machine.",
                    "verify-full"},
                   {{"auto", PgTls::kAuto},
                    {"disable", PgTls::kDisable},
                    {"prefer", PgTls::kPrefer},
                    {"require", PgTls::kRequire},
                    {"verify-ca", PgTls::kVerifyCa},
                    {"verify-full", PgTls::kVerifyFull}},
                   [](Config& c) -> auto& { return c.postgres.tls; }),
      Duration({"postgres.timeout", "The longest wait for an answer of the database.", "5m"}, 1s, 1h,
               [](Config& c) -> auto& { return c.postgres.timeout; }),
  };
}

}  // namespace cryptostream
