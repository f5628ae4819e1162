// GET /udf/marks and /udf/timescale_marks: what a chart should point at. In: a symbol and a range. Out: the gaps that are known of the source
// that the coin's price comes from, each at its beginning, with the reason.
#include <arrow/api.h>

#include <algorithm>

#include "base/text.h"
#include "live/table_rows.h"
#include "serve/json_writer.h"
#include "serve/routes.h"
#include "serve/udf_symbol.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMostMarks = 500;

struct Mark {
  std::string id, reason;
  std::int64_t time_s = 0;
  Timestamp to{};
};

struct Range {
  std::int64_t from_s = 0, to_s = 0;
};

Range RangeOf(const Params& params) {
  auto seconds = [&](const char* name, std::int64_t otherwise) {
    auto found = params.find(name);
    return found == params.end() ? otherwise : IntegerOf<std::int64_t>(found->second).value_or(otherwise);
  };
  return {seconds("from", 0), seconds("to", std::numeric_limits<std::int64_t>::max())};
}

std::optional<std::int64_t> MicrosAt(const arrow::Table& rows, const char* column, std::int64_t row) {
  auto scalar = rows.GetColumnByName(column)->GetScalar(row);
  if (!scalar.ok() || !(*scalar)->is_valid) return std::nullopt;
  return static_cast<const arrow::TimestampScalar&>(**scalar).value;
}

// The newest gaps of a source that begin in the range.
Result<std::vector<Mark>> MarksOf(Backend& backend, const std::string& source, const Range& range) {
  RowsAsked asked{.layout = &GapsLayout(), .time_column = "detected_at", .equal = {{"source", source}}, .limit = 10 * kMostMarks};
  CS_ASSIGN(auto page,
            ReadTableRows(backend.duck(), backend.follower().followed(GapsLayout()), asked, "quote", backend.query_timeout()));
  std::vector<Mark> marks;
  for (std::int64_t row = page.rows->num_rows() - 1; row >= 0 && marks.size() < kMostMarks; --row) {
    auto from = MicrosAt(*page.rows, "from_time", row), to = MicrosAt(*page.rows, "to_time", row);
    if (!from || *from / 1'000'000 < range.from_s || *from / 1'000'000 > range.to_s) continue;
    auto reason = page.rows->GetColumnByName("reason")->GetScalar(row);
    marks.push_back({source + "-" + std::to_string(*from), reason.ok() && (*reason)->is_valid ? (*reason)->ToString() : "",
                     *from / 1'000'000, to ? FromMicros(*to) : kNoTime});
  }
  return marks;
}

std::string TextOf(const Mark& mark) {
  const std::string until = mark.to == kNoTime ? "" : " until " + FormatRfc3339(mark.to);
  return "no prices" + until + (mark.reason.empty() ? "" : ": " + mark.reason);
}

// Of a bar: with a text; of the time scale: with a tooltip.
std::string RenderMarks(const std::vector<Mark>& marks, bool of_bars) {
  JsonWriter json;
  json.BeginArray();
  for (const Mark& mark : marks) {
    json.BeginObject().Key("id").Text(mark.id).Key("time").Integer(mark.time_s).Key("color").Text("red").Key("label").Text("G");
    if (of_bars) {
      json.Key("text").Text(TextOf(mark)).Key("labelFontColor").Text("white").Key("minSize").Integer(14);
    } else {
      json.Key("tooltip").BeginArray().Text(TextOf(mark)).EndArray();
    }
    json.EndObject();
  }
  return json.EndArray().Take();
}

WebReply AnswerMarks(const RouteCall& call, bool of_bars) {
  auto symbol = call.params.find("symbol");
  auto view = FindSymbol(call.state, symbol == call.params.end() ? "" : symbol->second);
  if (!view) return JsonReply("[]");
  WebReply reply;
  reply.later = [backend = call.state.backend(), source = view->source.str(), range = RangeOf(call.params), of_bars] {
    return AnswerFromFiles(*backend, [&]() -> Result<WebReply> {
      CS_ASSIGN(auto marks, MarksOf(*backend, source, range));
      return JsonReply(RenderMarks(marks, of_bars));
    });
  };
  return reply;
}

}  // namespace

WebReply HandleUdfMarks(RouteCall&& call) { return AnswerMarks(call, true); }
WebReply HandleUdfTimescaleMarks(RouteCall&& call) { return AnswerMarks(call, false); }

}  // namespace cryptostream
