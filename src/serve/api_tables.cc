// GET /api/v1/tables/{layer}: a table in numbers, how far it has come, and its columns.
#include <algorithm>

#include "base/text.h"
#include "delta/position.h"
#include "serve/as_of_param.h"
#include "serve/json_writer.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

std::string_view TypeName(ColumnType type) {
  switch (type) {
    case ColumnType::kString: return "string";
    case ColumnType::kBinary: return "binary";
    case ColumnType::kInt: return "integer";
    case ColumnType::kLong: return "long";
    case ColumnType::kDouble: return "double";
    case ColumnType::kDate: return "date";
    case ColumnType::kTimestamp: return "timestamp";
    case ColumnType::kWindow: return "struct<start:timestamp,end:timestamp>";
  }
  return "string";
}

// How far each source has come: silver's newest event time that came out of every partition, the end of the closed windows of a table of
// windows. The other tables have no such time.
Result<TimesBySource> ReachOf(const Snapshot& snapshot, const TableLayout& layout) {
  TimesBySource reach;
  CS_ASSIGN(auto positions, snapshot.Txns());
  for (const auto& [source, time] : ClosedTimes(positions)) reach[source.str()] = time;
  if (&layout != &SilverLayout()) return reach;
  for (const auto& [id, micros] : positions) {
    auto key = WatermarkKey(id);
    if (!key) continue;
    auto [entry, added] = reach.try_emplace(key->first.str(), FromMicros(micros));
    entry->second = std::min(entry->second, FromMicros(micros));
  }
  return reach;
}

void WriteColumns(JsonWriter& json, const TableLayout& layout) {
  json.Key("columns").BeginArray();
  for (const ColumnInfo& column : layout.columns) {
    json.BeginObject().Key("name").Text(column.name).Key("type").Text(TypeName(column.type));
    json.Key("meaning").Text(column.meaning).EndObject();
  }
  json.EndArray();
}

Result<WebReply> DescribeTable(Backend& backend, const TableLayout& layout, const std::optional<AsOf>& as_of) {
  CS_ASSIGN(auto asked, TableAsOf(backend, layout, as_of));
  if (asked.refused) return *std::move(asked.refused);
  const auto& snapshot = asked.table.snapshot;
  std::vector<DataFile> files;
  TimesBySource reach;
  if (snapshot) {
    CS_ASSIGN(files, snapshot->Files());
    CS_ASSIGN(reach, ReachOf(*snapshot, layout));
  }
  std::int64_t rows = 0, bytes = 0;
  for (const DataFile& file : files) {
    rows += std::max<std::int64_t>(0, file.rows);
    bytes += file.size_bytes;
  }
  Timestamp newest = kNoTime;
  for (const auto& [source, time] : reach) newest = std::max(newest, time);
  JsonWriter json;
  json.BeginObject().Key("table").Text(layout.name).Key("version");
  snapshot ? json.Integer(snapshot->version()) : json.Null();
  json.Key("rows").Integer(rows).Key("files").Integer(static_cast<std::int64_t>(files.size())).Key("bytes").Integer(bytes);
  json.Key("watermark").Time(newest).Key("watermarks").BeginObject();
  for (const auto& [source, time] : reach) json.Key(source).Time(time);
  json.EndObject();
  WriteColumns(json, layout);
  WebReply reply = JsonReply(json.EndObject().Take());
  reply.etag = "W/\"" + backend.epoch() + "-" + layout.name + "-" +
               (snapshot ? std::to_string(snapshot->version()) : std::string("none")) + "\"";
  return reply;
}

}  // namespace

std::string TableNames() {
  std::string names;
  for (const TableLayout* layout : AllLayouts()) names += (names.empty() ? "\"" : ",\"") + layout->name + "\"";
  return names;
}

WebReply HandleTable(RouteCall&& call) {
  const TableLayout* layout = FindLayout(call.path_value);
  if (layout == nullptr) {
    return ProblemReply(404, "unknown table: " + Printable(call.path_value, 60) + ", /api/v1/status lists what there is");
  }
  auto as_of = ParseAsOf(call.params);
  if (!as_of) return BadQuestion(as_of.error());
  WebReply reply;
  reply.later = [backend = call.state.backend(), layout, as_of = *as_of] {
    return AnswerAsOf(*backend, as_of, [&] { return DescribeTable(*backend, *layout, as_of); });
  };
  return reply;
}

}  // namespace cryptostream
