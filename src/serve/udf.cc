// TradingView's Universal Data Feed below /udf: its charts, and what else speaks it (OpenBB), need no more than this address. In: questions as
// its documentation has them, whose unknown parameters are ignored and whose mistakes are answered with {s: "error"}, because that is
// what its clients look at. Out: JSON made of what the other routes are made of.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "serve/bars.h"
#include "serve/routes.h"
#include "serve/udf_symbol.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMostBars = 10'000, kMostQuotes = 100, kMostFound = 100;

WebReply UdfError(std::string_view words) {
  return JsonReply(JsonWriter().BeginObject().Key("s").Text("error").Key("errmsg").Text(words).EndObject().Take());
}

std::string TextOf(const Params& params, const char* name) {
  auto found = params.find(name);
  return found == params.end() ? std::string() : found->second;
}

std::int64_t Seconds(Timestamp time) { return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(); }

// Seconds since 1970 of a parameter, some clients write them with a fraction; what is earlier or later than there can be bars is cut.
std::optional<Timestamp> TimeOf(const std::string& text) {
  constexpr std::int64_t kLatest = 253'402'300'799;
  auto seconds = IntegerOf<std::int64_t>(std::string_view(text).substr(0, text.find('.')));
  if (!seconds) return std::nullopt;
  return Timestamp(std::chrono::seconds(std::clamp<std::int64_t>(*seconds, 0, kLatest)));
}

Result<BarsAsked> ReadHistory(const RouteCall& call) {
  const Params& params = call.params;
  BarsAsked asked;
  auto known = FindSymbol(call.state, TextOf(params, "symbol"));
  CS_ASSIGN(asked.coin, known ? Result<std::string>(known->coin.str()) : CoinOfSymbol(TextOf(params, "symbol")));
  auto interval = UdfInterval(TextOf(params, "resolution"));
  if (!interval) return Invalid("bad resolution: 1, 5, 15, 60, 240 or 1D");
  auto from = TimeOf(TextOf(params, "from")), to = TimeOf(TextOf(params, "to"));
  const std::string countback = TextOf(params, "countback");
  if (!to || (!from && countback.empty())) return Invalid("from and to are needed: seconds since 1970, to is exclusive");
  asked.query = {.interval = *interval, .to = to, .limit = kMostBars};
  if (!countback.empty()) {
    CS_ASSIGN(asked.query.limit, ParseCount("countback", countback, 1, kMostBars));
  } else if (*from >= *to) {
    return Invalid("from must be before to");
  } else {
    asked.query.from = from;
  }
  return asked;
}

std::string RenderHistory(const std::vector<Candle>& bars) {
  const bool volume = std::ranges::any_of(bars, [](const Candle& bar) { return std::isfinite(bar.volume); });
  JsonWriter json;
  json.BeginObject().Key("s").Text("ok").Key("t").BeginArray();
  for (const Candle& bar : bars) json.Integer(Seconds(bar.open_time));
  json.EndArray();
  auto column = [&](const char* name, double Candle::* figure) {
    json.Key(name).BeginArray();
    for (const Candle& bar : bars) json.Number(bar.*figure);
    json.EndArray();
  };
  column("o", &Candle::open);
  column("h", &Candle::high);
  column("l", &Candle::low);
  column("c", &Candle::close);
  if (volume) column("v", &Candle::volume);
  return json.EndObject().Take();
}

// `newest` is the newest bar before the range; nullopt: there is none.
std::string RenderNoData(const std::optional<Timestamp>& newest) {
  JsonWriter json;
  json.BeginObject().Key("s").Text("no_data");
  if (newest) json.Key("nextTime").Integer(Seconds(*newest));
  return json.EndObject().Take();
}

using ReadBars = Result<std::optional<Bars>> (*)(Backend&, const BarsAsked&);

// Out: nullopt as of `read`.
Result<std::optional<WebReply>> AnswerHistory(Backend& backend, const BarsAsked& asked, ReadBars read) {
  CS_ASSIGN(auto bars, read(backend, asked));
  const bool too_many = bars && asked.query.from && bars->page.next_from;
  std::optional<Timestamp> newest;
  if (bars && asked.query.from && (too_many || bars->page.candles.empty())) {
    // A chart wants the end of a range that is too long for one answer; and before one that is empty, where to go on.
    BarsAsked before = asked;
    before.query.from.reset();
    before.query.limit = too_many ? kMostBars : 1;
    CS_ASSIGN(auto found, read(backend, before));
    if (!found) return std::optional<WebReply>();
    if (!too_many && !found->page.candles.empty()) newest = found->page.candles.back().open_time;
    if (too_many) bars = std::move(found);
  }
  if (!bars) return std::optional<WebReply>();
  const std::vector<Candle>& inside = bars->page.candles;
  WebReply reply = JsonReply(inside.empty() ? RenderNoData(newest) : RenderHistory(inside));
  reply.etag = bars->etag;
  return std::optional(std::move(reply));
}

void WriteQuote(JsonWriter& json, const ServerState& state, const std::string& symbol) {
  auto view = FindSymbol(state, symbol);
  json.BeginObject().Key("s").Text(view ? "ok" : "error").Key("n").Text(symbol).Key("v").BeginObject();
  if (view) {
    const std::string& coin = view->coin.str();
    const double before = view->price / (1 + view->change_24h_pct / 100);
    json.Key("short_name").Text(coin).Key("exchange").Text(kUdfExchange).Key("description").Text(coin);
    json.Key("lp").Number(view->price).Key("ch").Number(view->price - before).Key("chp").Number(view->change_24h_pct);
    json.Key("prev_close_price").Number(before).Key("volume").Number(view->volume_24h);
  }
  json.EndObject().EndObject();
}

WebReply Later(std::function<WebReply()> make) {
  WebReply reply;
  reply.later = std::move(make);
  return reply;
}

}  // namespace

WebReply HandleUdfConfig(RouteCall&&) {
  JsonWriter json;
  json.BeginObject().Key("supports_search").Bool(true).Key("supports_group_request").Bool(false);
  json.Key("supports_marks").Bool(true).Key("supports_timescale_marks").Bool(true).Key("supports_time").Bool(true);
  json.Key("exchanges").BeginArray().BeginObject().Key("value").Text(kUdfExchange).Key("name").Text("CryptoStream");
  json.Key("desc").Text("CryptoStream Lakehouse").EndObject().EndArray().Key("symbols_types").BeginArray().BeginObject();
  json.Key("name").Text("Crypto").Key("value").Text("crypto").EndObject().EndArray().Key("supported_resolutions").BeginArray();
  for (std::string_view resolution : kUdfResolutions) json.Text(resolution);
  return JsonReply(json.EndArray().EndObject().Take());
}

WebReply HandleUdfTime(RouteCall&& call) {
  WebReply reply;
  reply.content_type = "text/plain";
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.SetBody(std::to_string(Seconds(call.state.now())));
  return reply;
}

WebReply HandleUdfSymbols(RouteCall&& call) {
  auto view = FindSymbol(call.state, TextOf(call.params, "symbol"));
  auto coin = view ? Result<std::string>(view->coin.str()) : CoinOfSymbol(TextOf(call.params, "symbol"));
  if (!coin) return UdfError(coin.error().message);
  auto render = [&state = call.state, coin = *coin, view] {
    JsonWriter json;
    WriteSymbol(json, state, coin, view);
    return JsonReply(json.Take());
  };
  if (view) return render();
  return Later([backend = call.state.backend(), coin = *coin, render] {
    return AnswerFromFiles(*backend, [&]() -> Result<WebReply> {
      CS_ASSIGN(bool known, backend->store().Knows(coin));
      return known ? render() : UdfError("unknown_symbol");
    });
  });
}

WebReply HandleUdfSearch(RouteCall&& call) {
  SymbolSearch search{TextOf(call.params, "query"), TextOf(call.params, "type"), TextOf(call.params, "exchange")};
  if (auto limit = IntegerOf<std::size_t>(TextOf(call.params, "limit")))
    search.limit = std::clamp<std::size_t>(*limit, 1, kMostFound);
  return Later([&state = call.state, search = std::move(search)] {
    JsonWriter json;
    WriteSearch(json, state, search);
    return JsonReply(json.Take());
  });
}

WebReply HandleUdfHistory(RouteCall&& call) {
  auto asked = ReadHistory(call);
  if (!asked) return UdfError(asked.error().message);
  auto backend = call.state.backend();
  auto recent = AnswerHistory(*backend, *asked, BarsInMemory);
  if (!recent) return FailedAnswer(recent.error());
  if (*recent) return **std::move(recent);
  return Later([backend, asked = *std::move(asked)] {
    return AnswerFromFiles(*backend, [&]() -> Result<WebReply> {
      CS_ASSIGN(auto reply, AnswerHistory(*backend, asked, BarsFromTables));
      return reply ? *std::move(reply) : UdfError("unknown_symbol");
    });
  });
}

WebReply HandleUdfQuotes(RouteCall&& call) {
  auto symbols = ParseNames("symbols", TextOf(call.params, "symbols"), kMostQuotes);
  if (!symbols) return UdfError(symbols.error().message);
  return Later([&state = call.state, symbols = *std::move(symbols)] {
    JsonWriter json;
    json.BeginObject().Key("s").Text("ok").Key("d").BeginArray();
    for (const std::string& symbol : symbols) WriteQuote(json, state, symbol);
    return JsonReply(json.EndArray().EndObject().Take());
  });
}

}  // namespace cryptostream
