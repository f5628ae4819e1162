// The table of routes. The router and /openapi.json are made from it, so neither can know a route that the other does not.
#include "serve/routes.h"

#include "live/table_rows.h"
#include "serve/as_of_param.h"
#include "serve/candle_rows.h"
#include "serve/render.h"
#include "serve/row_format.h"

namespace cryptostream {

// Handlers, by file.
WebReply HandleOriginalMetrics(RouteCall&& call);  // original.cc
WebReply HandlePrometheus(RouteCall&& call);       // health.cc
WebReply HandleLive(RouteCall&& call);
WebReply HandleReady(RouteCall&& call);
WebReply HandleVersion(RouteCall&& call);
WebReply HandleCoins(RouteCall&& call);  // api_coins.cc
WebReply HandleCoin(RouteCall&& call);
WebReply HandleTicks(RouteCall&& call);  // api_rows.cc
WebReply HandleGaps(RouteCall&& call);
WebReply HandleQuarantine(RouteCall&& call);
WebReply HandleTable(RouteCall&& call);  // api_tables.cc
WebReply HandleQuery(RouteCall&& call);  // api_query.cc
std::string TableNames();
std::vector<Route> UdfRoutes();              // routes_udf.cc
WebReply HandleCandles(RouteCall&& call);    // api_candles.cc
WebReply HandleStatus(RouteCall&& call);     // api_status.cc
WebReply HandleStream(RouteCall&& call);     // stream.cc
WebReply HandleWebSocket(RouteCall&& call);  // web_socket.cc
WebReply HandleOpenApi(RouteCall&& call);    // openapi.cc

namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kText = "text/plain";

const char* kTime = R"({"description":"RFC 3339, or seconds or milliseconds since 1970","anyOf":[)"
                    R"({"type":"string","format":"date-time"},{"type":"integer","minimum":0,"maximum":253402300799000}]})";
const char* kIntervals = R"({"type":"string","enum":["1m","5m","15m","1h","4h","1d"],"default":"1m"})";

const char* kIntervalList = R"({"type":"string","pattern":"^(1m|5m|15m|1h|4h|1d)(,(1m|5m|15m|1h|4h|1d)){0,19}$","default":"1m"})";

const char* kOriginalSchema =
    R"({"type":"array","maxItems":10,"items":{"type":"object","required":["window_start","window_end","coin_id",)"
    R"("avg_price","min_price","max_price"],"properties":{"window_start":{"type":"number"},)"
    R"("window_end":{"type":"number"},"coin_id":{"type":"string"},"avg_price":{"type":"number"},)"
    R"("min_price":{"type":"number"},"max_price":{"type":"number"}}}})";

const char* kCoinSchema =
    R"({"type":"object","required":["coin","source","quote","price","event_time","age_s",)"
    R"("freshness","spark"],"properties":{"coin":{"type":"string"},"name":{"type":["string","null"]},)"
    R"("symbol":{"type":["string","null"]},"image":{"type":["string","null"]},)"
    R"("source":{"type":"string"},"quote":{"type":"string"},"price":{"type":"number"},"change_24h_pct":{"type":["number","null"]},)"
    R"("market_cap":{"type":["number","null"]},"volume_24h":{"type":["number","null"]},)"
    R"("last_updated":{"type":["string","null"],"format":"date-time"},"event_time":{"type":"string",)"
    R"("format":"date-time"},"age_s":{"type":"number"},"freshness":{"enum":["live","delayed","stale","replay"]},)"
    R"("spark":{"type":"array","maxItems":61,"items":{"type":["number","null"]}}}})";

std::string CoinsSchema() {
  return std::string(R"({"type":"object","required":["coins","mode"],"properties":{"mode":{"enum":["live","replay"]},)") +
         R"("coins":{"type":"array","items":)" + kCoinSchema + "}}}";
}

const char* kTableSchema =
    R"({"type":"object","required":["table","version","rows","files","bytes","watermark","watermarks","columns"],"properties":{)"
    R"("table":{"type":"string"},"version":{"type":["integer","null"]},"rows":{"type":"integer"},"files":{"type":"integer"},)"
    R"("bytes":{"type":"integer"},"watermark":{"type":["string","null"],"format":"date-time"},"watermarks":{"type":"object"},)"
    R"("columns":{"type":"array","items":{"type":"object","required":["name","type","meaning"]}}}})";

std::string CandlesSchema() {
  return R"({"type":"object","required":["coin","interval","source","quote","as_of_version","candles"],)"
         R"("properties":{"coin":{"type":"string"},"interval":{"type":"string"},"source":{"type":["string","null"]},)"
         R"("quote":{"type":["string","null"]},)"
         R"("as_of_version":{"type":["integer","null"]},"candles":{"type":"array","items":)" +
         CandleSchema() + "}}}";
}

const char* kStatusSchema =
    R"({"type":"object","required":["version","mode","now","health","sources","tables","watermarks","freshness"],)"
    R"("properties":{"version":{"type":"string"},"mode":{"enum":["live","replay"]},"now":{"type":"string",)"
    R"("format":"date-time"},"health":{"type":"object","required":["state","troubles"],"properties":{"state":{"enum":)"
    R"(["ready","degraded","not ready"]},"troubles":{"type":"array","items":{"type":"string"}}}},)"
    R"("sources":{"type":"array","items":{"type":"object"}},"tables":{"type":"object"},)"
    R"("watermarks":{"type":"object"},"freshness":{"type":"object"}}})";

const char* kCoin = R"({"type":"string","pattern":"^[A-Za-z0-9._:/+-]{1,128}$"})";
const char* kName = kCoin;

// A path has no slash in a value.
ParamSpec CoinInPath() {
  return {"coin_id", "Coin id", R"({"type":"string","pattern":"^[A-Za-z0-9._:+-]{1,128}$"})", true, "bitcoin"};
}

// A route over the rows of a table: a range, pages, every form.
Route RowsRoute(const char* path, const std::string& list, const TableLayout& layout, const char* summary,
                std::vector<ParamSpec> filters, WebReply (*handle)(RouteCall&&)) {
  Route route{.pattern = path, .summary = summary};
  route.description =
      "No bound: the latest `limit`. from: the oldest from there. to: the latest before it. Both: the oldest in [from, to). "
      "Ascending; "
      "Link rel=next leads on, its cursor gives each row once whatever is appended meanwhile. Columns as in the table.";
  route.params = std::move(filters);
  for (ParamSpec& param : std::vector<ParamSpec>{
           {"from", "Rows at or after this time", kTime, false, "2020-01-01T00:00:00Z"},
           {"to", "Rows before this time", kTime, false, "2030-01-01T00:00:00Z"},
           {"limit", "Most rows in the answer", R"({"type":"integer","minimum":1,"maximum":10000,"default":500})", false, "10"},
           {"cursor", "Where a page ended, as the Link to the next one says",
            R"({"type":"string","pattern":"^(after|before)\\.[0-9]{1,16}\\.[0-9a-f]{1,16}$"})", false, ""},
           AsOfParam(),
           FormatParam()}) {
    route.params.push_back(std::move(param));
  }
  const auto columns = RowColumns(layout);
  route.content_type = kJson;
  route.schema = R"({"type":"object","required":["as_of_version",")" + list + R"("],"properties":{"as_of_version":{"type":)" +
                 R"(["integer","null"]},")" + list + R"(":{"type":"array","items":)" + ObjectSchema(*columns) + "}}}";
  route.columns_schema = ColumnsSchema(*columns);
  route.errors = {400, 404, 410, 503};
  route.handle = handle;
  return route;
}

std::vector<Route> MakeRoutes() {
  const char* kCoins = R"({"type":"string","pattern":"^([A-Za-z0-9._:/+-]{1,128}(,[A-Za-z0-9._:/+-]{1,128}){0,99})?$"})";
  const char* kSwitch = R"({"type":"string","enum":["","1","true"]})";
  return {
      {.pattern = "/metrics/{coin_id}",
       .summary = "The last 10 windows of a coin",
       .description = "The original's route: newest first, epoch seconds, [] for a coin without rows.",
       .path_param = CoinInPath(),
       .content_type = kJson,
       .schema = kOriginalSchema,
       .errors = {400, 503},
       .lenient = true,
       .original_cors = true,
       .handle = HandleOriginalMetrics},
      {.pattern = "/metrics",
       .summary = "Metrics of this process in the Prometheus text format",
       .content_type = kText,
       .handle = HandlePrometheus},
      {.pattern = "/api/v1/coins",
       .summary = "All coins: price, change, freshness, sparkline",
       .description = "freshness is computed from the data's own time (last_updated, else event_time).",
       .content_type = kJson,
       .schema = CoinsSchema(),
       .handle = HandleCoins},
      {.pattern = "/api/v1/coins/{coin_id}",
       .summary = "One coin: price, change, freshness, sparkline",
       .path_param = CoinInPath(),
       .content_type = kJson,
       .schema = kCoinSchema,
       .errors = {400, 404, 503},
       .handle = HandleCoin},
      {.pattern = "/api/v1/candles",
       .summary = "Bars of a coin",
       .description =
           "No bound: the latest `limit`. from: the oldest from there. to: the latest before it. Both: the oldest "
           "in [from, to). Ascending; Link rel=next leads on. No data, no bar, unless fill=previous. A bar's source is "
           "null where several contributed.",
       .params = {{"coin", "Coin id", kCoin, true, "bitcoin"},
                  {"interval", "Length of a bar", kIntervals, false, "5m"},
                  {"source", "Rows of this source alone; if neither it nor quote is there, the chosen row of each minute", kCoin,
                   false, "coingecko"},
                  {"quote", "Currency of the prices; the headline's if absent",
                   R"({"type":"string","pattern":"^[A-Za-z0-9]{1,16}$"})", false, "usd"},
                  {"chosen", "With quote: of the chosen rows those in this currency; says nothing beside source", kSwitch, false,
                   ""},
                  {"from", "Bars that open at or after this time", kTime, false, "2025-01-01T00:00:00Z"},
                  {"to", "Bars that open before this time", kTime, false, "2030-01-01T00:00:00Z"},
                  {"limit", "Most bars in the answer", R"({"type":"integer","minimum":1,"maximum":10000,"default":500})", false,
                   "10"},
                  {"fill", "What stands where there is no data",
                   R"({"type":"string","enum":["none","previous"],"default":"none"})", false, "none"},
                  AsOfParam(),
                  FormatParam()},
       .content_type = kJson,
       .schema = CandlesSchema(),
       .columns_schema = ColumnsSchema(*CandleColumns()),
       .errors = {400, 404, 410, 503},
       .handle = HandleCandles},
      RowsRoute(
          "/api/v1/ticks", "ticks", SilverLayout(), "Rows of silver: every price that came in, once",
          {{"coin", "Rows of this coin", kCoin, false, "bitcoin"}, {"source", "Rows of this source", kName, false, "coingecko"}},
          HandleTicks),
      RowsRoute("/api/v1/gaps", "gaps", GapsLayout(), "What is known to be missing",
                {{"source", "Gaps of this source", kName, false, "coingecko"}}, HandleGaps),
      RowsRoute("/api/v1/quarantine", "messages", QuarantineLayout(), "Messages that could not become rows, with the reason",
                {{"source", "Messages of this source", kName, false, "coingecko"},
                 {"stage", "Refused by this stage", R"({"type":"string","enum":["source","bronze","silver"]})", false, "silver"}},
                HandleQuarantine),
      {.pattern = "/api/v1/tables/{layer}",
       .summary = "A table in numbers, how far it has come, and its columns",
       .path_param = {"layer", "Name of the table", R"({"type":"string","enum":[)" + TableNames() + "]}", true, "gold"},
       .params = {AsOfParam()},
       .content_type = kJson,
       .schema = kTableSchema,
       .errors = {400, 404, 410, 503},
       .handle = HandleTable},
      {.pattern = "/api/v1/query",
       .summary = "One SELECT over the lake's tables",
       .description =
           "Read only, with a bound on time, memory, rows and bytes; `truncated` says that there were more. The tables "
           "are views of the names of /api/v1/tables/{layer}. One question at a time.",
       .params = {FormatParam()},
       .content_type = kJson,
       .schema = R"({"type":"object","required":["columns","rows","truncated"],"properties":{"columns":{"type":"array","items":)"
                 R"({"type":"object"}},"rows":{"type":"array","items":{"type":"object"}},"truncated":{"type":"boolean"}}})",
       .columns_schema = R"({"type":"object","additionalProperties":{"type":"array"}})",
       .errors = {400, 403, 415, 503},
       .body_schema =
           R"({"type":"object","required":["sql"],"additionalProperties":false,"properties":{"sql":{"type":"string",)"
           R"("minLength":1,"maxLength":20000},"limit":{"type":"integer","minimum":1,"maximum":100000,"default":1000}}})",
       .posts = true,
       .handle = HandleQuery},
      {.pattern = "/api/v1/status",
       .summary = "Sources in words, tables in numbers",
       .content_type = kJson,
       .schema = kStatusSchema,
       .handle = HandleStatus},
      {.pattern = "/api/v1/stream",
       .summary = "Live bars, prices and status as server-sent events",
       .description = "Events: candle, tick, status, heartbeat. Last-Event-ID resumes.",
       .params = {{"coins", "Coin ids, separated by commas; all if absent", kCoins, false, "bitcoin,ethereum"},
                  {"interval", "Lengths of bars, separated by commas", kIntervalList, false, "1m,5m"}},
       .content_type = "text/event-stream",
       .errors = {400, 404, 429, 503},
       .handle = HandleStream},
      {.pattern = "/ws",
       .summary = "Live bars and prices over a WebSocket",
       .description =
           "SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS with streams as bitcoin@candle_1m, bitcoin@tick, !ticker. Without an "
           "upgrade: 426.",
       .content_type = kJson,
       .errors = {400, 403, 426, 429, 503},
       .handle = HandleWebSocket},
      {.pattern = "/livez", .summary = "200 while the process runs", .content_type = kText, .handle = HandleLive},
      {.pattern = "/readyz",
       .summary = "200 unless it cannot serve or cannot write; in words what is in trouble",
       .params = {{"verbose", "List every check", kSwitch, false, ""}},
       .content_type = kText,
       .errors = {400, 503},
       .handle = HandleReady},
      {.pattern = "/version",
       .summary = "Name and version",
       .content_type = kJson,
       .schema = R"({"type":"object"})",
       .handle = HandleVersion},
      {.pattern = "/openapi.json",
       .summary = "This description",
       .content_type = kJson,
       .schema = R"({"type":"object"})",
       .handle = HandleOpenApi},
  };
}

}  // namespace

const std::vector<Route>& Routes() {
  static const std::vector<Route> routes = [] {
    std::vector<Route> all = MakeRoutes();
    for (const Route& route : UdfRoutes()) all.push_back(route);
    return all;
  }();
  return routes;
}

}  // namespace cryptostream
