#pragma once

#include <filesystem>

#include "base/stop.h"
#include "config/config.h"

namespace cryptostream {

// Takes the messages of an original installation into the lake, each once: the rows of its bronze table, in the order of its commits.
// Repeated, it goes on where it stopped. In: the original's `storage` folder, or its bronze table. Errors: NotFound (no table
// there), Invalid (not an original's table), Unavailable (its files are gone), as of Lake::Open.
Status ImportBronze(const Config& config, const std::filesystem::path& folder, bool show_progress, StopToken stop);

}  // namespace cryptostream
