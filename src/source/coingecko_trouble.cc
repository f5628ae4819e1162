// What an answer of CoinGecko means. In: one HTTP attempt. Out: the answer, or the trouble in words.
//
// Errors come in many shapes (all seen in recordings): {"status":{"error_code":429,...}}, {"error":"coin not found"},
// {"error":{"status":{...}}}, {"error_code":10011,"status":{"error_message":..}}, plain text ("Throttled", "error code: 1020")
// and a network's HTML page. A code inside the body outranks the HTTP status, because errors come under 200 too.
#include "source/coingecko_trouble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "base/text.h"
#include "market/json.h"
#include "source/retry_after.h"

namespace cryptostream {
namespace {

namespace od = simdjson::ondemand;

constexpr std::chrono::minutes kLongestWait{10};
constexpr std::chrono::hours kLongestBan{1};

// An error as a JSON body tells it.
struct BodyError {
  std::int64_t code = 0;
  std::string message;
  bool empty() const { return code == 0 && message.empty(); }
};

void ReadStatus(od::object status, BodyError& error) {
  VisitFields(status, [&](std::string_view key, od::value value) {
    std::int64_t code = 0;
    std::string_view text;
    if (key == "error_code" && !value.get_int64().get(code)) error.code = code;
    if (key == "error_message" && !value.get_string().get(text)) error.message = text;
    return simdjson::SUCCESS;
  });
}

// Reads the value of "error": a sentence, or an object with a status in it.
void ReadErrorField(od::value value, BodyError& error) {
  std::string_view text;
  if (!value.get_string().get(text)) {
    error.message = text;
    return;
  }
  od::object object;
  if (value.get_object().get(object)) return;
  VisitFields(object, [&](std::string_view key, od::value inner) {
    od::object status;
    if (key == "status" && !inner.get_object().get(status)) ReadStatus(status, error);
    return simdjson::SUCCESS;
  });
}

// The error inside a body; empty when it is not an object or tells none.
BodyError ErrorInside(const std::string& body) {
  constexpr std::size_t kMostBytes = 64 * 1024;  // an error is short; a chart is an object too and is not read twice
  BodyError error;
  if (body.size() > kMostBytes) return error;
  od::parser parser;
  simdjson::padded_string padded(body);
  od::document document;
  od::object object;
  if (parser.iterate(padded).get(document) || document.get_object().get(object)) return error;
  VisitFields(object, [&](std::string_view key, od::value value) {
    od::object status;
    std::int64_t code = 0;
    if (key == "status" && !value.get_object().get(status)) ReadStatus(status, error);
    if (key == "error") ReadErrorField(value, error);
    if (key == "error_code" && !value.get_int64().get(code)) error.code = code;
    return simdjson::SUCCESS;
  });
  return error;
}

bool IsJsonType(const HttpAnswer& answer) {
  std::string type(answer.Header("Content-Type").value_or(""));
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type.starts_with("application/json") || type.starts_with("text/json");
}

bool LooksLikeHtml(const HttpAnswer& answer) {
  if (answer.Header("Content-Type").value_or("").starts_with("text/html")) return true;
  auto start = answer.body.find_first_not_of(" \t\r\n");
  return start != std::string::npos && answer.body[start] == '<';
}

// The provider's own words for the trouble, made safe to print.
std::string Said(const HttpAnswer& answer, const BodyError& error) {
  if (!error.message.empty()) return fmt::format(": \"{}\"", Printable(error.message));
  if (answer.body.empty()) return "";
  if (LooksLikeHtml(answer)) return " (an HTML page)";
  return fmt::format(": \"{}\"", Printable(answer.body, 80));
}

bool IsKeyError(std::int64_t code) { return code == 10002 || code == 10005 || code == 10006 || code == 10010 || code == 10011; }

Trouble Make(TroubleKind kind, std::string words) { return Trouble{kind, std::move(words), std::nullopt, "", "", {}}; }

// The trouble of an answer that says no, by CodeOf.
Trouble FromCode(std::int64_t code, const HttpAnswer& answer, const BodyError& error) {
  std::string said = Said(answer, error);
  if (IsKeyError(code) || code == 401) {
    return Make(TroubleKind::kRefused, fmt::format("the provider refuses the API key or its plan ({}){}", code, said));
  }
  if (code == 429) return Make(TroubleKind::kLimited, fmt::format("too many calls for the provider (429){}", said));
  if (code == 403 || code == 418 || code == 1020) {
    return Make(TroubleKind::kBanned, fmt::format("shut out by the provider ({}){}", code, said));
  }
  if (code >= 500 && code < 600) return Make(TroubleKind::kServerError, fmt::format("the provider fails ({}){}", code, said));
  if (code >= 300 && code < 400) {
    return Make(TroubleKind::kRefused, fmt::format("the provider redirects ({}), which is not followed: check base_url", code));
  }
  return Make(TroubleKind::kRefused, fmt::format("the provider refuses the request ({}){}", code, said));
}

// What is wrong with the body of a 2xx, or empty.
std::string BodyFault(const HttpAnswer& answer) {
  if (!answer.damage.empty()) return answer.damage;
  if (answer.body.empty()) return "empty body";
  if (LooksLikeHtml(answer)) return "HTML instead of JSON";
  if (!IsJsonType(answer)) {
    return fmt::format("not JSON: content type \"{}\"", Printable(answer.Header("Content-Type").value_or("none"), 60));
  }
  return "";
}

// The code to go by. One that we know outranks the HTTP status; a number of the provider's own (20000) does not, where the status says no.
std::int64_t CodeOf(const BodyError& error, int status) {
  bool known = IsKeyError(error.code) || error.code == 1020 || (error.code >= 300 && error.code < 600);
  bool good_status = status >= 200 && status < 300;
  return known || (error.code != 0 && good_status) ? error.code : status;
}

bool IsCloudflareBan(const HttpAnswer& answer) { return answer.body.starts_with("error code: 1020"); }

std::optional<Trouble> TroubleIn(HttpAnswer& answer) {
  BodyError error = ErrorInside(answer.body);
  bool good_status = answer.status >= 200 && answer.status < 300;
  if (IsCloudflareBan(answer)) return FromCode(1020, answer, error);
  if (good_status && answer.body.starts_with("Throttled")) return FromCode(429, answer, error);
  if (!good_status || !error.empty()) return FromCode(CodeOf(error, answer.status), answer, error);
  std::string fault = BodyFault(answer);
  if (fault.empty()) return std::nullopt;
  return BadBody(std::move(fault), std::move(answer.body));
}

}  // namespace

Trouble BadBody(std::string fault, std::string body) {
  Trouble trouble = Make(TroubleKind::kBadBody, "bad answer from the provider: " + fault);
  trouble.fault = std::move(fault);
  trouble.bad_body = std::move(body);
  return trouble;
}

std::expected<HttpAnswer, Trouble> JudgeAnswer(Result<HttpAnswer> attempt, Timestamp now) {
  if (!attempt) {
    bool cancelled = attempt.error().kind == ErrorKind::kCancelled;
    if (cancelled) return std::unexpected(Make(TroubleKind::kCancelled, attempt.error().message));
    Trouble silent = Make(TroubleKind::kUnreachable, "the provider cannot be reached: " + attempt.error().message);
    silent.fault = attempt.error().message;
    return std::unexpected(std::move(silent));
  }
  auto trouble = TroubleIn(*attempt);
  if (!trouble) return *std::move(attempt);
  bool banned = trouble->kind == TroubleKind::kBanned;
  trouble->retry_after = RetryAfter(*attempt, now, banned ? kLongestBan : kLongestWait);
  return std::unexpected(*std::move(trouble));
}

bool SaysTheSame(std::string_view a, std::string_view b) {
  auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  auto without_numbers = [&](std::string_view text) {
    std::string kept;
    std::ranges::remove_copy_if(text, std::back_inserter(kept), is_digit);
    return kept;
  };
  return without_numbers(a) == without_numbers(b);
}

SourceState StateOf(TroubleKind kind) {
  switch (kind) {
    case TroubleKind::kUnreachable: return SourceState::kUnreachable;
    case TroubleKind::kLimited: return SourceState::kLimited;
    case TroubleKind::kBanned: return SourceState::kBanned;
    case TroubleKind::kRefused: return SourceState::kRefused;
    case TroubleKind::kServerError:
    case TroubleKind::kBadBody: return SourceState::kFailing;
    case TroubleKind::kCancelled: break;
  }
  return SourceState::kWaiting;
}

}  // namespace cryptostream
