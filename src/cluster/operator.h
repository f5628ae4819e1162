#pragma once

#include <arrow/io/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cluster/note.h"
#include "cluster/plan.h"

namespace cryptostream {

// One of the pipeline's steps inside a task of a cluster: notes in, notes out, the rules those of the engine. What it writes lies in the
// tables' folders and belongs to nobody before the driver commits it.
class Operator {
 public:
  virtual ~Operator() = default;
  // Takes some notes, in the order in which they come; appends what there is to say. Errors: as of the files; Invalid (not its notes).
  virtual Status Take(std::vector<Note> notes, std::vector<Note>& out) = 0;
  // Nothing more comes.
  virtual Status End(std::vector<Note>& out) = 0;
};

// "parse": files of bronze -> ticks by bucket, rejects into quarantine's files.
std::unique_ptr<Operator> MakeParseOperator(const SilverPlan& plan);
// "dedup": ticks of buckets, bucket after bucket -> silver's files and windows. What it does not know goes on as it is.
std::unique_ptr<Operator> MakeDedupOperator(const SilverPlan& plan);

std::vector<std::string> OperatorNames();

// Reads an Arrow stream of notes with the plan in its schema's metadata, writes one of notes. Errors: Invalid (no such operator, no plan,
// garbage), as of the operators.
Status RunOperator(std::string_view name, const std::shared_ptr<arrow::io::InputStream>& in,
                   const std::shared_ptr<arrow::io::OutputStream>& out);
// The same from the standard input to the standard output.
Status RunOperator(std::string_view name);

}  // namespace cryptostream
