// The routes of TradingView's data feed, for the table of routes. Their parameters are described as loosely as the handlers take them: a
// mistake is answered with {s: "error"}, which is what a chart looks at.
#include "serve/routes.h"

namespace cryptostream {

// Handlers, by file.
WebReply HandleUdfConfig(RouteCall&& call);  // udf.cc
WebReply HandleUdfTime(RouteCall&& call);
WebReply HandleUdfSymbols(RouteCall&& call);
WebReply HandleUdfSearch(RouteCall&& call);
WebReply HandleUdfHistory(RouteCall&& call);
WebReply HandleUdfQuotes(RouteCall&& call);
WebReply HandleUdfMarks(RouteCall&& call);  // udf_marks.cc
WebReply HandleUdfTimescaleMarks(RouteCall&& call);

namespace {

ParamSpec Loose(const char* name, const char* description, const char* example) {
  return {name, description, R"({"type":"string"})", false, example};
}

Route Udf(const char* pattern, const char* summary, std::vector<ParamSpec> params, const char* schema,
          WebReply (*handle)(RouteCall&&)) {
  return {.pattern = pattern,
          .summary = summary,
          .params = std::move(params),
          .content_type = "application/json",
          .schema = schema,
          .errors = {400, 503},
          .lenient = true,
          .handle = handle};
}

}  // namespace

std::vector<Route> UdfRoutes() {
  const char* kObject = R"({"type":"object"})";
  const char* kAnswer = R"({"type":"object","required":["s"],"properties":{"s":{"enum":["ok","no_data","error"]}}})";
  const char* kList = R"({"type":"array","items":{"type":"object"}})";
  const ParamSpec symbol = Loose("symbol", "Coin id, with or without `cryptostream:` before it", "bitcoin");
  const ParamSpec from = Loose("from", "Bars from this time on, seconds since 1970", "1700000000");
  const ParamSpec to = Loose("to", "Bars before this time, seconds since 1970", "1900000000");
  const ParamSpec resolution = Loose("resolution", "1, 5, 15, 60, 240 or 1D", "60");
  Route time = Udf("/udf/time", "Data feed: seconds since 1970", {}, "", HandleUdfTime);
  time.content_type = "text/plain";
  return {
      Udf("/udf/config", "Data feed: what it can do", {}, kObject, HandleUdfConfig),
      Udf("/udf/symbols", "Data feed: a coin as a symbol", {symbol}, kObject, HandleUdfSymbols),
      Udf("/udf/search", "Data feed: coins whose id, name or symbol has a text in it",
          {Loose("query", "The text", "bit"), Loose("type", "crypto, or empty", "crypto"),
           Loose("exchange", "cryptostream, or empty", "cryptostream"), Loose("limit", "Most coins in the answer", "30")},
          kList, HandleUdfSearch),
      Udf("/udf/history", "Data feed: bars, as arrays",
          {symbol, resolution, from, to, Loose("countback", "So many bars before `to`, whatever `from` says", "10")}, kAnswer,
          HandleUdfHistory),
      Udf("/udf/marks", "Data feed: known gaps, on the bars", {symbol, from, to, resolution}, kList, HandleUdfMarks),
      Udf("/udf/timescale_marks", "Data feed: known gaps, on the time scale", {symbol, from, to, resolution}, kList,
          HandleUdfTimescaleMarks),
      Udf("/udf/quotes", "Data feed: prices of several coins",
          {Loose("symbols", "Coin ids, separated by commas", "bitcoin,ethereum")}, kAnswer, HandleUdfQuotes),
      time,
  };
}

}  // namespace cryptostream
