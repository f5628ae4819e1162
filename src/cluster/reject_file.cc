// What tasks write beside silver's rows. In: rows and reasons. Out: data files, and notes of them.
#include "cluster/reject_file.h"

#include <algorithm>

#include "delta/data_file.h"

namespace cryptostream {

std::string FolderOf(const SilverPlan& plan, const TableLayout& layout) { return plan.root + "/" + layout.path; }

Status WriteFiles(const SilverPlan& plan, const TableLayout& layout, const std::vector<PartitionRows>& rows,
                  std::vector<Note>& out) {
  DataFileOptions options;
  options.fsync = plan.fsync;
  options.distinct_columns = layout.distinct_columns;
  for (const PartitionRows& part : rows) {
    std::vector<PartitionValue> partition;
    for (std::size_t i = 0; i < part.partition.size(); ++i) partition.push_back({layout.partition_columns[i], part.partition[i]});
    CS_ASSIGN(DataFile file, WriteDataFile(FolderOf(plan, layout), partition, *part.rows, options));
    out.push_back(FileNote(layout, file));
  }
  return {};
}

void RejectFile::Add(const RawBatch& batch, std::size_t row, Version version, const std::string& reason) {
  ++counts_[reason.substr(0, reason.find(':'))];
  if (version <= plan_.quarantined) return;
  RawBatch::Row raw = batch.row(row);
  rejects_.push_back(
      {batch.source, batch.topic, batch.partition, raw.offset, "silver", reason, std::string(raw.value), raw.received, version});
}

Status RejectFile::End(std::vector<Note>& out) {
  CS_ASSIGN(auto rows,
            QuarantineColumns(rejects_, std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())));
  rejects_.clear();
  CS_TRY(WriteFiles(plan_, QuarantineLayout(), rows, out));
  for (const auto& [code, count] : counts_) out.push_back({.kind = std::string(kCountNote), .name = code, .a = count});
  counts_.clear();
  return {};
}

}  // namespace cryptostream
