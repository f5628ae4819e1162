#pragma once

namespace cryptostream {

// Headers of the records that we write. Readers of the original's form ignore them.
inline constexpr const char* kContentTypeHeader = "content-type";
inline constexpr const char* kContentType = "application/json";
inline constexpr const char* kSourceHeader = "source";  // venue and market, bronze's column
inline constexpr const char* kSchemaHeader = "schema-version";
inline constexpr const char* kSchemaVersion = "1";
// "reject" or "gap" on a record that is no message: what a source could not make a message of, and when it was silent. These travel
// in the topic so that they reach the tables in order and once, like everything else.
inline constexpr const char* kKindHeader = "cryptostream-kind";
inline constexpr const char* kRejectKind = "reject";
inline constexpr const char* kGapKind = "gap";
inline constexpr const char* kReasonHeader = "reason";
inline constexpr const char* kFromTimeHeader = "from-time-us";
inline constexpr const char* kToTimeHeader = "to-time-us";

}  // namespace cryptostream
