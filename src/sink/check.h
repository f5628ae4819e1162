#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/stop.h"
#include "sink/options.h"

namespace cryptostream {

// One thing that the sink needs or would do, in words.
struct SinkCheck {
  std::string name;
  bool good = true;
  std::string words;
};

// Looks whether the sink can do its work, and what it would do first. Changes nothing. Ends with what is
// missing.
std::vector<SinkCheck> CheckSink(const SinkOptions& options, const std::filesystem::path& root, StopToken stop);

}  // namespace cryptostream
