// Bronze's columns. A batch holds its values, times and offsets as Arrow lays them out, so nothing is copied on the way to
// Parquet: each batch is one chunk whose buffers are the batch's own memory. Only keys and the columns that a batch says once
// (source, topic, partition) are built.
#include <arrow/api.h>

#include "market/column_writer.h"
#include "market/columns.h"
#include "market/name_column.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

// Memory of a batch as Arrow sees it; the batch lives as long.
class BatchBuffer final : public arrow::Buffer {
 public:
  template <class Container>
  BatchBuffer(RawBatchPtr batch, const Container& memory)
      : arrow::Buffer(reinterpret_cast<const std::uint8_t*>(memory.data()),
                      static_cast<std::int64_t>(memory.size() * sizeof(*memory.data()))),
        batch_(std::move(batch)) {}

 private:
  const RawBatchPtr batch_;
};

template <class Container>
std::shared_ptr<arrow::Buffer> Wrap(const RawBatchPtr& batch, const Container& memory) {
  return std::make_shared<BatchBuffer>(batch, memory);
}

arrow::Result<std::shared_ptr<arrow::Array>> Keys(const RawBatch& batch) {
  auto rows = static_cast<std::int64_t>(batch.rows());
  if (!batch.has_keys()) return arrow::MakeArrayOfNull(arrow::utf8(), rows);
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(rows));
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    auto key = batch.row(i).key;
    ARROW_RETURN_NOT_OK(key ? builder.Append(*key) : builder.AppendNull());
  }
  return builder.Finish();
}

// A column of which each batch has one text: a dictionary of all batches' texts, the empty ones null.
class BatchTexts {
 public:
  static arrow::Result<BatchTexts> Of(const std::vector<RawBatchPtr>& batches, std::string RawBatch::* text) {
    BatchTexts out;
    arrow::StringBuilder entries;
    for (const RawBatchPtr& batch : batches) {
      const std::string& of_batch = (*batch).*text;
      if (of_batch.empty() || !out.index_.try_emplace(of_batch, static_cast<std::int32_t>(out.index_.size())).second) continue;
      ARROW_RETURN_NOT_OK(entries.Append(of_batch));
    }
    ARROW_ASSIGN_OR_RAISE(out.entries_, entries.Finish());
    return out;
  }

  arrow::Result<std::shared_ptr<arrow::Array>> Column(const std::string& text, std::int64_t rows) const {
    if (index_.empty()) return arrow::MakeArrayOfNull(arrow::utf8(), rows);
    arrow::Int32Scalar index;  // null
    if (!text.empty()) index = arrow::Int32Scalar(index_.at(text));
    ARROW_ASSIGN_OR_RAISE(auto indices, arrow::MakeArrayFromScalar(index, rows));
    return arrow::DictionaryArray::FromArrays(NameType(), indices, entries_);
  }

 private:
  std::map<std::string, std::int32_t> index_;
  std::shared_ptr<arrow::Array> entries_;
};

// The columns of one batch, in the order of the layout.
arrow::Result<arrow::ArrayVector> Chunks(const RawBatchPtr& batch, const BatchTexts& sources, const BatchTexts& topics) {
  static_assert(sizeof(Timestamp) == sizeof(std::int64_t));
  auto rows = static_cast<std::int64_t>(batch->rows());
  ARROW_ASSIGN_OR_RAISE(auto keys, Keys(*batch));
  ARROW_ASSIGN_OR_RAISE(auto source, sources.Column(batch->source, rows));
  ARROW_ASSIGN_OR_RAISE(auto topic, topics.Column(batch->topic, rows));
  ARROW_ASSIGN_OR_RAISE(auto partition, arrow::MakeArrayFromScalar(arrow::Int32Scalar(batch->partition), rows));
  auto values = std::make_shared<arrow::StringArray>(rows, Wrap(batch, batch->value_ends()), Wrap(batch, batch->values()));
  auto received = std::make_shared<arrow::TimestampArray>(BronzeLayout().schema->GetFieldByName("timestamp")->type(), rows,
                                                          Wrap(batch, batch->received()));
  auto offsets = std::make_shared<arrow::Int64Array>(rows, Wrap(batch, batch->offsets()));
  return arrow::ArrayVector{keys, values, received, source, topic, partition, offsets};
}

arrow::Result<std::shared_ptr<arrow::Table>> TableOf(const std::vector<RawBatchPtr>& batches) {
  const arrow::FieldVector fields = FileSchema(BronzeLayout())->fields();
  std::vector<arrow::ArrayVector> chunks(fields.size());
  ARROW_ASSIGN_OR_RAISE(BatchTexts sources, BatchTexts::Of(batches, &RawBatch::source));
  ARROW_ASSIGN_OR_RAISE(BatchTexts topics, BatchTexts::Of(batches, &RawBatch::topic));
  for (const RawBatchPtr& batch : batches) {
    ARROW_ASSIGN_OR_RAISE(auto of_batch, Chunks(batch, sources, topics));
    for (std::size_t i = 0; i < chunks.size(); ++i) chunks[i].push_back(of_batch.at(i));
  }
  arrow::FieldVector written;
  arrow::ChunkedArrayVector columns;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    written.push_back(fields[i]->WithType(chunks[i].front()->type()));
    columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(chunks[i])));
  }
  return arrow::Table::Make(arrow::schema(std::move(written)), std::move(columns));
}

}  // namespace

Result<std::vector<PartitionRows>> BronzeColumns(const DatedBatches& batches) {
  std::vector<PartitionRows> out;
  for (const auto& [date, of_date] : batches) {
    auto table = TableOf(of_date);
    if (!table.ok()) return std::unexpected(FromArrow(table.status()));
    out.push_back({{FormatDate(date)}, *std::move(table)});
  }
  return out;
}

}  // namespace cryptostream
