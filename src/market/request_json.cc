// Small objects as clients send them (a query, a subscription). In: a body or a message. Out: its members. Strict: no member twice, no
// nesting beyond a list of texts, so that nothing is half understood.
#include "market/request_json.h"

#include <algorithm>

#include "base/text.h"
#include "market/json.h"

namespace cryptostream {
namespace {

namespace od = simdjson::ondemand;

simdjson::error_code ReadList(od::array array, std::vector<std::string>& out) {
  for (auto element : array) {
    std::string_view text;
    if (auto error = element.get_string().get(text)) return error;
    out.emplace_back(text);
  }
  return simdjson::SUCCESS;
}

simdjson::error_code ReadMember(od::value value, JsonMember& member) {
  od::json_type type;
  if (auto error = value.type().get(type)) return error;
  if (type == od::json_type::string) {
    member.kind = JsonMember::Kind::kText;
    std::string_view text;
    if (auto error = value.get_string().get(text)) return error;
    member.text = text;
    return simdjson::SUCCESS;
  }
  if (type == od::json_type::array) {
    member.kind = JsonMember::Kind::kList;
    od::array array;
    if (auto error = value.get_array().get(array)) return error;
    return ReadList(array, member.list);
  }
  if (type == od::json_type::object) return simdjson::INCORRECT_TYPE;
  member.text = ScalarText(value);
  return ValidateJson(value, 1) ? simdjson::SUCCESS : simdjson::NUMBER_ERROR;
}

}  // namespace

Result<std::vector<JsonMember>> ReadJsonMembers(std::string_view json) {
  const std::unexpected<Error> wrong = Invalid("not a JSON object of texts, numbers and lists of texts");
  if (!IsUtf8(json)) return wrong;
  simdjson::padded_string padded(json);
  od::parser parser;
  od::document document;
  od::object object;
  if (parser.iterate(padded).get(document) || document.get_object().get(object)) return wrong;
  std::vector<JsonMember> members;
  bool twice = false;
  simdjson::error_code error = VisitFields(object, [&](std::string_view key, od::value value) {
    twice = twice || std::ranges::any_of(members, [&](const JsonMember& member) { return member.name == key; });
    members.push_back({.name = std::string(key), .text = {}, .list = {}});
    return ReadMember(value, members.back());
  });
  if (error || !document.at_end()) return wrong;
  if (twice) return Invalid("a member is given twice");
  return members;
}

}  // namespace cryptostream
