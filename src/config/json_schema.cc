// The configuration file as a JSON Schema (draft 2020-12), for editors and for whoever makes such files by machine. Ranges come from the
// shapes that the checks read, durations too, as patterns. What only two values together get wrong it cannot say: `config check` does.
// Beside the schema's own words stand x-kind, x-range, x-environment and x-flag, out of which docs/settings.md is made.
#include "config/config.h"
#include "config/config_key.h"
#include "config/config_key_kinds.h"
#include "config/environment.h"
#include "market/name.h"
#include "serve/json_writer.h"

namespace cryptostream {
namespace {

void WriteValue(JsonWriter& json, const ConfigKey& key, const std::string& text) {
  switch (key.shape.kind) {
    case ValueKind::kBool: json.Bool(text == "true"); return;
    case ValueKind::kInteger: json.Integer(*IntegerOf<std::int64_t>(text)); return;
    case ValueKind::kList:
      json.BeginArray();
      for (const std::string& item : SplitList(text)) json.Text(item);
      json.EndArray();
      return;
    default: json.Text(text);
  }
}

void WriteKind(JsonWriter& json, const ValueShape& shape) {
  switch (shape.kind) {
    case ValueKind::kSecret: json.Key("not").BeginObject().EndObject(); return;  // never in a file
    case ValueKind::kBool: json.Key("type").Text("boolean"); return;
    case ValueKind::kInteger:
      json.Key("type").Text("integer").Key("minimum").Integer(shape.least).Key("maximum").Integer(shape.most);
      return;
    case ValueKind::kChoice:
      json.Key("enum").BeginArray();
      for (const std::string& choice : shape.choices) json.Text(choice);
      json.EndArray();
      return;
    case ValueKind::kList:
      json.Key("type").Text("array").Key("items").BeginObject().Key("type").Text("string");
      if (std::string pattern = PatternOf(shape); !pattern.empty()) json.Key("pattern").Text(pattern);
      json.EndObject();
      return;
    default:
      json.Key("type").Text("string");
      if (std::string pattern = PatternOf(shape); !pattern.empty()) json.Key("pattern").Text(pattern);
  }
}

void WriteKey(JsonWriter& json, const ConfigKey& key, const Config& defaults) {
  json.Key(key.path.substr(key.path.find('.') + 1)).BeginObject().Key("description").Text(key.help);
  WriteKind(json, key.shape);
  std::string text = key.get(defaults);
  if (!text.empty()) WriteValue(json.Key("default"), key, text);
  if (key.shape.kind != ValueKind::kSecret) {
    json.Key("examples").BeginArray();
    WriteValue(json, key, key.example);
    json.EndArray();
  }
  json.Key("x-kind").Text(KindText(key.shape.kind));
  if (std::string range = RangeText(key.shape); !range.empty()) json.Key("x-range").Text(range);
  json.Key("x-environment").Text(VariableOf(key.path));
  if (!key.flag.empty()) json.Key("x-flag").Text(key.flag);
  json.EndObject();
}

JsonWriter& OpenSection(JsonWriter& json, const std::string& name) {
  return json.Key(name)
      .BeginObject()
      .Key("type")
      .Text("object")
      .Key("additionalProperties")
      .Bool(false)
      .Key("properties")
      .BeginObject();
}

// kafka.librdkafka holds librdkafka's own names, which have dots: "sasl.mechanism" and [kafka.librdkafka.sasl] are the same.
void WritePassedThrough(JsonWriter& json) {
  json.Key("librdkafka").BeginObject().Key("description").Text("Settings of librdkafka, passed through.");
  json.Key("type")
      .Text("object")
      .Key("additionalProperties")
      .BeginObject()
      .Key("$ref")
      .Text("#/$defs/passed")
      .EndObject()
      .EndObject();
}

void WriteDefinitions(JsonWriter& json) {
  json.Key("$defs").BeginObject().Key("passed").BeginObject().Key("type").BeginArray();
  for (const char* type : {"string", "integer", "boolean", "object"}) json.Text(type);
  json.EndArray()
      .Key("additionalProperties")
      .BeginObject()
      .Key("$ref")
      .Text("#/$defs/passed")
      .EndObject()
      .EndObject()
      .EndObject();
}

JsonWriter& WriteMatching(JsonWriter& json, const char* key, const std::string& pattern) {
  return json.Key(key).BeginObject().Key("type").Text("string").Key("pattern").Text("^(?:" + pattern + ")$").EndObject();
}

const std::string kName(kNamePattern), kQuote(kQuotePattern);

// A section whose keys are names of the user's; what follows describes their values.
JsonWriter& OpenNames(JsonWriter& json, const char* section, const char* description) {
  json.Key(section).BeginObject().Key("description").Text(description).Key("type").Text("object");
  return WriteMatching(json, "propertyNames", kName);
}

// A coin, or {coin, quote}.
void WriteSymbols(JsonWriter& json) {
  OpenNames(json, "symbols", "An exchange's symbol, and the coin that it is.").Key("additionalProperties").BeginObject();
  json.Key("type").BeginArray().Text("string").Text("object").EndArray().Key("pattern").Text("^(?:" + kName + ")$");
  json.Key("properties").BeginObject();
  WriteMatching(WriteMatching(json, "coin", kName), "quote", kQuote).EndObject();
  json.Key("required").BeginArray().Text("coin").EndArray().Key("additionalProperties").Bool(false).EndObject().EndObject();
}

void WriteQuotes(JsonWriter& json) {
  OpenNames(json, "quotes", "A source, and the currency of its messages that do not say theirs.");
  WriteMatching(json, "additionalProperties", kQuote).EndObject();
}

}  // namespace

std::string ConfigJsonSchema() {
  const Config defaults;
  JsonWriter json;
  json.BeginObject().Key("$schema").Text("https://json-schema.org/draft/2020-12/schema");
  json.Key("title").Text("Configuration of cryptostream").Key("type").Text("object").Key("additionalProperties").Bool(false);
  json.Key("properties").BeginObject();
  std::string section;
  auto close_section = [&] {
    if (section == "kafka") WritePassedThrough(json);
    if (!section.empty()) json.EndObject().EndObject();
  };
  for (const ConfigKey& key : ConfigKeys()) {
    if (std::string name = key.path.substr(0, key.path.find('.')); name != section) {
      close_section();
      OpenSection(json, name);
      section = name;
    }
    WriteKey(json, key, defaults);
  }
  close_section();
  WriteSymbols(json);
  WriteQuotes(json);
  json.Key("stream").BeginObject().Key("$ref").Text("#/properties/engine").Key("deprecated").Bool(true).EndObject();
  json.EndObject();
  WriteDefinitions(json);
  return json.EndObject().Take() + "\n";
}

}  // namespace cryptostream
