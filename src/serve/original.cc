// GET /metrics/{coin_id} of the original: the last 10 windows, newest first, epoch seconds, [] for a coin without rows; its
// dashboard works on it unchanged. The rendered body is kept until a window of the coin changes: this is the route that the
// original's dashboard polls.
#include <algorithm>

#include "serve/json_writer.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

constexpr std::size_t kOriginalWindows = 10;
double EpochSeconds(Timestamp time) { return static_cast<double>(ToMicros(time)) / 1e6; }

std::string Render(const std::string& coin, std::vector<Minute> newest_first) {
  JsonWriter json;
  json.BeginArray();
  for (const Minute& minute : newest_first) {
    json.BeginObject().Key("window_start").Number(EpochSeconds(minute.start));
    json.Key("window_end").Number(EpochSeconds(minute.start + kWindow)).Key("coin_id").Text(coin);
    json.Key("avg_price").Number(minute.avg).Key("min_price").Number(minute.low).Key("max_price").Number(minute.high);
    json.EndObject();
  }
  return json.EndArray().Take();
}

WebReply ReplyWith(std::shared_ptr<const std::string> body, const std::string& etag) {
  WebReply reply = JsonReply({});
  reply.etag = etag;
  reply.SetBody(std::move(body));
  return reply;
}

// The newest windows out of the table, for a coin of which memory has too few.
Result<std::vector<Minute>> OlderWindows(GoldStore& store, CoinRows of, Timestamp before, std::size_t count) {
  CS_ASSIGN(auto files, store.Pin());
  if (of.quote.empty()) {
    CS_ASSIGN(of.quote, store.NewestQuote(*files, of));
  }
  std::vector<Minute> out;
  std::chrono::hours span{24};
  Timestamp end = std::min(before, files->end());
  while (end > files->oldest() && out.size() < count) {
    Timestamp begin = end - files->oldest() < span ? files->oldest() : end - span;
    CS_ASSIGN(auto part, store.Minutes(*files, of, begin, end));
    out.insert(out.begin(), part.begin(), part.end());
    end = begin;
    span *= 8;
  }
  if (out.size() > count) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(count));
  return out;
}

std::vector<Minute> NewestFirst(const std::vector<WindowView>& windows) {
  std::vector<Minute> out;
  for (auto it = windows.rbegin(); it != windows.rend(); ++it) out.push_back(ToMinute(*it));
  return out;
}

Result<WebReply> FromTable(Backend& backend, BodyCache& cache, const std::string& coin, const std::string& tag,
                           const std::string& etag) {
  CoinWindows recent = backend.live()->NewestWindows(coin, kOriginalWindows);
  std::vector<Minute> windows = NewestFirst(recent.windows);
  CS_ASSIGN(auto older,
            OlderWindows(backend.store(), {coin, recent.quote.str()}, recent.complete_from, kOriginalWindows - windows.size()));
  windows.insert(windows.end(), older.rbegin(), older.rend());
  bool known = !windows.empty();
  auto body = std::make_shared<const std::string>(Render(coin, std::move(windows)));
  if (known) cache.Keep(coin, tag, body);
  return ReplyWith(std::move(body), etag);
}

}  // namespace

WebReply HandleOriginalMetrics(RouteCall&& call) {
  auto coin = ParseCoin(call.path_value);
  if (!coin) return BadQuestion(coin.error());
  auto backend = call.state.backend();
  std::string tag = backend->epoch() + "-" + std::to_string(backend->live()->gold_version()) + "-" +
                    std::to_string(backend->live()->CoinSequence(*coin));
  std::string etag = "W/\"" + tag + "\"";
  BodyCache& cache = call.state.original_bodies();
  if (auto body = cache.Find(*coin, tag)) return ReplyWith(std::move(body), etag);
  CoinWindows recent = backend->live()->NewestWindows(*coin, kOriginalWindows);
  if (recent.windows.size() == kOriginalWindows || recent.complete_from == kNoTime) {
    auto body = std::make_shared<const std::string>(Render(*coin, NewestFirst(recent.windows)));
    if (recent.known) cache.Keep(*coin, tag, body);
    return ReplyWith(std::move(body), etag);
  }
  WebReply reply;
  reply.later = [backend, &cache, coin = *coin, tag, etag] {
    return AnswerFromFiles(*backend, [&] { return FromTable(*backend, cache, coin, tag, etag); });
  };
  return reply;
}

}  // namespace cryptostream
