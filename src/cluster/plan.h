#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "delta/snapshot.h"
#include "market/quote.h"

namespace cryptostream {

// What the driver tells the operators of one batch of silver, carried in the Arrow schema's metadata under this key.
inline constexpr const char* kPlanKey = "cryptostream.plan";

struct SilverPlan {
  std::string root;                     // the storage, as every executor sees it
  Version silver_version = kNoVersion;  // what silver has: duplicates are looked for there
  Version quarantined = kNoVersion;     // bronze version up to which rejects are in quarantine already
  std::int32_t buckets = 1;             // into which parse spreads the rows
  bool fsync = true;
  SourceQuotes quotes;

  std::string Encode() const;
  // Errors: Invalid: no plan, or one of another version of the program.
  static Result<SilverPlan> Parse(std::string_view text);
};

}  // namespace cryptostream
