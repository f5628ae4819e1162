// GET /ws: a WebSocket. In: {"method": "SUBSCRIBE", "params": ["bitcoin@candle_1m", "bitcoin@tick", "!ticker"], "id": 1}. Out: an answer to each
// message, and {"stream", "data"} for each bar and price that changed, rendered once for all clients (event_board.h). A client is a list of
// streams with a sequence number each: nothing is queued, so one that reads slowly gets the latest state of each bar and price.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "market/name.h"
#include "market/request_json.h"
#include "serve/event_renderer.h"
#include "serve/json_writer.h"
#include "serve/request_origin.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMostStreams = 200;
constexpr std::string_view kEveryTick = "!ticker";

// The stream of a name; a candle has an interval, and no coin is every coin.
struct Stream {
  std::string coin, interval;
};

Result<Stream> ParseStream(const std::string& name) {
  if (name == kEveryTick) return Stream{};
  const std::size_t at = name.rfind('@');
  const std::string coin = name.substr(0, at), kind = at == std::string::npos ? "" : name.substr(at + 1);
  const std::string shown = Printable(name, 60);
  if (!IsValidName(coin)) return Invalid("no stream: " + shown + ", as bitcoin@candle_1m, bitcoin@tick, !ticker");
  if (kind == "tick") return Stream{coin, ""};
  constexpr std::string_view kCandle = "candle_";
  if (kind.starts_with(kCandle) && ParseInterval(kind.substr(kCandle.size()))) return Stream{coin, kind.substr(kCandle.size())};
  return Invalid("no stream: " + shown + ", behind @ stands tick or candle_ and one of " + std::string(IntervalNames()));
}

// What a client asks for.
struct Message {
  std::string method, id = "null";  // id: as JSON
  std::vector<std::string> params;
};

Result<Message> ParseMessage(std::string_view text) {
  CS_ASSIGN(auto members, ReadJsonMembers(text));
  Message message;
  for (JsonMember& member : members) {
    const bool is_text = member.kind == JsonMember::Kind::kText;
    if (member.name == "method" && is_text) {
      message.method = std::move(member.text);
    } else if (member.name == "params" && member.kind == JsonMember::Kind::kList) {
      message.params = std::move(member.list);
    } else if (member.name == "id" && member.kind != JsonMember::Kind::kList && member.text.size() <= 100) {
      message.id = is_text ? JsonWriter().Text(member.text).Take() : member.text;
    } else {
      return Invalid("bad member: " + Printable(member.name, 60) +
                     R"(, a message is {"method": "...", "params": [...], "id": 1})");
    }
  }
  return message;
}

class LiveSocket final : public SocketFeed {
 public:
  explicit LiveSocket(ServerState& state) : state_(state) { Watch(); }

  std::string Answer(std::string_view text) override {
    auto message = ParseMessage(text);
    if (!message) return Refusal(message.error(), "null");
    Status done = Do(*message);
    if (!done) return Refusal(done.error(), message->id);
    JsonWriter json;
    json.BeginObject().Key("result");
    if (message->method == "LIST_SUBSCRIPTIONS") {
      json.BeginArray();
      for (const auto& [name, subscription] : subscriptions_) json.Text(name);
      json.EndArray();
    } else {
      json.Null();
    }
    return json.Key("id").Raw(message->id).EndObject().Take();
  }

  std::vector<EventBoard::Bytes> Take(bool) override {
    if (board_->backend() != state_.backend()) {
      for (auto& [name, subscription] : subscriptions_) subscription.sequence = 0;  // another lake: all of it is news
      Watch();
    }
    std::vector<EventBoard::Bytes> out;
    if (!board_->Shows(interest_)) return out;
    for (auto& [name, subscription] : subscriptions_) {
      const auto changes = board_->ChangesSince(subscription.sequence, subscription.stream.coin, subscription.stream.interval);
      subscription.sequence = changes.sequence;
      for (const EventBoard::Bytes& json : changes.json) out.push_back(Wrapped(name, *json));
    }
    return out;
  }

 private:
  struct Subscription {
    Stream stream;
    std::uint64_t sequence = 0;  // what the client knows
  };

  Status Do(const Message& message) {
    if (message.method == "LIST_SUBSCRIPTIONS" && message.params.empty()) return {};
    if (message.method != "SUBSCRIBE" && message.method != "UNSUBSCRIBE") {
      return Invalid("unknown method: SUBSCRIBE and UNSUBSCRIBE with params, and LIST_SUBSCRIPTIONS without are known");
    }
    if (message.params.empty()) return Invalid(R"(params are missing, as ["bitcoin@candle_1m"])");
    return message.method == "SUBSCRIBE" ? Subscribe(message.params) : Unsubscribe(message.params);
  }

  // All of them, or none.
  Status Subscribe(const std::vector<std::string>& names) {
    std::map<std::string, Subscription> wanted = subscriptions_;
    for (const std::string& name : names) {
      CS_ASSIGN(auto stream, ParseStream(name));
      if (!stream.coin.empty() && !IsKnown(stream.coin)) return NotFound("unknown coin: " + stream.coin);
      wanted.try_emplace(name, Subscription{std::move(stream)});
      if (wanted.size() > kMostStreams) return Invalid("at most " + std::to_string(kMostStreams) + " streams a connection");
    }
    subscriptions_ = std::move(wanted);
    Watch();
    return {};
  }

  Status Unsubscribe(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (!subscriptions_.contains(name)) return NotFound("not subscribed: " + Printable(name, 60));
    }
    for (const std::string& name : names) subscriptions_.erase(name);
    Watch();
    return {};
  }

  bool IsKnown(const std::string& coin) const {
    const auto& configured = state_.options().coins;
    return state_.backend()->live()->Knows(coin) || std::ranges::find(configured, coin) != configured.end();
  }

  void Watch() {
    std::set<std::string> intervals;
    for (const auto& [name, subscription] : subscriptions_) {
      if (!subscription.stream.interval.empty()) intervals.insert(subscription.stream.interval);
    }
    auto board = state_.events()->Board();
    auto interest = board->Watch({}, std::move(intervals));  // the new holds before the old ones go
    board_ = std::move(board);
    interest_ = std::move(interest);
    state_.events()->Poke();
  }

  static std::string Refusal(const Error& error, const std::string& id) {
    const int code = error.kind == ErrorKind::kNotFound ? 404 : 400;
    JsonWriter json;
    json.BeginObject().Key("error").BeginObject().Key("code").Integer(code).Key("msg").Text(error.message).EndObject();
    return json.Key("id").Raw(id).EndObject().Take();
  }

  static EventBoard::Bytes Wrapped(const std::string& name, const std::string& json) {
    JsonWriter writer;
    writer.BeginObject().Key("stream").Text(name).Key("data").Raw(json).EndObject();
    return std::make_shared<const std::string>(writer.Take());
  }

  ServerState& state_;
  std::shared_ptr<EventBoard> board_;
  EventBoard::Interest interest_;
  std::map<std::string, Subscription> subscriptions_;
};

}  // namespace

WebReply HandleWebSocket(RouteCall&& call) {
  if (!AsksForSocket(call.request)) {
    WebReply reply = ProblemReply(426, "this is a WebSocket: connect with a client that speaks it, ws://.../ws");
    reply.headers.emplace_back("Upgrade", "websocket");
    return reply;
  }
  constexpr std::size_t kKeyBytes = 24;  // of 16 bytes in base64; Beast takes anything
  if (call.request.Header("sec-websocket-key").size() != kKeyBytes) {
    return ProblemReply(400, "Sec-WebSocket-Key must be 16 bytes in base64");
  }
  const auto& allowed = call.state.options().allowed_origins;
  const bool is_allowed = std::ranges::find(allowed, call.request.Header("origin")) != allowed.end();
  if (!IsOwnOrigin(call.request) && !is_allowed) {
    return ProblemReply(403, "a page of another origin may not open this WebSocket; serve.allowed_origins allows some");
  }
  WebReply reply;
  reply.socket = std::make_shared<LiveSocket>(call.state);
  return reply;
}

}  // namespace cryptostream
