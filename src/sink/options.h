#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/setting_problem.h"

namespace cryptostream {

// How the connection is encrypted. kAuto: as the URL says; else required of another machine and preferred of
// this one.
enum class PgTls { kAuto, kDisable, kPrefer, kRequire, kVerifyCa, kVerifyFull };

// `[postgres]` of the configuration.
struct SinkOptions {
  std::string url;            // postgresql://[user@][host][:port]/[database][?...], without password; empty: no sink
  std::string password_file;  // read at each connection, so a changed password needs no restart; empty: libpq's own ways
  std::string schema = "cryptostream";
  std::vector<std::string> tables = {"candles", "prices"};  // in any order
  PgTls tls = PgTls::kAuto;
  std::chrono::milliseconds timeout{60'000};  // the longest wait for an answer

  bool is_set() const { return !url.empty(); }
};

// The longest name that PostgreSQL does not cut.
inline constexpr std::size_t kPgNameBytes = 63;
// What follows the schema's name for rows of a recording, which are not to be taken for prices of today.
inline constexpr std::string_view kRecordingSchema = "_demo";

// Returns all for which the sink would refuse these options, without connecting.
SettingProblems SinkProblems(const SinkOptions& options);

}  // namespace cryptostream
