#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "delta/data_file.h"
#include "market/schema.h"

namespace cryptostream {

// The columns by which compacted files of a table are sorted: coin and event time first, where the table has them.
std::vector<std::string> SortColumns(const TableLayout& layout);

struct MergeRequest {
  std::string root;
  const TableLayout* layout = nullptr;
  std::vector<DataFile> files;    // of one partition
  std::int64_t target_bytes = 0;  // a new file is begun when one reaches this
  std::int64_t memory_bytes = 0;  // about what may be held
  DataFileOptions options;
};

struct Merged {
  std::vector<DataFile> inputs;   // those that were merged: the first ones of the request that memory allows
  std::vector<DataFile> outputs;  // sorted, durable, not committed
};

// Merges data files into sorted ones with the same rows. Memory stays within the request's: sorted inputs are read piece by piece,
// unsorted ones (as the stages write them) whole, and what does not fit is left out. Out: no inputs if less than two fit.
// Errors: Corrupt (an input is damaged, or the rows do not add up), NotFound, Unavailable, Cancelled.
Result<Merged> MergeFiles(const MergeRequest& request, StopToken stop);

}  // namespace cryptostream
