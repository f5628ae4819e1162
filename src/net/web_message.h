#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cryptostream {

using WebHeaders = std::vector<std::pair<std::string, std::string>>;

// A request that has passed every check: method and target are well-formed, the body is whole.
struct WebRequest {
  std::string method;  // "GET"
  std::string path;    // percent-decoded, begins with '/'
  std::string query;   // after '?', as sent
  WebHeaders headers;  // names in lower case
  std::string body;
  // The first value of a header (name in lower case), or empty.
  std::string_view Header(std::string_view name) const;
};

// What a client that stays connected is sent (server-sent events). The connection asks for more only when the last bytes are
// written, so a feed keeps no queue: it remembers what this client has seen and says what is new.
class EventFeed {
 public:
  virtual ~EventFeed() = default;
  // Returns what to send now, piece by piece, empty when nothing is new; `idle` after a silence of the heartbeat interval,
  // when something should be sent. Pieces are shared: many clients get the same ones. Called on the I/O thread, so it must
  // be quick.
  virtual std::vector<std::shared_ptr<const std::string>> Take(bool idle) = 0;
};

// The server's side of a WebSocket: what is new, each piece a message, and an answer to each message of the client.
class SocketFeed : public EventFeed {
 public:
  // Called on the I/O thread, so it must be quick. In: text of the client, UTF-8, bounded.
  virtual std::string Answer(std::string_view message) = 0;
};

// An answer. Bodies are shared, so that a rendered page can be cached and sent to many without a copy.
struct WebReply {
  int status = 200;
  std::string content_type;
  WebHeaders headers;
  std::string etag;  // with quotes, W/ where weak; compared with If-None-Match
  std::string_view body;
  std::string_view body_gzip;          // ready-made; empty: compressed on the fly where it pays
  std::shared_ptr<const void> owner;   // keeps body and body_gzip alive; null: they live as long as the process
  std::string route;                   // label of the request's metric: the path's pattern, never the path
  std::shared_ptr<EventFeed> feed;     // not null: a stream
  std::shared_ptr<SocketFeed> socket;  // not null: a WebSocket
  std::function<WebReply()> later;     // not null: made by a worker thread, because it takes long

  void SetBody(std::string text);
  void SetBody(std::shared_ptr<const std::string> text);
};

}  // namespace cryptostream
