#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/note.h"
#include "cluster/plan.h"
#include "market/columns.h"

namespace cryptostream {

// The folder of a table below a storage root, in a lake of the newest format.
std::string FolderOf(const SilverPlan& plan, const TableLayout& layout);
// Writes rows as files of a table, and says them in notes. Errors: as of WriteDataFile.
Status WriteFiles(const SilverPlan& plan, const TableLayout& layout, const std::vector<PartitionRows>& rows,
                  std::vector<Note>& out);

// What silver rejects of one batch, on its way into quarantine's files.
class RejectFile {
 public:
  explicit RejectFile(const SilverPlan& plan) : plan_(plan) {}
  // A row of a bronze version; what quarantine has from before is counted and not written again.
  void Add(const RawBatch& batch, std::size_t row, Version version, const std::string& reason);
  Status End(std::vector<Note>& out);

 private:
  const SilverPlan& plan_;
  std::vector<Reject> rejects_;
  std::map<std::string, std::int64_t> counts_;
};

}  // namespace cryptostream
