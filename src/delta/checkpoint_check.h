#pragma once

#include <filesystem>

#include "base/result.h"

namespace cryptostream {

// Looks at the checkpoints of a table on this machine before it is opened for writing, and sets aside those that cannot be read
// (as <name>.bad), together with a `_last_checkpoint` that names none: the table then opens from its commits. Does nothing
// without a log. Errors: Corrupt when the commits that such a checkpoint stood for are gone; Unavailable.
Status SetAsideBadCheckpoints(const std::filesystem::path& log_dir);

}  // namespace cryptostream
