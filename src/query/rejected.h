#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "market/raw_batch.h"
#include "query/duck.h"

namespace cryptostream {

// Which rows of quarantine; what is empty does not restrict.
struct RejectedFilter {
  std::string source, stage, reason;  // reason: the word before the colon, or the whole text
  std::optional<Timestamp> since;     // received at or after
  std::size_t limit = 0;              // so many, the newest; 0: all
};

// A message that is in quarantine and was not sent again since it was rejected last.
struct OpenReject {
  Reject reject;        // topic without the mark of a replay; of a repeated reject the first one's offset
  std::int64_t id = 0;  // the same for every time that this message is rejected
  Date day;             // on which it was rejected
};

// For people: the newest rows with their state ("open", or "sent" again into this lake) and the beginning of their bytes, escaped.
// Errors: as of the query.
Result<SqlRows> ListRejected(const Duck& views, const RejectedFilter& filter);
// Calls `visit` for every row that is open; false stops. With a limit the newest come first, else they come in no order. Errors: as of the query.
Status ForEachOpenReject(const Duck& views, const RejectedFilter& filter, const std::function<bool(OpenReject)>& visit);
// How many rows there are of messages that were sent again into this lake and rejected once more.
Result<std::int64_t> CountRejectedAgain(const Duck& views);

}  // namespace cryptostream
