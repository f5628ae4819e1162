// POST /api/v1/query: one SELECT over the lake's views. In: {"sql": "...", "limit": 1000} as application/json, which no foreign page can send
// without being asked first. Out: rows in the form that is asked for, and whether there were more. What a question may touch and take is
// bounded (query/sql_guard.h, live/lake_questions.h).
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>

#include "base/text.h"
#include "market/request_json.h"
#include "net/url.h"
#include "serve/json_writer.h"
#include "serve/routes.h"
#include "serve/row_format.h"

namespace cryptostream {
namespace {

constexpr std::size_t kRows = 1'000, kMostRows = 100'000, kMostSqlBytes = 20'000, kMostBytes = 32 << 20;

struct Asked {
  std::string sql;
  std::size_t limit = kRows;
  RowForm form = RowForm::kObjects;
};

Result<Asked> ReadBody(const RouteCall& call) {
  Asked asked;
  CS_ASSIGN(asked.form, ChooseForm(call.params, call.request.Header("accept")));
  CS_ASSIGN(auto members, ReadJsonMembers(call.request.body));
  for (const JsonMember& member : members) {
    if (member.name == "sql" && member.kind == JsonMember::Kind::kText) {
      asked.sql = member.text;
    } else if (member.name == "limit" && member.kind == JsonMember::Kind::kScalar) {
      CS_ASSIGN(asked.limit, ParseCount("limit", member.text, 1, kMostRows));
    } else {
      return Invalid("bad member: " + Printable(member.name, 60) + R"(, the body is {"sql": "SELECT ...", "limit": 1000})");
    }
  }
  if (asked.sql.empty()) return Invalid(R"(missing member: sql, the body is {"sql": "SELECT ...", "limit": 1000})");
  if (asked.sql.size() > kMostSqlBytes) return Invalid("sql is longer than " + std::to_string(kMostSqlBytes) + " bytes");
  return asked;
}

std::string ObjectsOf(const ArrowResult& answer) {
  JsonWriter json;
  json.BeginObject().Key("columns").BeginArray();
  for (const auto& field : answer.rows->schema()->fields()) {
    json.BeginObject().Key("name").Text(field->name()).Key("type").Text(field->type()->ToString()).EndObject();
  }
  json.EndArray().Key("rows");
  WriteObjects(json, *answer.rows);
  return json.Key("truncated").Bool(answer.truncated).EndObject().Take();
}

// Why a question is refused, without what follows DuckDB's first line (the text again, and where in it) and without the machine's folders.
WebReply Refused(const ServerState& state, const Error& error) {
  std::string words = state.WithoutPaths(error.message.substr(0, error.message.find('\n')));
  return ProblemReply(400, Printable(words, 500));
}

Result<WebReply> Answer(const ServerState& state, Backend& backend, const Asked& asked) {
  const ArrowLimits limits{.query = {.timeout = backend.query_timeout(), .max_rows = asked.limit}, .max_bytes = kMostBytes};
  auto answer = backend.questions().Ask(asked.sql, limits);
  if (!answer && answer.error().kind == ErrorKind::kInvalid) return Refused(state, answer.error());
  if (!answer && answer.error().kind == ErrorKind::kConflict) {
    WebReply busy = ProblemReply(503, answer.error().message + ": ask again");
    busy.headers.emplace_back("Retry-After", "1");
    return busy;
  }
  if (!answer) return std::unexpected(answer.error());
  const std::string truncated = answer->truncated ? "true" : "false";
  WebReply reply;
  if (asked.form == RowForm::kObjects) {
    reply = JsonReply(ObjectsOf(*answer));
  } else {
    auto metadata = arrow::key_value_metadata({"truncated"}, {truncated});
    CS_ASSIGN(reply, RowsReply(*answer->rows->ReplaceSchemaMetadata(metadata), asked.form));
  }
  reply.headers = {{"Cache-Control", "no-store"}, {"X-Truncated", truncated}};
  return reply;
}

bool IsJson(std::string_view content_type) {
  return Printable(content_type.substr(0, content_type.find(';'))).starts_with("application/json");
}

}  // namespace

WebReply HandleQuery(RouteCall&& call) {
  // What a query may take is bounded as far as DuckDB bounds itself; among people who need no login that is not far enough.
  if (!IsLoopbackHost(call.state.options().address)) {
    return ProblemReply(403, "SQL is answered where the server listens on loopback only: there is no login yet");
  }
  if (!IsJson(call.request.Header("content-type"))) {
    return ProblemReply(415, R"(send application/json: {"sql": "SELECT ...", "limit": 1000})");
  }
  auto asked = ReadBody(call);
  if (!asked) return BadQuestion(asked.error());
  WebReply reply;
  reply.later = [&state = call.state, backend = call.state.backend(), asked = *std::move(asked)] {
    return AnswerFromFiles(*backend, [&] { return Answer(state, *backend, asked); });
  };
  return reply;
}

}  // namespace cryptostream
