#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "source/line_reader.h"
#include "source/replay_part.h"
#include "source/taken_recordings.h"

namespace cryptostream {

// Where a recording stands: under which id its position is kept, and the first line that was not taken.
struct Standing {
  std::string id;
  std::int64_t position = 0;
};

// Finds it by the recording's own lines, of all parts together, and nothing else: no name, no size, no time. What was taken of it, in however it
// was packed, is proven line by line, so it goes on behind that exactly.
// In: what the lake knows of positions (may be empty). Errors: Invalid when it was changed since it was taken, with the place; as of LineReader.
Result<Standing> FindStanding(const std::vector<ReplayPart>& parts,
                              const std::function<Result<RecordingPositions>(std::string_view prefix)>& positions,
                              StopToken stop);

// False for the last line of a file that is being written, of which the rest has not come yet.
bool IsComplete(const Line& line);

}  // namespace cryptostream
