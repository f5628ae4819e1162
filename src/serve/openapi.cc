// GET /openapi.json: OpenAPI 3.1, made from the table of routes.
#include "serve/json_writer.h"
#include "serve/routes.h"
#include "serve/row_format.h"

namespace cryptostream {
namespace {

void WriteParam(JsonWriter& json, const ParamSpec& spec, const char* place) {
  json.BeginObject().Key("name").Text(spec.name).Key("in").Text(place).Key("required").Bool(spec.required);
  json.Key("description").Text(spec.description).Key("schema").Raw(spec.schema);
  if (!spec.example.empty()) json.Key("example").Text(spec.example);
  json.EndObject();
}

void WriteAnswer(JsonWriter& json, int status, std::string_view description, std::string_view type, std::string_view schema) {
  json.Key(std::to_string(status)).BeginObject().Key("description").Text(description);
  json.Key("content").BeginObject().Key(type).BeginObject().Key("schema");
  json.Raw(schema.empty() ? R"({"type":"string"})" : schema).EndObject().EndObject().EndObject();
}

// The answer of a route whose rows come in every form.
void WriteRowsAnswer(JsonWriter& json, const Route& route) {
  json.Key("200")
      .BeginObject()
      .Key("description")
      .Text("The answer, in the form that `format` or Accept asks for")
      .Key("content");
  json.BeginObject().Key(route.content_type).BeginObject().Key("schema").BeginObject().Key("anyOf").BeginArray();
  json.Raw(route.schema).Raw(route.columns_schema).EndArray().EndObject().EndObject();
  for (const std::string& type : RowTypes()) {
    if (type == route.content_type) continue;
    json.Key(type).BeginObject().Key("schema").Raw(R"({"type":"string"})").EndObject();
  }
  json.EndObject().EndObject();
}

void WriteRoute(JsonWriter& json, const Route& route) {
  json.Key(route.pattern).BeginObject().Key(route.posts ? "post" : "get").BeginObject().Key("summary").Text(route.summary);
  if (!route.description.empty()) json.Key("description").Text(route.description);
  json.Key("parameters").BeginArray();
  if (!route.path_param.name.empty()) WriteParam(json, route.path_param, "path");
  for (const ParamSpec& spec : route.params) WriteParam(json, spec, "query");
  json.EndArray();
  if (!route.body_schema.empty()) {
    json.Key("requestBody").BeginObject().Key("required").Bool(true).Key("content").BeginObject().Key("application/json");
    json.BeginObject().Key("schema").Raw(route.body_schema).EndObject().EndObject().EndObject();
  }
  json.Key("responses").BeginObject();
  if (route.columns_schema.empty()) {
    WriteAnswer(json, 200, "The answer", route.content_type, route.schema);
  } else {
    WriteRowsAnswer(json, route);
  }
  bool has_400 = false;
  for (int status : route.errors) {
    has_400 = has_400 || status == 400;
    // readyz answers in plain text whatever it says.
    bool plain = route.pattern == "/readyz" && status == 503;
    WriteAnswer(json, status, "Refused", plain ? "text/plain" : "application/problem+json",
                plain ? "" : R"({"$ref":"#/components/schemas/Problem"})");
  }
  // Every other route refuses unknown parameters; all of them what is no query.
  if (!has_400) WriteAnswer(json, 400, "Refused", "application/problem+json", R"({"$ref":"#/components/schemas/Problem"})");
  json.EndObject().EndObject().EndObject();
}

std::string RenderOpenApi(const std::string& version) {
  JsonWriter json;
  json.BeginObject().Key("openapi").Text("3.1.0").Key("info").BeginObject();
  json.Key("title").Text("cryptostream").Key("version").Text(version);
  json.Key("license").BeginObject().Key("name").Text("Apache-2.0").Key("identifier").Text("Apache-2.0").EndObject().EndObject();
  json.Key("paths").BeginObject();
  for (const Route& route : Routes()) WriteRoute(json, route);
  json.EndObject().Key("components").BeginObject().Key("schemas").BeginObject().Key("Problem");
  json.Raw(R"({"type":"object","required":["type","title","status","detail"],"properties":{"type":{"type":"string"},)"
           R"("title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"}}})");
  return json.EndObject().EndObject().EndObject().Take();
}

}  // namespace

WebReply HandleOpenApi(RouteCall&& call) { return JsonReply(RenderOpenApi(call.state.options().version)); }

}  // namespace cryptostream
