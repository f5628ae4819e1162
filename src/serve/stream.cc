// GET /api/v1/stream: server-sent events. In: what changed in the live memory since this client's last event. Out: candles,
// ticks, status, heartbeats. A client that reads slowly gets the latest state of each coin when it reads again, never a
// queue of what happened meanwhile: the feed keeps a sequence number per client, not events. `id` is that number, so a client that
// reconnects (Last-Event-ID) gets what changed while it was away.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "live/candles.h"
#include "serve/render.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMaxCoins = 100;
// Bars of a coin in one send: the closed one and the next, after a pause of the client a few more.
constexpr std::size_t kMaxBars = 60;
constexpr std::chrono::seconds kStatusEvery{5};

void AddEvent(std::string& out, std::string_view event, std::string_view data, const std::string& id = {}) {
  out.append("event: ").append(event).append("\n");
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  out.append("data: ").append(data).append("\n\n");
}

struct AskedInterval {
  std::string text;
  std::chrono::minutes length;
};

// "1m,5m": what the tabs of one browser show over one stream. Each once, in the order asked.
std::optional<std::vector<AskedInterval>> ParseIntervals(std::string_view text) {
  std::vector<AskedInterval> out;
  while (true) {
    std::string_view name = text.substr(0, text.find(','));
    auto length = ParseInterval(name);
    if (!length) return std::nullopt;
    bool repeated = std::any_of(out.begin(), out.end(), [&](const AskedInterval& asked) { return asked.length == *length; });
    if (!repeated) out.push_back({std::string(name), *length});
    if (name.size() == text.size()) return out;
    text.remove_prefix(name.size() + 1);
  }
}

class LiveFeed final : public EventFeed {
 public:
  LiveFeed(ServerState& state, std::vector<std::string> coins, std::vector<AskedInterval> intervals, std::string_view last_id)
      : state_(state), coins_(coins.begin(), coins.end()), intervals_(std::move(intervals)) {
    backend_ = state_.backend();
    Resume(last_id);
  }

  std::string Take(bool idle) override {
    std::string out = first_ ? "retry: 2000\n\n" : "";
    if (auto backend = state_.backend(); backend != backend_) {
      backend_ = std::move(backend);  // another lake: what the client knows is of no use
      sequence_ = 0;
      ticks_.clear();
    }
    TakeChanges(out);
    TakeStatus(out, first_);
    first_ = false;
    if (idle && out.empty())
      AddEvent(out, "heartbeat", JsonWriter().BeginObject().Key("now").Time(state_.now()).EndObject().Take());
    return out;
  }

 private:
  // "<epoch>-<sequence>" of this very memory goes on where it ended; anything else starts with the present state.
  void Resume(std::string_view last_id) {
    std::size_t dash = last_id.find('-');
    if (dash == std::string_view::npos || last_id.substr(0, dash) != backend_->epoch()) return;
    auto sequence = IntegerOf<std::uint64_t>(last_id.substr(dash + 1));
    if (sequence && *sequence <= backend_->live()->sequence()) sequence_ = *sequence;
  }

  void TakeChanges(std::string& out) {
    const Live& live = *backend_->live();
    std::uint64_t upto = live.sequence();  // before reading: what changes meanwhile comes again, never gets lost
    if (upto == sequence_) return;
    std::string id = backend_->epoch() + "-" + std::to_string(upto);
    for (Name coin : live.ChangedSince(sequence_)) {
      if (!coins_.empty() && !coins_.contains(coin.str())) continue;
      for (const AskedInterval& interval : intervals_) TakeCandles(out, coin.str(), interval, id);
      TakeTick(out, coin.str(), id);
    }
    sequence_ = upto;
  }

  // The bars with a changed minute, newest kMaxBars; for a new client the newest one.
  void TakeCandles(std::string& out, const std::string& coin, const AskedInterval& interval, const std::string& id) {
    const std::size_t minutes = static_cast<std::size_t>(interval.length.count()) * 2 + kMaxBars;
    CoinWindows recent = backend_->live()->NewestWindows(coin, minutes);
    std::set<Timestamp> changed;
    for (const WindowView& view : recent.windows) {
      if (view.sequence > sequence_) changed.insert(IntervalStart(view.row.key.start, interval.length));
    }
    auto page =
        BuildCandles({.interval = interval.length, .limit = kMaxBars}, WithoutFloor(recent), backend_->live()->Closed(), nullptr);
    if (!page || !*page) return;
    const std::vector<Candle>& candles = (*page)->candles;
    for (std::size_t i = 0; i < candles.size(); ++i) {
      bool last = i + 1 == candles.size();
      // The oldest bar is cut when there are more minutes than were asked for.
      bool whole = i > 0 || last || recent.windows.size() < minutes;
      if (sequence_ == 0 ? last : (whole && changed.contains(candles[i].open_time)))
        SendCandle(out, coin, interval.text, candles[i], id);
    }
  }

  static CoinWindows WithoutFloor(CoinWindows recent) {
    recent.complete_from = kNoTime;
    return recent;
  }

  void SendCandle(std::string& out, const std::string& coin, const std::string& interval, const Candle& candle,
                  const std::string& id) {
    JsonWriter json;
    json.BeginObject().Key("coin").Text(coin).Key("interval").Text(interval);
    json.Key("source").Text(candle.source.str()).Key("candle");
    WriteCandle(json, candle);
    AddEvent(out, "candle", json.EndObject().Take(), id);
  }

  void TakeTick(std::string& out, const std::string& name, const std::string& id) {
    auto coin = backend_->live()->Coin(name);
    if (!coin) return;
    JsonWriter json;
    json.BeginObject().Key("coin").Text(name).Key("price").Number(coin->price).Key("event_time").Time(coin->event_time);
    json.Key("last_updated").Time(coin->last_updated).Key("source").Text(coin->source.str());
    json.Key("change_24h_pct").Number(coin->change_24h_pct).EndObject();
    std::string& sent = ticks_[name];
    if (sent == json.text()) return;
    sent = json.text();
    AddEvent(out, "tick", sent, id);
  }

  // At once when a source or the lake changes its state, else now and then beside other news.
  void TakeStatus(std::string& out, bool first) {
    Timestamp now = state_.now();
    std::uint64_t revision = state_.revision();
    bool due = !out.empty() && now - status_sent_ >= kStatusEvery;
    if (!first && revision == revision_ && !due) return;
    revision_ = revision;
    status_sent_ = now;
    AddEvent(out, "status", RenderStatus(state_));
  }

  ServerState& state_;
  const std::set<std::string> coins_;  // empty: all
  const std::vector<AskedInterval> intervals_;
  std::shared_ptr<Backend> backend_;
  bool first_ = true;
  std::uint64_t sequence_ = 0;
  std::uint64_t revision_ = 0;
  Timestamp status_sent_{};
  std::map<std::string, std::string> ticks_;  // last sent, by coin
};

}  // namespace

WebReply HandleStream(RouteCall&& call) {
  auto value = [&](const char* name, const char* otherwise) {
    auto found = call.params.find(name);
    return found == call.params.end() ? std::string(otherwise) : found->second;
  };
  auto coins = ParseNames("coins", value("coins", ""), kMaxCoins);
  if (!coins) return ProblemReply(coins.error());
  auto intervals = ParseIntervals(value("interval", "1m"));
  if (!intervals) {
    return ProblemReply(400, "bad value: interval, must be of " + std::string(IntervalNames()) + ", separated by commas");
  }
  WebReply reply;
  reply.content_type = "text/event-stream; charset=utf-8";
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.headers.emplace_back("X-Accel-Buffering", "no");
  reply.feed =
      std::make_shared<LiveFeed>(call.state, *std::move(coins), *std::move(intervals), call.request.Header("last-event-id"));
  return reply;
}

}  // namespace cryptostream
