// A log's actions in one form. In: a commit's JSON lines, or the rows of a checkpoint. Out: each action as
// its fields, which compare equal when they say the same, wherever they were read. One line, or one batch of
// rows, is in memory at a time: a log of 20,000 commits is read in the memory of its largest one. (DuckDB's
// read_json, which was here before, kept 32 MB a file and thread.) Every value is walked, so what a lazy JSON
// reader would skip is looked at as well.
#include "verify/log_action.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "delta/statistics.h"
#include "market/decimal.h"
#include "market/json.h"

namespace cryptostream {
namespace {

namespace od = simdjson::ondemand;

constexpr int kMaxDepth = 32;

std::unexpected<Error> Bad(std::string_view reason) { return Corrupt("not JSON: reason=" + std::string(reason)); }
std::unexpected<Error> Bad(simdjson::error_code code) { return Bad(simdjson::error_message(code)); }

std::string JsonOf(const LogValue& value) { return value.type == LogValue::Type::kText ? JsonString(value.text) : value.text; }

Status ReadValue(od::value value, int depth, std::optional<LogValue>& out);

Status ReadObject(od::object object, int depth, LogFields& out) {
  if (depth == 0) return Bad("too deep");
  for (auto field : object) {
    std::string_view key;
    if (auto error = field.unescaped_key().get(key)) return Bad(error);
    std::string name(key);
    od::value member;
    if (auto error = field.value().get(member)) return Bad(error);
    std::optional<LogValue> value;
    CS_TRY(ReadValue(member, depth - 1, value));
    if (value && !out.try_emplace(name, *std::move(value)).second) return Bad("a name twice: " + name);
  }
  return {};
}

Status ReadArray(od::array array, int depth, LogValue& out) {
  if (depth == 0) return Bad("too deep");
  for (auto element : array) {
    od::value member;
    if (auto error = element.get(member)) return Bad(error);
    std::optional<LogValue> value;
    CS_TRY(ReadValue(member, depth - 1, value));
    out.text += (out.text.empty() ? "[" : ",") + (value ? JsonOf(*value) : std::string("null"));
  }
  out.text += out.text.empty() ? "[]" : "]";
  return {};
}

std::string ObjectText(const LogFields& members) {
  std::string text;
  for (const auto& [name, value] : members) text += (text.empty() ? "{" : ",") + JsonString(name) + ":" + JsonOf(value);
  return text.empty() ? text : text + "}";
}

// Out: nothing for null and for an object that is empty.
Status ReadValue(od::value value, int depth, std::optional<LogValue>& out) {
  od::json_type type;
  if (auto error = value.type().get(type)) return Bad(error);
  LogValue read;
  switch (type) {
    case od::json_type::object: {
      od::object object;
      if (auto error = value.get_object().get(object)) return Bad(error);
      LogFields members;
      CS_TRY(ReadObject(object, depth, members));
      read = {LogValue::Type::kObject, ObjectText(members)};
      if (read.text.empty()) return {};
      break;
    }
    case od::json_type::array: {
      od::array array;
      if (auto error = value.get_array().get(array)) return Bad(error);
      read.type = LogValue::Type::kArray;
      CS_TRY(ReadArray(array, depth, read));
      break;
    }
    case od::json_type::number:
      read = {LogValue::Type::kNumber, std::string(ScalarText(value))};
      if (!IsJsonNumber(read.text)) return Bad("bad number");
      break;
    case od::json_type::string: {
      std::string_view text;
      if (auto error = value.get_string().get(text)) return Bad(error);
      read = {LogValue::Type::kText, std::string(text)};
      break;
    }
    case od::json_type::boolean: {
      bool flag = false;
      if (auto error = value.get_bool().get(flag)) return Bad(error);
      read = {LogValue::Type::kBool, flag ? "true" : "false"};
      break;
    }
    case od::json_type::null: {
      bool null = false;
      if (auto error = value.is_null().get(null)) return Bad(error);
      if (!null) return Bad("bad literal");
      return {};
    }
    default: return Bad("bad value");
  }
  out = std::move(read);
  return {};
}

// Reads objects one after the other; keeps its buffers between them.
class ObjectReader {
 public:
  Result<LogFields> Read(std::string_view json) {
    od::object object;
    CS_TRY(Begin(json, object));
    LogFields fields;
    CS_TRY(ReadObject(object, kMaxDepth, fields));
    CS_TRY(End());
    return fields;
  }

  // The actions of a line: one as a rule.
  Result<std::vector<LogAction>> ReadActions(std::string_view line) {
    od::object object;
    CS_TRY(Begin(line, object));
    std::vector<LogAction> actions;
    for (auto field : object) {
      std::string_view key;
      if (auto error = field.unescaped_key().get(key)) return Bad(error);
      LogAction& action = actions.emplace_back(std::string(key));
      od::value value;
      if (auto error = field.value().get(value)) return Bad(error);
      od::object members;
      if (auto error = value.get_object().get(members)) return Bad(error);
      CS_TRY(ReadObject(members, kMaxDepth, action.fields));
    }
    CS_TRY(End());
    return actions;
  }

 private:
  Status Begin(std::string_view json, od::object& object) {
    padded_.assign(json).append(simdjson::SIMDJSON_PADDING, '\0');
    simdjson::padded_string_view view(padded_.data(), json.size(), padded_.size());
    if (auto error = parser_.iterate(view).get(document_)) return Bad(error);
    if (auto error = document_.get_object().get(object)) return Bad(error);
    return {};
  }
  Status End() {
    if (!document_.at_end()) return Bad("something follows the object");
    return {};
  }

  od::parser parser_;
  od::document document_;
  std::string padded_;
};

const LogValue* Find(const LogFields& fields, std::string_view name, LogValue::Type type) {
  auto found = fields.find(name);
  return found == fields.end() || found->second.type != type ? nullptr : &found->second;
}

}  // namespace

std::optional<std::string> TextOf(const LogFields& fields, std::string_view name) {
  const LogValue* value = Find(fields, name, LogValue::Type::kText);
  return value == nullptr ? std::nullopt : std::optional(value->text);
}

std::optional<std::int64_t> IntegerOf(const LogFields& fields, std::string_view name) {
  const LogValue* value = Find(fields, name, LogValue::Type::kNumber);
  return value == nullptr ? std::nullopt : IntegerOf<std::int64_t>(value->text);
}

std::optional<bool> BoolOf(const LogFields& fields, std::string_view name) {
  const LogValue* value = Find(fields, name, LogValue::Type::kBool);
  return value == nullptr ? std::nullopt : std::optional(value->text == "true");
}

Result<LogFields> MembersOf(const LogFields& fields, std::string_view name) {
  auto found = fields.find(name);
  if (found == fields.end()) return LogFields();
  if (found->second.type != LogValue::Type::kObject) return Corrupt("not an object: field=" + std::string(name));
  return ParseLogJson(found->second.text);
}

Result<std::vector<LogValue>> ItemsOf(const LogFields& fields, std::string_view name) {
  auto found = fields.find(name);
  std::vector<LogValue> items;
  if (found == fields.end()) return items;
  const LogValue& whole = found->second;
  if (whole.type != LogValue::Type::kArray) return Corrupt("not an array: field=" + std::string(name));
  std::string padded = whole.text + std::string(simdjson::SIMDJSON_PADDING, '\0');
  simdjson::padded_string_view view(padded.data(), whole.text.size(), padded.size());
  od::parser parser;
  od::document document;
  od::array array;
  if (auto error = parser.iterate(view).get(document)) return Bad(error);
  if (auto error = document.get_array().get(array)) return Bad(error);
  for (auto element : array) {
    od::value member;
    if (auto error = element.get(member)) return Bad(error);
    std::optional<LogValue> value;
    CS_TRY(ReadValue(member, kMaxDepth, value));
    if (value) items.push_back(*std::move(value));
  }
  return items;
}

Result<LogFields> ParseLogJson(std::string_view json) {
  thread_local ObjectReader reader;
  return reader.Read(json);
}

Status ForEachActionOf(std::string_view commit, const VisitAction& visit) {
  ObjectReader reader;
  std::int64_t number = 0;
  while (!commit.empty()) {
    std::string_view line = commit.substr(0, commit.find('\n'));
    commit.remove_prefix(std::min(commit.size(), line.size() + 1));
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    auto actions = reader.ReadActions(line);
    if (!actions) return Corrupt("line " + std::to_string(number) + " is " + actions.error().message);
    for (LogAction& action : *actions) CS_TRY(visit(number, std::move(action)));
  }
  return {};
}

}  // namespace cryptostream
