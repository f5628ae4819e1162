#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cryptostream {

// A value of a log's action, in the one form to which both a commit's JSON and a checkpoint's Parquet are
// brought, so that they can be compared: members sorted by name; nulls and empty objects left out, which the
// one writes and the other does not.
struct LogValue {
  enum class Type : char { kText, kNumber, kBool, kObject, kArray };
  Type type = Type::kText;
  std::string text;  // of a text itself; of anything else its JSON
  friend bool operator==(const LogValue&, const LogValue&) = default;
};
using LogFields = std::map<std::string, LogValue, std::less<>>;

// A field if it is there and of that type.
std::optional<std::string> TextOf(const LogFields& fields, std::string_view name);
std::optional<std::int64_t> IntegerOf(const LogFields& fields, std::string_view name);
std::optional<bool> BoolOf(const LogFields& fields, std::string_view name);
// The members of a field that is an object; empty where it is not there. Errors: Corrupt (another type).
Result<LogFields> MembersOf(const LogFields& fields, std::string_view name);
// The items of a field that is an array, in order; none where it is not there. Errors: Corrupt (another
// type).
Result<std::vector<LogValue>> ItemsOf(const LogFields& fields, std::string_view name);

struct LogAction {
  std::string kind;  // "add", "txn", ...
  LogFields fields = {};
};
using VisitAction = std::function<Status(std::int64_t line, LogAction&& action)>;

// Reads one JSON object. Errors: Corrupt (not JSON, not an object, a name twice, too deep).
Result<LogFields> ParseLogJson(std::string_view json);
// Reads a commit's lines one by one. Errors: Corrupt (a line that is no JSON object: says which), those of
// `visit`.
Status ForEachActionOf(std::string_view commit, const VisitAction& visit);
// Reads one file of a checkpoint, a batch of rows in memory; line is -1. Columns that repeat others in a
// parsed form are left out. Errors: NotFound, Corrupt (no Parquet, torn), Unavailable (the machine cannot
// read it), those of `visit`.
Status ForEachActionOfCheckpoint(const std::filesystem::path& file, const VisitAction& visit);

}  // namespace cryptostream
