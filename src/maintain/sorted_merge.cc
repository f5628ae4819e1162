// Merging files. In: data files of one partition. Out: the same rows sorted by coin and event time in as few files. A k-way merge whose
// sorted inputs are streamed: memory is one piece an input, the unsorted inputs, and the row group being built. Rejected: loading all inputs
// and sorting (memory grows with the day), DuckDB's COPY (another Parquet writer with other encodings and no say in its
// memory), spilling to temporary files (the stages' files are small enough to hold).
#include "maintain/sorted_merge.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/file.h"
#include "maintain/sort_cursor.h"

namespace cryptostream {
namespace {

constexpr std::int64_t kPieceRows = 8192;
constexpr std::int64_t kGroupRows = 128 << 10;

// The memory that a file's rows take: what its footer says, or a word a value where dictionaries made it smaller.
std::int64_t MemoryOf(const DataFileReader& reader, const DataFile& file, const arrow::Schema& schema) {
  return std::max(reader.decoded_bytes(), file.rows * schema.num_fields() * 8);
}

// Gathers rows into row groups and files.
class MergeOutput {
 public:
  MergeOutput(const MergeRequest& request, std::shared_ptr<arrow::Schema> schema, std::int64_t group_rows)
      : request_(request), schema_(std::move(schema)), group_rows_(group_rows) {}

  Status Begin() {
    for (const auto& field : schema_->fields()) {
      auto builder = arrow::MakeBuilder(field->type());
      if (!builder.ok()) return Internal("cannot build a column: reason=" + builder.status().message());
      builders_.push_back(*std::move(builder));
    }
    return {};
  }

  Status Add(const arrow::RecordBatch& rows, std::int64_t first, std::int64_t count) {
    for (std::size_t i = 0; i < builders_.size(); ++i) {
      arrow::ArraySpan span(*rows.column_data(static_cast<int>(i)));
      arrow::Status added = builders_[i]->AppendArraySlice(span, first, count);
      if (!added.ok()) return Internal("cannot copy rows: reason=" + added.message());
    }
    rows_ += count;
    return rows_ >= group_rows_ ? Flush() : Status();
  }

  Result<std::vector<DataFile>> Finish() {
    CS_TRY(Flush());
    CS_TRY(CloseFile());
    return files_;
  }

 private:
  Status Flush() {
    if (rows_ == 0) return {};
    if (!writer_) {
      CS_ASSIGN(writer_, DataFileWriter::Open(request_.root, request_.files.front().partition, schema_, request_.options));
    }
    arrow::ArrayVector columns;
    for (auto& builder : builders_) {
      auto column = builder->Finish();
      if (!column.ok()) return Internal("cannot build a column: reason=" + column.status().message());
      columns.push_back(*column);
    }
    CS_TRY(writer_->Write(*arrow::Table::Make(schema_, columns, rows_)));
    rows_ = 0;
    return writer_->size_bytes() >= request_.target_bytes ? CloseFile() : Status();
  }

  Status CloseFile() {
    if (!writer_) return {};
    CS_ASSIGN(DataFile file, writer_->Finish());
    files_.push_back(std::move(file));
    writer_ = nullptr;
    return {};
  }

  const MergeRequest& request_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::int64_t group_rows_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  std::int64_t rows_ = 0;
  std::unique_ptr<DataFileWriter> writer_;
  std::vector<DataFile> files_;
};

struct Inputs {
  std::vector<DataFile> files;
  std::vector<SortCursor> cursors;
  std::int64_t rows = 0, memory = 0;
};

Result<Inputs> OpenInputs(const MergeRequest& request, const std::shared_ptr<arrow::Schema>& schema,
                          const std::vector<std::string>& columns, const std::string& sorted_by) {
  Inputs inputs;
  std::int64_t held = 0;
  for (const DataFile& file : request.files) {
    CS_ASSIGN(auto reader, DataFileReader::Open(request.root, file, schema, kPieceRows));
    bool sorted = reader->sorted_by() == sorted_by;
    std::int64_t memory = MemoryOf(*reader, file, *schema);
    std::int64_t piece = sorted ? memory * std::min(kPieceRows, file.rows) / std::max<std::int64_t>(1, file.rows) : memory;
    if (!inputs.files.empty() && held + piece > request.memory_bytes) break;
    held += piece;
    inputs.memory += memory;
    inputs.rows += file.rows;
    inputs.files.push_back(file);
    CS_ASSIGN(SortCursor cursor, SortCursor::Open(std::move(reader), columns, sorted));
    inputs.cursors.push_back(std::move(cursor));
  }
  return inputs;
}

Status MergeInto(std::vector<SortCursor>& cursors, MergeOutput& output, const StopToken& stop) {
  std::vector<SortCursor*> heap;
  for (SortCursor& cursor : cursors) {
    if (!cursor.done()) heap.push_back(&cursor);
  }
  auto later = [](const SortCursor* a, const SortCursor* b) { return b->Before(*a); };
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty()) {
    if (stop.stop_requested()) return Cancelled("compaction was stopped");
    std::pop_heap(heap.begin(), heap.end(), later);
    SortCursor* first = heap.back();
    const SortCursor* second = heap.size() > 1 ? heap.front() : nullptr;
    std::int64_t run = first->RunBefore(second);
    CS_TRY(output.Add(first->rows(), first->row(), run));
    CS_TRY(first->Advance(run));
    if (first->done()) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), later);
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> SortColumns(const TableLayout& layout) {
  if (layout.name == "bronze") return {"key", "timestamp", "topic", "partition", "offset"};
  std::vector<std::string> columns;
  for (const char* name :
       {"coin_id", "window.start", "api_timestamp", "timestamp", "detected_at", "source", "trade_id", "offset"}) {
    std::string top = std::string(name).substr(0, std::string(name).find('.'));
    if (layout.schema->GetFieldIndex(top) >= 0) columns.push_back(name);
  }
  return columns;
}

Result<Merged> MergeFiles(const MergeRequest& request, StopToken stop) {
  Merged merged;
  auto schema = FileSchema(*request.layout);
  std::vector<std::string> columns = SortColumns(*request.layout);
  MergeRequest asked = request;
  asked.options.sorted_by = fmt::format("{}", fmt::join(columns, ","));
  CS_ASSIGN(Inputs inputs, OpenInputs(asked, schema, columns, asked.options.sorted_by));
  if (inputs.files.size() < 2) return merged;
  std::int64_t row_bytes = std::max<std::int64_t>(1, inputs.memory / std::max<std::int64_t>(1, inputs.rows));
  std::int64_t group_rows = std::clamp<std::int64_t>(request.memory_bytes / 4 / row_bytes, kPieceRows, kGroupRows);
  asked.options.row_group_rows = kGroupRows;
  MergeOutput output(asked, schema, group_rows);
  CS_TRY(output.Begin());
  CS_TRY(MergeInto(inputs.cursors, output, stop));
  CS_ASSIGN(merged.outputs, output.Finish());
  std::int64_t rows = 0;
  for (const DataFile& file : merged.outputs) rows += file.rows;
  if (rows != inputs.rows) {
    return Corrupt(fmt::format("compaction has other rows than its input, nothing was changed: in={} out={} root={}", inputs.rows,
                               rows, request.root));
  }
  merged.inputs = std::move(inputs.files);
  return merged;
}

}  // namespace cryptostream
