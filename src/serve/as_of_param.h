#pragma once

#include <optional>

#include "live/as_of.h"
#include "live/backend.h"
#include "net/web_message.h"
#include "serve/params.h"

namespace cryptostream {

// The parameter `as_of` of a route that reads a table.
ParamSpec AsOfParam();
// Nullopt: the newest version. Errors: Invalid.
Result<std::optional<AsOf>> ParseAsOf(const Params& params);

// The version of a table that is asked for. Out: an answer in its place where there is no such version: 410 with the range that there is.
struct AskedTable {
  FollowedTable table;
  std::optional<WebReply> refused;
};
Result<AskedTable> TableAsOf(Backend& backend, const TableLayout& layout, const std::optional<AsOf>& as_of);
// 410: in the words of OpenAsOf, which say the range, or where a file is gone in our own: the reasons of DuckDB hold paths.
WebReply GoneReply(const Error& error);
// Answers from the files of a version: an older one's files do not come back, so that they are not waited for.
WebReply AnswerAsOf(Backend& backend, const std::optional<AsOf>& as_of, const std::function<Result<WebReply>()>& make);

}  // namespace cryptostream
