// Notes to Arrow and back. In: batches that others have carried. Out: notes, each field checked; files that lie where their table has them.
#include "cluster/note.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace cryptostream {
namespace {

Error ArrowError(const arrow::Status& status) { return {ErrorKind::kUnavailable, "arrow: " + status.ToString(), {}}; }

template <class Array>
Result<std::shared_ptr<Array>> ColumnOf(const arrow::RecordBatch& batch, int i) {
  const auto& field = NoteSchema()->field(i);
  auto column = batch.schema()->GetFieldIndex(field->name()) < 0 ? nullptr : batch.GetColumnByName(field->name());
  auto typed = std::dynamic_pointer_cast<Array>(column);
  if (!typed || typed->null_count() > 0) {
    return Invalid(fmt::format("the input is not an operator's: column {} is {}, not {} without nulls", field->name(),
                               column ? column->type()->ToString() : "missing", field->type()->ToString()));
  }
  return typed;
}

}  // namespace

const std::shared_ptr<arrow::Schema>& NoteSchema() {
  static const auto schema =
      arrow::schema({arrow::field("bucket", arrow::int32()), arrow::field("kind", arrow::utf8()),
                     arrow::field("name", arrow::utf8()), arrow::field("text", arrow::utf8()), arrow::field("a", arrow::int64()),
                     arrow::field("b", arrow::int64()), arrow::field("bytes", arrow::binary())});
  return schema;
}

Result<std::shared_ptr<arrow::RecordBatch>> NotesToArrow(const std::vector<Note>& notes) {
  arrow::Int32Builder bucket;
  arrow::StringBuilder kind, name, text;
  arrow::Int64Builder a, b;
  arrow::BinaryBuilder bytes;
  for (const Note& note : notes) {
    arrow::Status added = bucket.Append(note.bucket) & kind.Append(note.kind) & name.Append(note.name) & text.Append(note.text) &
                          a.Append(note.a) & b.Append(note.b) & bytes.Append(note.bytes);
    if (!added.ok()) return std::unexpected(ArrowError(added));
  }
  arrow::ArrayVector columns;
  for (arrow::ArrayBuilder* builder : std::initializer_list<arrow::ArrayBuilder*>{&bucket, &kind, &name, &text, &a, &b, &bytes}) {
    auto made = builder->Finish();
    if (!made.ok()) return std::unexpected(ArrowError(made.status()));
    columns.push_back(*std::move(made));
  }
  return arrow::RecordBatch::Make(NoteSchema(), static_cast<std::int64_t>(notes.size()), std::move(columns));
}

Result<std::vector<Note>> NotesOf(const arrow::RecordBatch& batch) {
  CS_ASSIGN(auto bucket, ColumnOf<arrow::Int32Array>(batch, 0));
  CS_ASSIGN(auto kind, ColumnOf<arrow::StringArray>(batch, 1));
  CS_ASSIGN(auto name, ColumnOf<arrow::StringArray>(batch, 2));
  CS_ASSIGN(auto text, ColumnOf<arrow::StringArray>(batch, 3));
  CS_ASSIGN(auto a, ColumnOf<arrow::Int64Array>(batch, 4));
  CS_ASSIGN(auto b, ColumnOf<arrow::Int64Array>(batch, 5));
  CS_ASSIGN(auto bytes, ColumnOf<arrow::BinaryArray>(batch, 6));
  std::vector<Note> notes;
  for (std::int64_t i = 0; i < batch.num_rows(); ++i) {
    notes.push_back({bucket->Value(i), kind->GetString(i), name->GetString(i), text->GetString(i), a->Value(i), b->Value(i),
                     bytes->GetString(i)});
  }
  return notes;
}

Note FileNote(const TableLayout& layout, const DataFile& file) {
  return {.kind = std::string(kFileNote),
          .name = layout.name,
          .text = file.path,
          .a = file.size_bytes,
          .b = file.rows,
          .bytes = file.stats_json};
}

// Partitions of our tables are whole numbers and dates, which stand in a path as they are.
Result<DataFile> FileOf(const TableLayout& layout, const Note& note) {
  DataFile file{.path = note.text, .size_bytes = note.a, .rows = note.b, .stats_json = note.bytes};
  file.modified = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  std::string_view rest = note.text;
  for (const std::string& column : layout.partition_columns) {
    const std::string front = column + "=";
    auto slash = rest.find('/');
    if (!rest.starts_with(front) || slash == std::string_view::npos) {
      return Invalid(fmt::format("a file of {} has no place there: path={}", layout.name, Printable(note.text)));
    }
    file.partition.push_back({column, std::string(rest.substr(front.size(), slash - front.size()))});
    rest.remove_prefix(slash + 1);
  }
  if (rest.empty() || rest.find('/') != std::string_view::npos || rest.front() == '.') {
    return Invalid(fmt::format("a file of {} has no place there: path={}", layout.name, Printable(note.text)));
  }
  return file;
}

}  // namespace cryptostream
