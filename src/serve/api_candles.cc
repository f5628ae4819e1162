// GET /api/v1/candles: answered on the I/O thread where memory suffices, by a worker where the table is needed.
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>

#include "base/text.h"
#include "market/name.h"
#include "market/quote.h"
#include "serve/as_of_param.h"
#include "serve/bars.h"
#include "serve/candle_rows.h"
#include "serve/render.h"
#include "serve/request_origin.h"
#include "serve/routes.h"
#include "serve/row_format.h"

namespace cryptostream {
namespace {

struct Asked {
  BarsAsked bars;
  std::string interval_text;
  RowForm form = RowForm::kObjects;
  std::optional<AsOf> as_of;
  std::string as_of_text;
  bool proxied = false;
};

Result<Asked> ReadQuery(const RouteCall& call) {
  const Params& params = call.params;
  Asked asked;
  CS_ASSIGN(asked.form, ChooseForm(params, call.request.Header("accept")));
  CS_ASSIGN(asked.as_of, ParseAsOf(params));
  if (asked.as_of) asked.as_of_text = params.find("as_of")->second;
  CS_ASSIGN(asked.bars.coin, ParseCoin(params.find("coin")->second));
  auto text = [&](const char* name, const char* otherwise) {
    auto found = params.find(name);
    return found == params.end() ? std::string(otherwise) : found->second;
  };
  asked.bars.series.quote = LowerQuote(text("quote", ""));
  if (!asked.bars.series.quote.empty() && !IsQuote(asked.bars.series.quote))
    return Invalid("bad value: quote, must be a currency's code, for example usd");
  asked.bars.series.source = text("source", "");
  if (params.contains("source") && !IsValidName(asked.bars.series.source))
    return Invalid("bad value: source, must be a source's name, for example kraken");
  std::string chosen = text("chosen", "");
  if (!chosen.empty() && chosen != "1" && chosen != "true") return Invalid("bad value: chosen, must be 1 or true");
  asked.bars.series.among_chosen = !chosen.empty();
  asked.interval_text = text("interval", "1m");
  auto interval = ParseInterval(asked.interval_text);
  if (!interval) return Invalid("bad value: interval, must be one of " + std::string(IntervalNames()));
  asked.bars.query.interval = *interval;
  if (params.contains("from")) {
    CS_ASSIGN(asked.bars.query.from, ParseTime("from", text("from", "")));
  }
  if (params.contains("to")) {
    CS_ASSIGN(asked.bars.query.to, ParseTime("to", text("to", "")));
  }
  if (asked.bars.query.from && asked.bars.query.to && *asked.bars.query.from >= *asked.bars.query.to) {
    return Invalid("bad range: from must be before to");
  }
  CS_ASSIGN(asked.bars.query.limit, ParseCount("limit", text("limit", "500"), 1, 10'000));
  std::string fill = text("fill", "none");
  if (fill != "none" && fill != "previous") return Invalid("bad value: fill, must be none or previous");
  asked.bars.query.fill_previous = fill == "previous";
  return asked;
}

std::string NextLink(const Asked& asked, const CandlePage& page) {
  std::string link = "?coin=" + PercentEncode(asked.bars.coin) + "&interval=" + asked.interval_text +
                     "&limit=" + std::to_string(asked.bars.query.limit) +
                     (asked.bars.query.fill_previous ? "&fill=previous" : "");
  if (!asked.bars.series.source.empty()) link += "&source=" + PercentEncode(asked.bars.series.source);
  // Of this page: the headline may turn to another currency meanwhile.
  const std::string quote = page.candles.empty() ? asked.bars.series.quote : page.candles.back().quote.str();
  if (asked.as_of) link += "&as_of=" + PercentEncode(asked.as_of_text);
  if (asked.form != RowForm::kObjects) link += "&format=" + std::string(FormName(asked.form));
  if (!quote.empty()) link += "&quote=" + quote + (asked.bars.series.chosen() ? "&chosen=1" : "");
  if (page.next_from) link += "&from=" + PercentEncode(FormatRfc3339(*page.next_from));
  if (page.next_from && asked.bars.query.to) link += "&to=" + PercentEncode(FormatRfc3339(*asked.bars.query.to));
  if (page.next_to) link += "&to=" + PercentEncode(FormatRfc3339(*page.next_to));
  return LinkTo("/api/v1/candles", link, asked.proxied);
}

std::string VersionText(const Bars& bars) { return bars.gold_version == kNoVersion ? "null" : std::to_string(bars.gold_version); }

std::string ObjectsOf(const Asked& asked, const Bars& bars) {
  const std::vector<Candle>& candles = bars.page.candles;
  JsonWriter json;
  json.BeginObject().Key("coin").Text(asked.bars.coin).Key("interval").Text(asked.interval_text).Key("source");
  const Candle* last = candles.empty() ? nullptr : &candles.back();
  last == nullptr || last->source.empty() ? json.Null() : json.Text(last->source.str());
  json.Key("quote");
  last == nullptr ? json.Null() : json.Text(last->quote.str());
  json.Key("as_of_version").Raw(VersionText(bars)).Key("candles").BeginArray();
  for (const Candle& candle : candles) WriteCandle(json, candle);
  return json.EndArray().EndObject().Take();
}

// What the question says of all rows stands in the metadata of those forms that have such a place.
std::shared_ptr<arrow::Table> RowsOf(const Asked& asked, const Bars& bars) {
  return CandleRows(bars.page.candles)
      ->ReplaceSchemaMetadata(arrow::key_value_metadata(
          {{"coin", asked.bars.coin}, {"interval", asked.interval_text}, {"as_of_version", VersionText(bars)}}));
}

WebReply RenderBars(const Asked& asked, const Bars& bars) {
  WebReply reply;
  if (asked.form == RowForm::kObjects) {
    reply = JsonReply(ObjectsOf(asked, bars));
  } else if (auto rows = RowsReply(*RowsOf(asked, bars), asked.form)) {
    reply = *std::move(rows);
  } else {
    return FailedAnswer(rows.error());
  }
  reply.etag = bars.etag;
  MarkForm(reply, asked.form);
  if (bars.page.next_from || bars.page.next_to) reply.headers.emplace_back("Link", NextLink(asked, bars.page));
  return reply;
}

WebReply AnswerThen(Backend& backend, const Asked& asked) {
  auto bars = BarsAsOf(backend, asked.bars, *asked.as_of);
  if (!bars && bars.error().kind == ErrorKind::kNotFound) return GoneReply(bars.error());
  if (!bars) return FailedAnswer(bars.error());
  return *bars ? RenderBars(asked, **bars) : UnknownCoin(asked.bars.coin);
}

Result<WebReply> FromTable(Backend& backend, const Asked& asked) {
  CS_ASSIGN(auto bars, BarsFromTables(backend, asked.bars));
  return bars ? RenderBars(asked, *bars) : UnknownCoin(asked.bars.coin);
}

}  // namespace

WebReply HandleCandles(RouteCall&& call) {
  auto asked = ReadQuery(call);
  if (!asked) return BadQuestion(asked.error());
  asked->proxied = IsProxied(call.request);
  auto backend = call.state.backend();
  WebReply reply;
  if (asked->as_of) {
    reply.later = [backend, asked = *std::move(asked)] { return AnswerThen(*backend, asked); };
    return reply;
  }
  auto recent = BarsInMemory(*backend, asked->bars);
  if (!recent) return FailedAnswer(recent.error());
  if (*recent) return RenderBars(*asked, **recent);
  reply.later = [backend, asked = *std::move(asked)] {
    return AnswerFromFiles(*backend, [&] { return FromTable(*backend, asked); });
  };
  return reply;
}

}  // namespace cryptostream
