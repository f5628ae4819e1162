#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "live/backend.h"
#include "net/web_message.h"
#include "serve/params.h"
#include "serve/state.h"

namespace cryptostream {

// What a handler gets: the request, its parameters already checked by name, and the state.
struct RouteCall {
  const WebRequest& request;
  Params params;
  std::string path_value;  // of {coin_id} or {layer}
  ServerState& state;
};

// One route: the table of them makes both the router and /openapi.json.
struct Route {
  std::string pattern;  // "/metrics/{coin_id}"
  std::string summary;
  std::string description;
  ParamSpec path_param = {};  // of the pattern's {name}
  std::vector<ParamSpec> params;
  std::string content_type;
  std::string schema;          // JSON schema of the 200 answer
  std::string columns_schema;  // of its JSON columns: its answer has rows, and comes in every form of them
  std::vector<int> errors;     // further statuses it may answer with
  std::string body_schema;     // JSON schema of the body of a POST
  bool posts = false;          // takes POST, not GET
  bool lenient = false;        // ignores parameters that it does not know, as clients of this kind expect
  bool original_cors = false;  // open to the original's dashboard, and to nobody else
  WebReply (*handle)(RouteCall&&);
};

const std::vector<Route>& Routes();

// RFC 9457: {"type","title","status","detail"}.
WebReply ProblemReply(int status, std::string_view detail);
// The same for a coin of which the lake has no row: 404.
WebReply UnknownCoin(const std::string& coin);
// The same for a bad question: 400, with the error's own words, which are about what the client sent.
WebReply BadQuestion(const Error& error);
// The same for an answer that could not be made: 503 with Retry-After where asking again may help, else 500. The log
// gets the reason; the client gets a sentence of ours, because reasons of DuckDB, Arrow and the kernel hold paths and SQL.
WebReply FailedAnswer(const Error& error);
// Makes an answer out of the tables' files. Where a file is gone (compaction and vacuum replaced it), the newest snapshot
// is looked for and asked once.
WebReply AnswerFromFiles(Backend& backend, const std::function<Result<WebReply>()>& make);
WebReply JsonReply(std::string json);
// A coin id in the path or a parameter, checked but not interned. Errors: Invalid.
Result<std::string> ParseCoin(std::string_view text);

}  // namespace cryptostream
