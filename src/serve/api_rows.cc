// GET /api/v1/ticks, /api/v1/gaps, /api/v1/quarantine: rows of a table as they are, in a range, page by page. In: a question. Out: rows in
// the form that is asked for, and a Link to the next page, whose cursor is a place in the order of the rows (live/table_rows.h).
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include "base/text.h"
#include "live/table_rows.h"
#include "market/name.h"
#include "serve/as_of_param.h"
#include "serve/request_origin.h"
#include "serve/routes.h"
#include "serve/row_format.h"

namespace cryptostream {
namespace {

constexpr std::string_view kStages = ",source,bronze,silver,";

// What is particular to the rows of one table.
struct RowsRoute {
  const char* path;
  const char* list;  // the rows' name in the objects' envelope
  const TableLayout& layout;
  const char* time_column;
  bool days_are_of_time;
  std::vector<std::pair<const char*, const char*>> filters;  // parameter, column
};

struct Asked {
  RowsAsked rows;
  RowForm form = RowForm::kObjects;
  std::optional<AsOf> as_of;
  std::string coin;        // must be known; empty: not asked
  std::string link_query;  // of the next page, without its cursor
  bool proxied = false;
};

std::string CursorText(const RowPlace& place, bool forward) {
  return fmt::format("{}.{}.{:x}", forward ? "after" : "before", ToMicros(place.time), place.hash);
}

Status ReadCursor(std::string_view text, RowsAsked& rows) {
  const std::string_view whole = text;
  const bool forward = text.starts_with("after.");
  if (!forward && !text.starts_with("before.")) text = {};
  text.remove_prefix(std::min(text.size(), text.find('.') + 1));
  std::size_t dot = text.find('.');
  auto micros = IntegerOf<std::int64_t>(text.substr(0, dot));
  std::string_view hex = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  std::uint64_t hash = 0;
  auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), hash, 16);
  if (!micros || hex.empty() || error != std::errc() || end != hex.data() + hex.size()) {
    return Invalid("bad value: cursor=" + Printable(whole, 60) + ", must be one that a Link to a next page had");
  }
  (forward ? rows.after : rows.before) = RowPlace{FromMicros(*micros), hash};
  return {};
}

Status ReadFilters(const RowsRoute& route, const Params& params, Asked& asked) {
  for (const auto& [name, column] : route.filters) {
    auto found = params.find(name);
    if (found == params.end()) continue;
    if (!IsValidName(found->second)) {
      return Invalid(std::string("bad value: ") + name + ", must be 1 to 128 characters of letters, digits and ._:/+-");
    }
    if (std::string_view(name) == "stage" && !kStages.contains("," + found->second + ",")) {
      return Invalid("bad value: stage, must be one of source, bronze, silver");
    }
    asked.rows.equal.emplace_back(column, found->second);
    if (std::string_view(name) == "coin") asked.coin = found->second;
  }
  return {};
}

Result<Asked> ReadQuestion(const RowsRoute& route, const RouteCall& call) {
  const Params& params = call.params;
  Asked asked;
  asked.rows = {.layout = &route.layout, .time_column = route.time_column, .days_are_of_time = route.days_are_of_time};
  asked.proxied = IsProxied(call.request);
  CS_ASSIGN(asked.form, ChooseForm(params, call.request.Header("accept")));
  CS_ASSIGN(asked.as_of, ParseAsOf(params));
  CS_TRY(ReadFilters(route, params, asked));
  auto text = [&](const char* name) {
    auto found = params.find(name);
    return found == params.end() ? std::string() : found->second;
  };
  if (params.contains("from")) {
    CS_ASSIGN(asked.rows.from, ParseTime("from", text("from")));
  }
  if (params.contains("to")) {
    CS_ASSIGN(asked.rows.to, ParseTime("to", text("to")));
  }
  if (asked.rows.from && asked.rows.to && *asked.rows.from >= *asked.rows.to) return Invalid("bad range: from must be before to");
  if (params.contains("limit")) {
    CS_ASSIGN(asked.rows.limit, ParseCount("limit", text("limit"), 1, 10'000));
  }
  if (params.contains("cursor")) CS_TRY(ReadCursor(text("cursor"), asked.rows));
  for (const auto& [name, value] : params) {
    if (name == "cursor") continue;
    asked.link_query += (asked.link_query.empty() ? "?" : "&") + name + "=" + PercentEncode(value);
  }
  if (!params.contains("format") && asked.form != RowForm::kObjects) {
    asked.link_query += (asked.link_query.empty() ? "?" : "&") + std::string("format=") + std::string(FormName(asked.form));
  }
  return asked;
}

std::string NextLink(const RowsRoute& route, const Asked& asked, const RowPlace& place) {
  std::string query = asked.link_query + (asked.link_query.empty() ? "?" : "&") + "cursor=";
  return LinkTo(route.path, query + CursorText(place, asked.rows.forward()), asked.proxied);
}

std::string ObjectsOf(const RowsRoute& route, const RowsPage& page, const std::string& version) {
  JsonWriter json;
  json.BeginObject().Key("as_of_version").Raw(version).Key(route.list);
  WriteObjects(json, *page.rows);
  return json.EndObject().Take();
}

Result<WebReply> ReadRows(Backend& backend, const RowsRoute& route, const Asked& asked) {
  if (!asked.coin.empty() && !backend.live()->Knows(asked.coin)) {
    CS_ASSIGN(bool known, backend.store().Knows(asked.coin));
    if (!known) return UnknownCoin(asked.coin);
  }
  CS_ASSIGN(auto table, TableAsOf(backend, route.layout, asked.as_of));
  if (table.refused) return *std::move(table.refused);
  CS_ASSIGN(auto page,
            ReadTableRows(backend.duck(), table.table, asked.rows, backend.follower().QuoteSql(), backend.query_timeout()));
  const std::string version = table.table.snapshot ? std::to_string(table.table.snapshot->version()) : "null";
  WebReply reply;
  if (asked.form == RowForm::kObjects) {
    reply = JsonReply(ObjectsOf(route, page, version));
  } else {
    auto metadata = arrow::key_value_metadata({{"table", route.layout.name}, {"as_of_version", version}});
    CS_ASSIGN(reply, RowsReply(*page.rows->ReplaceSchemaMetadata(metadata), asked.form));
  }
  reply.etag = "W/\"" + backend.epoch() + "-" + route.layout.name + "-" + version + "\"";
  MarkForm(reply, asked.form);
  if (page.next) reply.headers.emplace_back("Link", NextLink(route, asked, *page.next));
  return reply;
}

WebReply AnswerRows(const RowsRoute& route, RouteCall&& call) {
  auto asked = ReadQuestion(route, call);
  if (!asked) return BadQuestion(asked.error());
  WebReply reply;
  reply.later = [backend = call.state.backend(), &route, asked = *std::move(asked)] {
    return AnswerAsOf(*backend, asked.as_of, [&] { return ReadRows(*backend, route, asked); });
  };
  return reply;
}

}  // namespace

WebReply HandleTicks(RouteCall&& call) {
  static const RowsRoute route{"/api/v1/ticks", "ticks", SilverLayout(),
                               "api_timestamp", true,    {{"coin", "coin_id"}, {"source", "source"}}};
  return AnswerRows(route, std::move(call));
}

WebReply HandleGaps(RouteCall&& call) {
  static const RowsRoute route{"/api/v1/gaps", "gaps", GapsLayout(), "detected_at", true, {{"source", "source"}}};
  return AnswerRows(route, std::move(call));
}

WebReply HandleQuarantine(RouteCall&& call) {
  static const RowsRoute route{"/api/v1/quarantine", "messages", QuarantineLayout(),
                               "timestamp",          false,      {{"source", "source"}, {"stage", "stage"}}};
  return AnswerRows(route, std::move(call));
}

}  // namespace cryptostream
