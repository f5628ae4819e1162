#pragma once

namespace cryptostream {

// Sets the allocator up for buffers of megabytes that come and go: they stay with the process for the next one, until
// ReleaseFreeMemory, and Arrow's come from the same place. Call first in main.
void ReuseLargeBuffers();

// Lets go of the program code that was in use up to now. What is still needed comes back by itself from the page cache, a page at a time.
// Call when a long-running command has started. Does nothing where the system does not tell what is mapped.
void ReleaseStartPages();

// Gives memory that is free within the allocator back to the system, at most once a minute however often it is called. Thread-safe.
void ReleaseFreeMemory();

}  // namespace cryptostream
