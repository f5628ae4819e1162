// Time travel as a question has it. In: as_of=<version|time>. Out: a version of a table, or the range that there is.
#include "serve/as_of_param.h"

#include "base/text.h"
#include "serve/routes.h"

namespace cryptostream {
namespace {

constexpr Version kVersions = 1'000'000'000;  // from here on a number is a time: 2001 in seconds

}  // namespace

WebReply GoneReply(const Error& error) {
  const bool ours = error.message.starts_with("the table ") || error.message.starts_with("there is no table ");
  const std::string words = ours ? error.message : "files of that version were removed by maintenance";
  return ProblemReply(410, words + ": ask for a version in the range that is kept, or without as_of");
}

ParamSpec AsOfParam() {
  return {"as_of", "The table as it was: a version below 1000000000, or a time (RFC 3339, or seconds or milliseconds since 1970)",
          R"({"anyOf":[{"type":"string","format":"date-time"},{"type":"integer","minimum":0,"maximum":253402300799000}]})", false,
          "2100-01-01T00:00:00Z"};
}

Result<std::optional<AsOf>> ParseAsOf(const Params& params) {
  auto found = params.find("as_of");
  if (found == params.end()) return std::optional<AsOf>();
  if (auto version = IntegerOf<Version>(found->second); version && *version >= 0 && *version < kVersions) {
    return std::optional(AsOf{version, std::nullopt});
  }
  CS_ASSIGN(auto time, ParseTime("as_of", found->second));
  return std::optional(AsOf{std::nullopt, time});
}

Result<AskedTable> TableAsOf(Backend& backend, const TableLayout& layout, const std::optional<AsOf>& as_of) {
  if (!as_of) return AskedTable{backend.follower().followed(layout), std::nullopt};
  auto table = OpenAsOf(backend.root(), layout, *as_of);
  if (table) return AskedTable{*std::move(table), std::nullopt};
  if (table.error().kind != ErrorKind::kNotFound) return std::unexpected(table.error());
  return AskedTable{{}, GoneReply(table.error())};
}

WebReply AnswerAsOf(Backend& backend, const std::optional<AsOf>& as_of, const std::function<Result<WebReply>()>& make) {
  if (!as_of) return AnswerFromFiles(backend, make);
  auto made = make();
  if (made) return *std::move(made);
  if (made.error().kind == ErrorKind::kNotFound) return GoneReply(made.error());
  return FailedAnswer(made.error());
}

}  // namespace cryptostream
