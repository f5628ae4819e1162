// GET /api/v1/candles: answered on the I/O thread where memory suffices, by a worker where the table is needed.
#include <algorithm>

#include "base/text.h"
#include "live/candle_range.h"
#include "market/derived_table.h"
#include "market/name.h"
#include "market/quote.h"
#include "serve/render.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

struct Asked {
  std::string coin;
  SeriesAsked series;
  std::string interval_text;
  CandleQuery query;
  bool proxied = false;
};

Result<Asked> ReadQuery(const Params& params) {
  Asked asked;
  CS_ASSIGN(asked.coin, ParseCoin(params.find("coin")->second));
  auto text = [&](const char* name, const char* otherwise) {
    auto found = params.find(name);
    return found == params.end() ? std::string(otherwise) : found->second;
  };
  asked.series.quote = LowerQuote(text("quote", ""));
  if (!asked.series.quote.empty() && !IsQuote(asked.series.quote))
    return Invalid("bad value: quote, must be a currency's code, for example usd");
  asked.series.source = text("source", "");
  if (params.contains("source") && !IsValidName(asked.series.source))
    return Invalid("bad value: source, must be a source's name, for example kraken");
  std::string chosen = text("chosen", "");
  if (!chosen.empty() && chosen != "1" && chosen != "true") return Invalid("bad value: chosen, must be 1 or true");
  asked.series.among_chosen = !chosen.empty();
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

// Whether a proxy says that it stands between: its clients may ask below a path that it takes away.
bool IsProxied(const WebRequest& request) {
  return std::ranges::any_of(request.headers, [](const auto& header) {
    return header.first.starts_with("x-forwarded-") || header.first == "forwarded" || header.first == "via";
  });
}

// Behind a proxy the query alone, which is resolved against the address that the client asked, whatever that is. Else the whole path: many a
// script puts it behind the host's name without resolving anything.
std::string NextLink(const Asked& asked, const CandlePage& page) {
  std::string link = std::string(asked.proxied ? "<" : "</api/v1/candles") + "?coin=" + PercentEncode(asked.coin) +
                     "&interval=" + asked.interval_text + "&limit=" + std::to_string(asked.query.limit) +
                     (asked.query.fill_previous ? "&fill=previous" : "");
  if (!asked.series.source.empty()) link += "&source=" + PercentEncode(asked.series.source);
  // Of this page: the headline may turn to another currency meanwhile.
  const std::string quote = page.candles.empty() ? asked.series.quote : page.candles.back().quote.str();
  if (!quote.empty()) link += "&quote=" + quote + (asked.series.chosen() ? "&chosen=1" : "");
  if (page.next_from) link += "&from=" + PercentEncode(FormatRfc3339(*page.next_from));
  if (page.next_from && asked.query.to) link += "&to=" + PercentEncode(FormatRfc3339(*asked.query.to));
  if (page.next_to) link += "&to=" + PercentEncode(FormatRfc3339(*page.next_to));
  return link + ">; rel=\"next\"";
}

WebReply RenderPage(const Asked& asked, const CandlePage& page, const CoinWindows& recent, const std::string& etag) {
  JsonWriter json;
  json.BeginObject().Key("coin").Text(asked.coin).Key("interval").Text(asked.interval_text).Key("source");
  const Candle* last = page.candles.empty() ? nullptr : &page.candles.back();
  last == nullptr || last->source.empty() ? json.Null() : json.Text(last->source.str());
  json.Key("quote");
  last == nullptr ? json.Null() : json.Text(last->quote.str());
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

// What memory has of the coin now, and the tag of an answer made from it.
struct Recent {
  CoinWindows windows;
  TimesBySource closed;
  std::string etag;
};

Recent ReadMemory(Backend& backend, const Asked& asked) {
  Recent recent{backend.live()->Windows(asked.coin, kNoTime, Timestamp::max(), asked.series), backend.live()->Closed(), {}};
  recent.etag = "W/\"" + backend.epoch() + "-" + std::to_string(recent.windows.gold_version) + "-" +
                std::to_string(recent.windows.sequence);
  for (const DerivedTable* table : DerivedTables()) {
    bool is_asked = (table->rows == RowPer::kCoin) == asked.series.chosen();
    if (!is_asked || asked.query.interval % table->period != std::chrono::minutes(0)) continue;
    FollowedTable followed = backend.follower().followed(*table->layout);
    if (followed.snapshot) recent.etag += "-" + std::to_string(followed.snapshot->version());
  }
  recent.etag += "\"";
  return recent;
}

Result<WebReply> FromTable(Backend& backend, const Asked& asked) {
  GoldStore& store = backend.store();
  const Recent recent = ReadMemory(backend, asked);
  if (!recent.windows.known) {
    CS_ASSIGN(bool known, store.Knows(asked.coin));
    if (!known) return UnknownCoin(asked.coin);
  }
  CS_ASSIGN(auto files, store.Pin());
  const SeriesAsked& series = asked.series;
  CoinRows of{asked.coin, series.quote.empty() ? recent.windows.quote.str() : series.quote, series.source, series.chosen()};
  if (of.quote.empty()) {
    CS_ASSIGN(of.quote, store.NewestQuote(*files, of));
  }
  OlderMinutes older{
      .read = [&](Timestamp from, Timestamp to) { return store.Parts(*files, of, {from, to}, asked.query.interval); },
      .newest_before = [&](Timestamp time) { return store.NewestBefore(*files, of, time); },
      .oldest_from = [&](Timestamp time) { return store.OldestFrom(*files, of, time); },
      .oldest = files->oldest()};
  CS_ASSIGN(auto page, BuildCandles(asked.query, recent.windows, recent.closed, &older));
  return RenderPage(asked, *page, recent.windows, recent.etag);
}

}  // namespace

WebReply HandleCandles(RouteCall&& call) {
  auto asked = ReadQuery(call.params);
  if (!asked) return BadQuestion(asked.error());
  asked->proxied = IsProxied(call.request);
  auto backend = call.state.backend();
  if (Recent recent = ReadMemory(*backend, *asked); recent.windows.known) {
    auto page = BuildCandles(asked->query, recent.windows, recent.closed, nullptr);
    if (!page) return FailedAnswer(page.error());
    if (*page) return RenderPage(*asked, **page, recent.windows, recent.etag);
  }
  WebReply reply;
  reply.later = [backend, asked = *std::move(asked)] {
    return AnswerFromFiles(*backend, [&] { return FromTable(*backend, asked); });
  };
  return reply;
}

}  // namespace cryptostream
