#pragma once

#include "base/result.h"
#include "delta/border.h"
#include "delta/table.h"

// For the files of this folder only.
namespace cryptostream::delta_internal {

// Names in commitInfo.operationParameters.
inline constexpr const char* kBatchId = "batchId";
inline constexpr const char* kOperation = "operation";

// A commit as the shim takes it. Errors: Invalid (what does not belong together).
Result<shim::Request> MakeRequest(const CommitRequest& request);

}  // namespace cryptostream::delta_internal
