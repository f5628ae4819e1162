#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "delta/position.h"
#include "delta/table.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream {

// What one commit of a stage holds.
struct CommitPlan {
  CommitKind kind = CommitKind::kAppend;
  std::vector<PartitionRows> rows;                 // written as one data file a partition, some more when they are very many
  std::vector<DataFile> adds;                      // files that others have written for it, durable already
  std::vector<DataFile> removes;                   // for kReplace
  Positions positions;                             // the new ones, carried in the commit
  Positions expected;                              // what the table must say of the same app ids before (absent: not there yet)
  std::string operation;                           // "bronze append"
  std::map<std::string, std::string> commit_info;  // more that the commit says of itself
  std::shared_ptr<arrow::Schema> add_columns;      // for kDescribe, as of CommitRequest
  std::map<std::string, std::string> properties;   // likewise
  Version checked =
      kNoVersion;  // at which `expected` and the fence were looked at; if unknown, both are looked at again when in doubt
};

// Writes the rows' data files and commits them with their positions, exactly once. An answer other than "committed" is
// never trusted: the log is read again, the commit looked for by its batch id, and repeated only when the table still stands
// at the expected positions. Writes a checkpoint every delta.checkpointInterval versions.
// Out: the version that holds the rows. Errors: Conflict (the positions moved, or a removed file is gone: reload and decide), Fenced (a newer
// writer took over), Unavailable (disk or store; nothing was committed), Invalid (the table does not take it:
// it never will), Internal (a panic), others as from the table.
Result<Version> CommitOnce(Table& table, const TableLayout& layout, CommitPlan plan, std::int64_t epoch);

// Commits rows (or files) of a side table, quarantine or gaps, if the plan has any; its positions never go back. Errors: as of CommitOnce.
Status CommitSide(Table& table, const TableLayout& layout, CommitPlan plan, std::int64_t epoch);

// To be asked whenever the table was read again: a writer that was overtaken must not go on from where the other one stands.
// In: the table's positions. Errors: Fenced when a writer that started after `epoch` has committed to it.
Status CheckNotFenced(const Table& table, const Positions& now, std::int64_t epoch);
// A commit that exchanges or drops whole files: compaction, retention. Its files are written already.
struct RewritePlan {
  CommitKind kind = CommitKind::kOptimize;
  std::vector<DataFile> adds;
  std::vector<DataFile> removes;
  Positions positions;                             // carried in the commit
  std::string operation;                           // "compact"
  std::map<std::string, std::string> commit_info;  // for people and tools that read the log
};

// Commits it on the newest version; every removed file is seen to be live still, with other commits kept waiting for the commit only. A
// commit of another program that came first is looked at and stepped over; the files stay good.
// Out: the version. Errors: Conflict (a removed file is gone: plan anew), Fenced, Unavailable (nothing was committed).
Result<Version> CommitRewrite(Table& table, const TableLayout& layout, const RewritePlan& plan, std::int64_t epoch);

}  // namespace cryptostream
