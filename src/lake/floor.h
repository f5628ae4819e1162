#pragma once

#include <vector>

#include "delta/position.h"
#include "lake/lake.h"

namespace cryptostream {

// One reader of a table's log: which table it reads, and where its position stands.
struct LogReader {
  Table* upstream = nullptr;
  Table* holder = nullptr;  // the table whose commits carry the position
  std::string position_id;
};

// Everything that reads a table of this lake commit by commit. A new stage or sink adds its line here, and clean-up,
// compaction, vacuum and retention wait for it.
std::vector<LogReader> LogReaders(Lake& lake);

// Up to where each reader of a table has come: its newest version if nothing reads it, kNoVersion for a reader that has not begun. Who
// starts again at a position opens the table with the rows of that version and goes on from there. Errors: as of the tables.
Result<std::vector<Version>> ReaderPositions(Lake& lake, const Table& table);

// The floor of a table: the lowest of them. Commits above it are still to be read, so they and what they name must stay.
Result<Version> FloorOf(Lake& lake, const Table& table);

}  // namespace cryptostream
