#pragma once

#include <cstdint>

#include "base/stop.h"
#include "config/config.h"
#include "query/rejected.h"

namespace cryptostream {

struct QuarantineRequest {
  RejectedFilter filter;
  bool to_topic = false;  // to kafka.topic; else into the lake
  bool dry_run = false;   // look only
};

// What a replay of quarantine did, or would do, by message.
struct QuarantineReplayed {
  std::int64_t sent = 0;
  std::int64_t bytes = 0;           // of what was sent
  std::int64_t rejected_again = 0;  // into the lake: refused once more, by whatever stage
  std::int64_t refused_here = 0;    // to the topic: no message can be made of it yet, so it was not sent
  std::int64_t in_topic = 0;        // sent to the topic by an earlier replay
  std::int64_t in_tables = 0;       // the topic has dropped records, but this lake has read and taken the message
  std::int64_t cut = 0, no_message = 0, too_old = 0;  // left out, see docs/tables.md
};

// Sends what is open in quarantine again, each message once however often this runs or is killed.
// Into the lake it needs the lake for itself; to the topic it only reads the lake.
// Errors: Conflict (somebody writes the lake: says who), Cancelled (what was sent stays sent), as of the lake and the broker.
Result<QuarantineReplayed> ReplayQuarantine(const Config& config, const QuarantineRequest& request, StopToken stop);

}  // namespace cryptostream
