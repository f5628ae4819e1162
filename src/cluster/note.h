#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "market/schema.h"

namespace cryptostream {

// What operators say to each other and to the driver: the rows of every Arrow stream between them. Whoever carries them (Spark) needs to
// know only `bucket`: notes of one bucket go to one operator.
struct Note {
  std::int32_t bucket = 0;
  std::string kind;  // one of the below
  std::string name, text;
  std::int64_t a = 0, b = 0;
  std::string bytes;
};

// A data file that a task has written, or is to read: name = table, text = path, a = bytes, b = rows, bytes = statistics.
inline constexpr std::string_view kFileNote = "file";
// A file of bronze to be read: as a file, bucket = its place among the files of the batch, name = the version that it came with.
inline constexpr std::string_view kInputNote = "input";
// Ticks of a bucket (tick_blob.h), a = how many.
inline constexpr std::string_view kTicksNote = "ticks";
// A source whose messages say no currency: name = source, a = the least version of bronze that has it.
inline constexpr std::string_view kSourceNote = "source";
// The greatest event time that was kept: name = source, a = partition, b = us.
inline constexpr std::string_view kWatermarkNote = "watermark";
// How many rows: name = one of the two below or the code of a rejection, a = how many.
inline constexpr std::string_view kCountNote = "count";
inline constexpr std::string_view kKeptCount = "kept", kDuplicatesCount = "duplicates";
// Windows of what was kept: a = how many, bytes as of AppendWindow.
inline constexpr std::string_view kWindowsNote = "windows";

const std::shared_ptr<arrow::Schema>& NoteSchema();
Result<std::shared_ptr<arrow::RecordBatch>> NotesToArrow(const std::vector<Note>& notes);
// Errors: Invalid, naming what another program has put there.
Result<std::vector<Note>> NotesOf(const arrow::RecordBatch& batch);

Note FileNote(const TableLayout& layout, const DataFile& file);
// Errors: Invalid (the path does not lie in a partition of the table).
Result<DataFile> FileOf(const TableLayout& layout, const Note& note);

}  // namespace cryptostream
