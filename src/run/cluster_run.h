#pragma once

#include "base/result.h"
#include "base/stop.h"
#include "config/config.h"

namespace cryptostream {

// The driver's half of a cluster's pipeline (cluster/coordinator.h), for the application that Spark runs: requests, a line each, from file
// descriptor `in`; answers, a line of JSON each, to `out`. Ends when `in` ends or `stop` is requested.
//
//   silver-next ROWS       {"rows": n, "buckets": n, "plan": "...", "inputs": [{bucket, kind, name, text, a, b}, ...]}, {"rows": 0}: nothing to do
//   silver-commit FILE     {"silver": n, "duplicates": n, "rejected": n} since the start; FILE: the tasks' notes, an Arrow stream
//   drain | drain-close    {} when gold and its rollups have it all; with -close, of windows that are open too
//
// An error ends it, is the last answer, {"error": "..."}, and is returned.
Status CoordinateCluster(const Config& config, int in, int out, StopToken stop);

}  // namespace cryptostream
