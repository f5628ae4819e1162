#pragma once

namespace cryptostream {

// Lets go of the program code that was in use up to now. What is still needed comes back by itself from the page cache, a page at a time.
// Call when a long-running command has started. Does nothing where the system does not tell what is mapped.
void ReleaseStartPages();

// Gives memory that is free within the allocator back to the system, at most once a minute however often it is called. Thread-safe.
void ReleaseFreeMemory();

}  // namespace cryptostream
