// A file of bronze on its way to a task. In: a note that names it. Out: its rows, as the engine gets them.
#include "cluster/bronze_file.h"

#include <arrow/api.h>

#include "base/text.h"
#include "cluster/reject_file.h"
#include "delta/data_file.h"
#include "market/columns.h"

namespace cryptostream {

Result<BronzeFile> BronzeFileOf(const Note& note) {
  auto version = IntegerOf<Version>(note.name);
  if (note.kind != kInputNote || !version)
    return Invalid("parse takes files of bronze, not notes of kind " + Printable(note.kind));
  BronzeFile input{note.bucket, *version, {}};
  CS_ASSIGN(input.file, FileOf(BronzeLayout(), note));
  return input;
}

Note InputNote(const BronzeFile& file) {
  Note note = FileNote(BronzeLayout(), file.file);
  note.bucket = file.place;
  note.kind = kInputNote;
  note.name = std::to_string(file.version);
  return note;
}

Result<BronzeBatchList> ReadBronzeFile(const SilverPlan& plan, const BronzeFile& file) {
  CS_ASSIGN(auto table, ReadDataFile(FolderOf(plan, BronzeLayout()), file.file, BronzeLayout().schema));
  return BronzeBatches(*table);
}

}  // namespace cryptostream
