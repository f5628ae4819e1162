#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/table.h"

namespace cryptostream {

// Readers that follow tables of a lake and keep their position somewhere else: a sink in its database. Each
// leaves a note of how far it is in a file below the storage root, so that clean-up waits for it. Only a
// hint: without it, or once it is too old, what such a reader still needed may be gone, and it begins again
// with a snapshot.

// The folder of the notes, below a storage root.
std::filesystem::path ReaderNotes(const std::filesystem::path& root);

// Writes the note of a reader: by table id the version that it has read. Errors: Unavailable (the storage
// cannot be written).
Status NoteReader(const std::filesystem::path& root, const std::string& reader, const std::map<std::string, Version>& positions);

// How far the readers of a table are, as they noted it: of those for whom the next commit is there and is
// less than a day old. Whoever is further behind, or is gone for good, holds nothing up.
std::vector<Version> OutsideReaders(const std::filesystem::path& root, const Table& table);

}  // namespace cryptostream
