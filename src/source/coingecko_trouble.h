#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "market/status.h"
#include "net/http_client.h"

namespace cryptostream {

// What stands between us and a good answer, by what is to be done about it.
enum class TroubleKind {
  kUnreachable,  // no answer began: keep trying
  kLimited,      // too many calls: wait as told, slow down
  kBanned,       // shut out: stay away for long
  kRefused,      // the request or the key is wrong: a person has to look
  kServerError,  // the provider's own failure: back off
  kBadBody,      // a 200 whose body is not what it should be: set it aside, ask again
  kCancelled,    // the program is stopping
};

struct Trouble {
  TroubleKind kind;
  std::string words;                                     // for people; the same words for the same trouble
  std::optional<std::chrono::milliseconds> retry_after;  // the provider's wish, bounded
  std::string fault;                                     // kBadBody, kUnreachable: the cause alone
  std::string bad_body;                                  // kBadBody: what came, bounded by the transport
  std::chrono::milliseconds wait{0};                     // how long to wait; set by CoinGeckoClient
};

// The trouble of a 2xx whose body is not what was asked for.
Trouble BadBody(std::string fault, std::string body);

// Sorts an attempt into a good answer (2xx, whole, JSON, no error inside) or the trouble it means. Every shape in which
// CoinGecko and the network before it report errors is told apart here, an error under HTTP 200 included.
std::expected<HttpAnswer, Trouble> JudgeAnswer(Result<HttpAnswer> attempt, Timestamp now);

// True when both say the same but for their numbers ("timed out after 5001 ms"), so that it need not be said again.
bool SaysTheSame(std::string_view a, std::string_view b);

// The state in which a source shows itself while this trouble lasts.
SourceState StateOf(TroubleKind kind);

}  // namespace cryptostream
