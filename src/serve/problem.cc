// Answers that are no data: RFC 9457 problems, and the small makers that handlers share.
#include "base/log.h"
#include "base/secret.h"
#include "serve/json_writer.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

std::string_view TitleOf(int status) {
  switch (status) {
    case 400: return "Bad request";
    case 403: return "Forbidden";
    case 404: return "Not found";
    case 405: return "Method not allowed";
    case 410: return "Gone";
    case 415: return "Unsupported media type";
    case 426: return "Upgrade required";
    case 503: return "Not available now";
    default: return "Internal error";
  }
}

}  // namespace

WebReply ProblemReply(int status, std::string_view detail) {
  WebReply reply;
  reply.status = status;
  reply.content_type = "application/problem+json";
  reply.headers.emplace_back("Cache-Control", "no-store");
  JsonWriter json;
  json.BeginObject().Key("type").Text("about:blank").Key("title").Text(TitleOf(status));
  json.Key("status").Integer(status).Key("detail").Text(MaskSecrets(std::string(detail))).EndObject();
  reply.SetBody(json.Take() + "\n");
  return reply;
}

WebReply UnknownCoin(const std::string& coin) {
  return ProblemReply(404, "unknown coin: " + coin + ", /api/v1/coins lists what there is");
}

WebReply BadQuestion(const Error& error) { return ProblemReply(400, error.message); }

WebReply FailedAnswer(const Error& error) {
  LogWarn("cannot answer a request: kind={} reason={}", ErrorKindName(error.kind), error.message);
  auto later = [](std::string_view detail) {
    WebReply reply = ProblemReply(503, detail);
    reply.headers.emplace_back("Retry-After", "2");
    return reply;
  };
  switch (error.kind) {
    case ErrorKind::kUnavailable:
      return later("the answer needs more time or memory than a query may take: ask for a shorter range or a smaller limit");
    case ErrorKind::kNotFound:
      return later(
          "files of the table cannot be read now: ask again; where it stays so, the log and `cryptostream verify` say why");
    default: return ProblemReply(500, "the answer could not be made, the log says why");
  }
}

WebReply AnswerFromFiles(Backend& backend, const std::function<Result<WebReply>()>& make) {
  constexpr std::chrono::seconds kNewestWithin{2};
  auto made = make();
  if (!made && made.error().kind == ErrorKind::kNotFound) {
    backend.follower().PollAndWait(kNewestWithin);
    made = make();
  }
  return made ? *std::move(made) : FailedAnswer(made.error());
}

WebReply JsonReply(std::string json) {
  WebReply reply;
  reply.content_type = "application/json";
  reply.headers.emplace_back("Cache-Control", "no-cache");
  reply.SetBody(std::move(json));
  return reply;
}

Result<std::string> ParseCoin(std::string_view text) {
  if (!IsValidName(text)) return Invalid("bad coin id: 1 to 128 characters of letters, digits and ._:/+-");
  return std::string(text);
}

}  // namespace cryptostream
