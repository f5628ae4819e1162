#pragma once

namespace cryptostream {

// Headers of the records that we write. Readers of the original's form ignore them.
inline constexpr const char* kContentTypeHeader = "content-type";
inline constexpr const char* kContentType = "application/json";
inline constexpr const char* kSourceHeader = "source";  // venue and market, bronze's column
inline constexpr const char* kSchemaHeader = "schema-version";
inline constexpr const char* kSchemaVersion = "1";
// "reject" or "gap" on a mark, a record that is no message: what a source could not make a message of, and when it was silent. Marks have a
// topic of their own; older programs put them among the messages, where they are still read.
inline constexpr const char* kKindHeader = "cryptostream-kind";
inline constexpr const char* kRejectKind = "reject";
inline constexpr const char* kGapKind = "gap";
inline constexpr const char* kReasonHeader = "reason";
// On a mark of a topic of its own: "<sender>/<number>". One that comes again has the same, and a sender's numbers only grow.
inline constexpr const char* kMarkHeader = "cryptostream-mark";
inline constexpr const char* kReceivedHeader = "received-us";  // when the source set it aside
inline constexpr const char* kFromTimeHeader = "from-time-us";
inline constexpr const char* kToTimeHeader = "to-time-us";
// On a dead letter, beside source and reason: which stage refused the record, and which record of which topic it was.
inline constexpr const char* kStageHeader = "stage";
inline constexpr const char* kSourceTopicHeader = "source-topic";
inline constexpr const char* kSourcePartitionHeader = "source-partition";
inline constexpr const char* kSourceOffsetHeader = "source-offset";
inline constexpr const char* kCutFromHeader = "cut-from-bytes";  // only where the broker would not take the record whole
// On a message that was sent again out of quarantine: "<quarantine table id>/<id of the row>".
inline constexpr const char* kReplayedHeader = "cryptostream-replayed";

}  // namespace cryptostream
