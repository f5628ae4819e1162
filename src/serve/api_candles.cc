// GET /api/v1/candles: answered on the I/O thread where memory suffices, by a worker where the table is needed.
#include "base/text.h"
#include "live/candles.h"
#include "serve/render.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

struct Asked {
  std::string coin;
  std::string interval_text;
  CandleQuery query;
};

Result<Asked> ReadQuery(const Params& params) {
  Asked asked;
  CS_ASSIGN(asked.coin, ParseCoin(params.find("coin")->second));
  auto text = [&](const char* name, const char* otherwise) {
    auto found = params.find(name);
    return found == params.end() ? std::string(otherwise) : found->second;
  };
  asked.interval_text = text("interval", "1m");
  auto interval = ParseInterval(asked.interval_text);
  if (!interval) return Invalid("bad value: interval, must be one of " + std::string(IntervalNames()));
  asked.query.interval = *interval;
  if (params.contains("from")) {
    CS_ASSIGN(asked.query.from, ParseTime("from", text("from", "")));
  }
  if (params.contains("to")) {
    CS_ASSIGN(asked.query.to, ParseTime("to", text("to", "")));
  }
  if (asked.query.from && asked.query.to && *asked.query.from >= *asked.query.to) {
    return Invalid("bad range: from must be before to");
  }
  CS_ASSIGN(asked.query.limit, ParseCount("limit", text("limit", "500"), 1, 10'000));
  std::string fill = text("fill", "none");
  if (fill != "none" && fill != "previous") return Invalid("bad value: fill, must be none or previous");
  asked.query.fill_previous = fill == "previous";
  return asked;
}

std::string NextLink(const Asked& asked, const CandlePage& page) {
  std::string link = "</api/v1/candles?coin=" + PercentEncode(asked.coin) + "&interval=" + asked.interval_text +
                     "&limit=" + std::to_string(asked.query.limit) + (asked.query.fill_previous ? "&fill=previous" : "");
  if (page.next_from) link += "&from=" + PercentEncode(FormatRfc3339(*page.next_from));
  if (page.next_from && asked.query.to) link += "&to=" + PercentEncode(FormatRfc3339(*asked.query.to));
  if (page.next_to) link += "&to=" + PercentEncode(FormatRfc3339(*page.next_to));
  return link + ">; rel=\"next\"";
}

WebReply RenderPage(const Asked& asked, const CandlePage& page, const CoinWindows& recent, const std::string& etag) {
  JsonWriter json;
  json.BeginObject().Key("coin").Text(asked.coin).Key("interval").Text(asked.interval_text).Key("source");
  if (page.candles.empty()) {
    json.Null();
  } else {
    json.Text(page.candles.back().source.str());
  }
  json.Key("as_of_version");
  if (recent.gold_version == kNoVersion) {
    json.Null();
  } else {
    json.Integer(recent.gold_version);
  }
  json.Key("candles").BeginArray();
  for (const Candle& candle : page.candles) WriteCandle(json, candle);
  json.EndArray().EndObject();
  WebReply reply = JsonReply(json.Take());
  reply.etag = etag;
  if (page.next_from || page.next_to) reply.headers.emplace_back("Link", NextLink(asked, page));
  return reply;
}

WebReply FromTable(Backend& backend, const Asked& asked, const CoinWindows& recent, const TimesBySource& closed,
                   const std::string& etag) {
  GoldStore& store = backend.store();
  if (!recent.known) {
    auto known = store.Knows(asked.coin);
    if (!known) return ProblemReply(known.error());
    if (!*known) return ProblemReply(404, "unknown coin: " + asked.coin + ", /api/v1/coins lists what there is");
  }
  auto files = store.Pin();
  if (!files) return ProblemReply(files.error());
  OlderMinutes older{
      [&](Timestamp from, Timestamp to) { return store.Parts(**files, asked.coin, {from, to}, asked.query.interval); },
      (*files)->oldest()};
  auto page = BuildCandles(asked.query, recent, closed, &older);
  if (!page) return ProblemReply(page.error());
  return RenderPage(asked, **page, recent, etag);
}

}  // namespace

WebReply HandleCandles(RouteCall&& call) {
  auto asked = ReadQuery(call.params);
  if (!asked) return ProblemReply(asked.error());
  auto backend = call.state.backend();
  CoinWindows recent = backend->live()->Windows(asked->coin, kNoTime, Timestamp::max());
  TimesBySource closed = backend->live()->Closed();
  std::string etag =
      "W/\"" + backend->epoch() + "-" + std::to_string(recent.gold_version) + "-" + std::to_string(recent.sequence);
  for (const RollupTable* rollup : {&HourlyRollup(), &DailyRollup()}) {
    if (asked->query.interval % rollup->period != std::chrono::minutes(0)) continue;
    FollowedTable table = backend->follower().rollup(rollup->period);
    if (table.snapshot) etag += "-" + std::to_string(table.snapshot->version());
  }
  etag += "\"";
  if (recent.known) {
    auto page = BuildCandles(asked->query, recent, closed, nullptr);
    if (!page) return ProblemReply(page.error());
    if (*page) return RenderPage(*asked, **page, recent, etag);
  }
  WebReply reply;
  reply.later = [backend, asked = *std::move(asked), recent = std::move(recent), closed = std::move(closed), etag] {
    return FromTable(*backend, asked, recent, closed, etag);
  };
  return reply;
}

}  // namespace cryptostream
