// From a path to its handler. In: a checked request. Out: an answer, with CORS where the original's dashboard needs it and
// nowhere else. The table is small, so a linear walk over it is as fast as any tree.
#include "serve/router.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "base/log.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

constexpr std::string_view kOriginalDashboard = "http://localhost:3000";

// The path's value for the pattern's {name}, empty for a pattern without one; nullopt when they do not match.
std::optional<std::string> MatchPattern(std::string_view pattern, std::string_view path) {
  std::size_t brace = pattern.find('{');
  if (brace == std::string_view::npos) return pattern == path ? std::optional<std::string>("") : std::nullopt;
  if (!path.starts_with(pattern.substr(0, brace)) || path.size() == brace) return std::nullopt;
  std::string value(path.substr(brace));
  if (value.find('/') != std::string::npos) return std::nullopt;
  return value;
}

const Asset* FindAsset(const ServerState& state, std::string_view path) {
  for (const Asset& asset : state.options().assets) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

WebReply AssetReply(const Asset& asset) {
  WebReply reply;
  reply.route = "asset";
  reply.content_type = asset.content_type;
  reply.etag = asset.etag;
  reply.body = asset.body;
  reply.body_gzip = asset.body_gzip;
  // Vite names files below /assets/ by their content.
  bool hashed = asset.path.starts_with("/assets/");
  reply.headers.emplace_back("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  return reply;
}

WebReply MethodNotAllowed(bool options, bool posts = false) {
  const std::string_view words = posts ? "only POST is answered here" : "only GET and HEAD are answered here";
  WebReply reply = options ? WebReply{.status = 204} : ProblemReply(405, words);
  reply.headers.emplace_back("Allow", posts ? "POST, OPTIONS" : "GET, HEAD, OPTIONS");
  return reply;
}

WebReply CallRoute(const Route& route, const WebRequest& request, std::string path_value, ServerState& state) {
  auto params = route.lenient ? ParseKnownParams(request.query, route.params) : ParseParams(request.query, route.params);
  if (!params) return BadQuestion(params.error());
  return route.handle({request, *std::move(params), std::move(path_value), state});
}

// What a browser must be told before a page of another origin may read the answer.
void AddCors(const Route& route, const WebRequest& request, const ServerState& state, WebReply& reply) {
  const std::vector<std::string>& allowed = state.options().allowed_origins;
  if (!route.original_cors && allowed.empty()) return;
  reply.headers.emplace_back("Vary", "Origin");
  const std::string origin(request.Header("origin"));
  const bool is_original = route.original_cors && origin == kOriginalDashboard;
  if (!is_original && std::ranges::find(allowed, origin) == allowed.end()) return;
  reply.headers.emplace_back("Access-Control-Allow-Origin", origin);
  reply.headers.emplace_back("Access-Control-Expose-Headers", "Link, ETag, Retry-After, X-Truncated");
  if (request.method != "OPTIONS") return;
  reply.headers.emplace_back("Access-Control-Allow-Methods", route.posts ? "POST" : "GET, HEAD");
  reply.headers.emplace_back("Access-Control-Allow-Headers", "Content-Type, Last-Event-ID");
  reply.headers.emplace_back("Access-Control-Max-Age", "600");
}

WebReply Answer(const WebRequest& request, ServerState& state) {
  const bool readable = request.method == "GET" || request.method == "HEAD";
  for (const Route& route : Routes()) {
    auto value = MatchPattern(route.pattern, request.path);
    if (!value) continue;
    const bool allowed = route.posts ? request.method == "POST" : readable;
    WebReply reply = allowed ? CallRoute(route, request, *std::move(value), state)
                             : MethodNotAllowed(request.method == "OPTIONS", route.posts);
    reply.route = route.pattern;
    AddCors(route, request, state, reply);
    return reply;
  }
  if (const Asset* asset = FindAsset(state, request.path)) {
    return readable ? AssetReply(*asset) : MethodNotAllowed(request.method == "OPTIONS");
  }
  return ProblemReply(404, "there is nothing at this path, see /openapi.json for what there is");
}

// Runs `make`; an exception (out of memory, most likely) ends this answer and nothing else.
template <class Make>
WebReply Guarded(Make make) {
  try {
    return make();
  } catch (const std::exception& error) {
    LogError("cannot answer a request: reason={}", error.what());
    return ProblemReply(500, "the answer could not be made");
  }
}

}  // namespace

WebReply Dispatch(const WebRequest& request, ServerState& state) {
  WebReply reply = Guarded([&] { return Answer(request, state); });
  if (reply.later) {
    reply.later = [later = std::move(reply.later), headers = reply.headers] {
      WebReply made = Guarded(later);
      made.headers.insert(made.headers.end(), headers.begin(), headers.end());
      return made;
    };
  }
  return reply;
}

}  // namespace cryptostream
