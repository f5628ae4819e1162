// Which rows a feed sends: those of the lake's files, read piece by piece so that memory holds one piece
// however large a day is; of `prices` the newest of each series among them.
#include <arrow/api.h>

#include <algorithm>

#include "delta/data_file.h"
#include "delta/position.h"
#include "market/columns.h"
#include "sink/feed.h"
#include "sink/newest.h"

namespace cryptostream {
namespace {

constexpr std::int64_t kRowsPerPiece = 20'000;

// The columns that are read: whole ones, "window" for "window.start".
std::shared_ptr<arrow::Schema> SchemaFor(const TableLayout& layout, const std::vector<TargetColumn>& columns) {
  arrow::FieldVector fields;
  for (const TargetColumn& column : columns) {
    std::string name = column.from.substr(0, column.from.find('.'));
    auto field = layout.schema->GetFieldByName(name);
    if (!field || std::ranges::any_of(fields, [&](const auto& each) { return each->name() == name; })) continue;
    fields.push_back(std::move(field));
  }
  return arrow::schema(std::move(fields));
}

Status PushFile(const std::string& root, const DataFile& file, const std::shared_ptr<arrow::Schema>& schema, CopyRows& rows) {
  CS_ASSIGN(auto reader, DataFileReader::Open(root, file, schema, kRowsPerPiece));
  while (true) {
    CS_ASSIGN(auto piece, reader->Next());
    if (!piece) return {};
    CS_TRY(rows.Add(*piece));
  }
}

}  // namespace

PushRows Feed::RowsOf(std::vector<DataFile> files) const {
  if (files.empty()) return nullptr;
  if (target_.kind != TargetKind::kNewest) {
    return [this, files = std::move(files), schema = SchemaFor(*feed_.layout, target_.columns)](CopyRows& rows) -> Status {
      for (const DataFile& file : files) CS_TRY(PushFile(lake_.table().root_path(), file, schema, rows));
      return {};
    };
  }
  return [this, files = std::move(files)](CopyRows& rows) -> Status {
    CS_ASSIGN(Positions positions, lake_.table().Txns());
    const SourceQuotes quotes = QuotesOf(positions, {});
    NewestTicks newest;
    for (const DataFile& file : files) {
      CS_ASSIGN(auto reader, DataFileReader::Open(lake_.table().root_path(), file, feed_.layout->schema, kRowsPerPiece));
      while (true) {
        CS_ASSIGN(auto piece, reader->Next());
        if (!piece) break;
        CS_ASSIGN(std::vector<Tick> ticks, Ticks(*piece, quotes));
        for (const Tick& tick : ticks) newest.Add(tick);
      }
    }
    for (const Tick& tick : newest.All()) CS_TRY(rows.Add(tick));
    return {};
  };
}

PushRows Feed::KeysOf(std::vector<DataFile> files) const {
  if (files.empty()) return nullptr;
  std::vector<TargetColumn> key;
  for (const TargetColumn& column : target_.columns) {
    if (std::ranges::find(target_.key, column.name) != target_.key.end()) key.push_back(column);
  }
  return [this, files = std::move(files), schema = SchemaFor(*feed_.layout, key)](CopyRows& rows) -> Status {
    for (const DataFile& file : files) CS_TRY(PushFile(lake_.table().root_path(), file, schema, rows));
    return {};
  };
}

}  // namespace cryptostream
