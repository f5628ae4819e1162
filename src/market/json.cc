// Validation of what simdjson's on-demand reader skips. It checks UTF-8 and the structure's brackets up front, but a skipped
// value's numbers and literals are never looked at; a message with a bad one is not JSON and must not pass as such.
#include "market/json.h"

#include "market/decimal.h"

namespace cryptostream {
namespace {

namespace od = simdjson::ondemand;

std::unexpected<Error> JsonError(simdjson::error_code code) {
  if (code == simdjson::DEPTH_ERROR) return Invalid("too deep");
  return Invalid(simdjson::error_message(code));
}

Status ValidateObject(od::value value, int max_depth) {
  od::object object;
  if (auto error = value.get_object().get(object)) return JsonError(error);
  for (auto field : object) {
    std::string_view key;
    if (auto error = field.unescaped_key().get(key)) return JsonError(error);
    od::value member;
    if (auto error = field.value().get(member)) return JsonError(error);
    CS_TRY(ValidateJson(member, max_depth));
  }
  return {};
}

Status ValidateArray(od::value value, int max_depth) {
  od::array array;
  if (auto error = value.get_array().get(array)) return JsonError(error);
  for (auto element : array) {
    od::value member;
    if (auto error = element.get(member)) return JsonError(error);
    CS_TRY(ValidateJson(member, max_depth));
  }
  return {};
}

}  // namespace

std::string_view ScalarText(od::value value) {
  std::string_view text = value.raw_json_token();
  auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Status ValidateJson(od::value value, int max_depth) {
  if (max_depth == 0) return Invalid("too deep");
  od::json_type type;
  if (auto error = value.type().get(type)) return JsonError(error);
  switch (type) {
    case od::json_type::object: return ValidateObject(value, max_depth - 1);
    case od::json_type::array: return ValidateArray(value, max_depth - 1);
    case od::json_type::number:
      if (!IsJsonNumber(ScalarText(value))) return Invalid("bad number");
      return {};
    case od::json_type::string: {
      std::string_view text;
      if (auto error = value.get_string().get(text)) return JsonError(error);
      return {};
    }
    case od::json_type::boolean: {
      bool flag;
      if (auto error = value.get_bool().get(flag)) return JsonError(error);
      return {};
    }
    case od::json_type::null: {
      bool null = false;
      if (auto error = value.is_null().get(null)) return JsonError(error);
      return null ? Status() : Invalid("bad literal");
    }
  }
  return Invalid("not JSON");
}

}  // namespace cryptostream
