// GET /api/v1/stream: server-sent events. In: what the board has rendered (event_board.h) since this client's last
// event. Out: candles, ticks, status, heartbeats. A client that reads slowly gets the latest state of each coin when it
// reads again, never a queue of what happened meanwhile: the feed keeps a sequence number per client, not events. `id` is
// such a number, so a client that reconnects (Last-Event-ID) gets what changed while it was away.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "serve/event_renderer.h"
#include "serve/json_writer.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMaxCoins = 100, kMaxIntervals = 20;
constexpr std::chrono::seconds kStatusEvery{5};

class LiveFeed final : public EventFeed {
 public:
  LiveFeed(ServerState& state, std::set<std::string> coins, std::set<std::string> intervals, std::string_view last_id)
      : state_(state) {
    WatchBoard(std::move(coins), std::move(intervals));
    Resume(last_id);
  }

  std::vector<EventBoard::Bytes> Take(bool idle) override {
    std::vector<EventBoard::Bytes> out;
    if (first_) out.push_back(std::make_shared<const std::string>("retry: 2000\n\n"));
    first_ = false;
    if (board_->backend() != state_.backend()) {
      WatchBoard(interest_.coins, interest_.intervals);  // another lake: what the client knows is of no use
      sequence_ = 0;
    }
    if (!board_->Shows(interest_)) return out;
    auto news = board_->Since(sequence_, interest_);
    sequence_ = news.sequence;
    if (news.bytes) out.push_back(std::move(news.bytes));
    TakeStatus(out);
    if (idle && out.empty()) out.push_back(Heartbeat());
    return out;
  }

 private:
  EventRenderer& Events() { return *state_.events(); }

  void WatchBoard(std::set<std::string> coins, std::set<std::string> intervals) {
    board_ = Events().Board();
    interest_ = board_->Watch(std::move(coins), std::move(intervals));
    Events().Poke();
  }

  // "<epoch>-<sequence>" of this very memory goes on where it ended; anything else starts with the present state.
  void Resume(std::string_view last_id) {
    std::size_t dash = last_id.find('-');
    const Backend& backend = *board_->backend();
    if (dash == std::string_view::npos || last_id.substr(0, dash) != backend.epoch()) return;
    auto sequence = IntegerOf<std::uint64_t>(last_id.substr(dash + 1));
    if (sequence && *sequence <= backend.live()->sequence()) sequence_ = *sequence;
  }

  // At once when a source or the lake changes its state, else now and then beside other news.
  void TakeStatus(std::vector<EventBoard::Bytes>& out) {
    auto status = Events().status();
    const auto now = std::chrono::steady_clock::now();
    bool due = !out.empty() && now - status_at_ >= kStatusEvery;
    if (!status.bytes || (sent_status_ && status.revision == revision_ && !due)) return;
    sent_status_ = true;
    revision_ = status.revision;
    status_at_ = now;
    out.push_back(std::move(status.bytes));
  }

  EventBoard::Bytes Heartbeat() const {
    auto out = std::make_shared<std::string>();
    AppendEvent(*out, "heartbeat", JsonWriter().BeginObject().Key("now").Time(state_.now()).EndObject().text());
    return out;
  }

  ServerState& state_;
  std::shared_ptr<EventBoard> board_;
  EventBoard::Interest interest_;
  bool first_ = true, sent_status_ = false;
  std::uint64_t sequence_ = 0, revision_ = 0;
  std::chrono::steady_clock::time_point status_at_{};
};

struct Asked {
  std::vector<std::string> coins, intervals;
  std::string last_id;
};

Result<Asked> ReadQuery(const RouteCall& call) {
  auto value = [&](const char* name, const char* otherwise) {
    auto found = call.params.find(name);
    return found == call.params.end() ? std::string(otherwise) : found->second;
  };
  Asked asked;
  CS_ASSIGN(asked.coins, ParseNames("coins", value("coins", ""), kMaxCoins));
  auto intervals = ParseNames("interval", value("interval", "1m"), kMaxIntervals);
  bool good = intervals && !intervals->empty() &&
              std::all_of(intervals->begin(), intervals->end(), [](const std::string& text) { return ParseInterval(text); });
  if (!good) return Invalid("bad value: interval, must be of " + std::string(IntervalNames()) + ", separated by commas");
  asked.intervals = *std::move(intervals);
  asked.last_id = call.request.Header("last-event-id");
  return asked;
}

WebReply StreamReply(ServerState& state, const Asked& asked) {
  WebReply reply;
  reply.content_type = "text/event-stream; charset=utf-8";
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.headers.emplace_back("X-Accel-Buffering", "no");
  reply.feed = std::make_shared<LiveFeed>(state, std::set(asked.coins.begin(), asked.coins.end()),
                                          std::set(asked.intervals.begin(), asked.intervals.end()), asked.last_id);
  return reply;
}

// Coins that neither memory has nor the configuration asks for: the table may have them.
std::vector<std::string> Unfamiliar(const ServerState& state, const std::vector<std::string>& coins) {
  std::vector<std::string> out;
  const auto& configured = state.options().coins;
  for (const std::string& coin : coins) {
    bool known =
        state.backend()->live()->Knows(coin) || std::find(configured.begin(), configured.end(), coin) != configured.end();
    if (!known) out.push_back(coin);
  }
  return out;
}

}  // namespace

WebReply HandleStream(RouteCall&& call) {
  auto asked = ReadQuery(call);
  if (!asked) return BadQuestion(asked.error());
  std::vector<std::string> unfamiliar = Unfamiliar(call.state, asked->coins);
  if (unfamiliar.empty()) return StreamReply(call.state, *asked);
  WebReply reply;
  reply.later = [&state = call.state, backend = call.state.backend(), unfamiliar = std::move(unfamiliar),
                 asked = *std::move(asked)] {
    return AnswerFromFiles(*backend, [&]() -> Result<WebReply> {
      for (const std::string& coin : unfamiliar) {
        CS_ASSIGN(bool known, backend->store().Knows(coin));
        if (!known) return UnknownCoin(coin);
      }
      return StreamReply(state, asked);
    });
  };
  return reply;
}

}  // namespace cryptostream
