#pragma once

#include "base/result.h"
#include "cluster/note.h"
#include "cluster/plan.h"
#include "lake/bronze.h"

namespace cryptostream {

// A file of bronze that a batch of silver is made of.
struct BronzeFile {
  std::int32_t place = 0;  // among the files of the batch
  Version version = kNoVersion;
  DataFile file;
};

// Errors: Invalid.
Result<BronzeFile> BronzeFileOf(const Note& note);
Note InputNote(const BronzeFile& file);
// Its rows, as the engine gets them. Errors: as of ReadDataFile.
Result<BronzeBatchList> ReadBronzeFile(const SilverPlan& plan, const BronzeFile& file);

}  // namespace cryptostream
