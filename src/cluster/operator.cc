// The loop around an operator. In: an Arrow stream of notes, with the plan. Out: one of what the operator says.
#include "cluster/operator.h"

#include <arrow/api.h>
#include <arrow/io/stdio.h>
#include <arrow/ipc/api.h>
#include <fmt/format.h>

#include <functional>
#include <map>

namespace cryptostream {
namespace {

using Maker = std::function<std::unique_ptr<Operator>(const SilverPlan&)>;

const std::map<std::string, Maker, std::less<>>& Makers() {
  static const std::map<std::string, Maker, std::less<>> makers{{"parse", MakeParseOperator}, {"dedup", MakeDedupOperator}};
  return makers;
}

std::unexpected<Error> BadInput(const arrow::Status& status) {
  return Invalid("cannot read the rows from stdin, which should be an Arrow stream of `cryptostream spark submit`: " +
                 status.ToString());
}

std::unexpected<Error> BadOutput(const arrow::Status& status) {
  return Unavailable("cannot write to stdout: " + status.ToString());
}

// Notes out, batch by batch.
class Output {
 public:
  static Result<std::unique_ptr<Output>> Open(const std::shared_ptr<arrow::io::OutputStream>& out) {
    std::unique_ptr<Output> made(new Output());
    auto writer = arrow::ipc::MakeStreamWriter(out, NoteSchema());
    if (!writer.ok()) return BadOutput(writer.status());
    made->writer_ = *writer;
    return made;
  }
  Status Write(const std::vector<Note>& notes) {
    if (notes.empty()) return {};
    CS_ASSIGN(auto batch, NotesToArrow(notes));
    if (auto wrote = writer_->WriteRecordBatch(*batch); !wrote.ok()) return BadOutput(wrote);
    return {};
  }
  Status Close() {
    if (auto closed = writer_->Close(); !closed.ok()) return BadOutput(closed);
    return {};
  }

 private:
  Output() = default;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

std::vector<std::string> OperatorNames() {
  std::vector<std::string> names;
  for (const auto& [name, make] : Makers()) names.push_back(name);
  return names;
}

Status RunOperator(std::string_view name) {
  return RunOperator(name, std::make_shared<arrow::io::StdinStream>(), std::make_shared<arrow::io::StdoutStream>());
}

Status RunOperator(std::string_view name, const std::shared_ptr<arrow::io::InputStream>& in,
                   const std::shared_ptr<arrow::io::OutputStream>& out) {
  auto made = Makers().find(name);
  if (made == Makers().end()) return Invalid(fmt::format("no such operator: {} (parse, dedup)", name));
  auto reader = arrow::ipc::RecordBatchStreamReader::Open(in);
  if (!reader.ok()) return BadInput(reader.status());
  const auto& metadata = (*reader)->schema()->metadata();
  CS_ASSIGN(SilverPlan plan, SilverPlan::Parse(metadata ? metadata->Get(kPlanKey).ValueOr("") : ""));
  std::unique_ptr<Operator> step = made->second(plan);
  CS_ASSIGN(auto output, Output::Open(out));
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    if (auto read = (*reader)->ReadNext(&batch); !read.ok()) return BadInput(read);
    std::vector<Note> said;
    if (!batch) {
      CS_TRY(step->End(said));
      CS_TRY(output->Write(said));
      return output->Close();
    }
    CS_ASSIGN(std::vector<Note> notes, NotesOf(*batch));
    CS_TRY(step->Take(std::move(notes), said));
    CS_TRY(output->Write(said));
  }
}

}  // namespace cryptostream
