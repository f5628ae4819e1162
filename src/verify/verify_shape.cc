// What a table is: protocol and metadata. In: every protocol and metaData of the replayed log, and what this
// program makes a table with. Out: whether each still says it. A reader believes these few lines: a protocol
// that no reader knows locks everybody out, one that is too low lets old writers in, a column that may not be
// null refuses our rows, a short retention takes files from under a reader. Another program may add (columns
// that may be null, features, properties of its own); it may not take away.
#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/text.h"
#include "delta/statistics.h"
#include "delta/table.h"
#include "query/lake_views.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

using std::chrono::milliseconds;

// What the kernel makes a table with (table features), and the last that the protocol has.
constexpr std::int64_t kReaderVersion = 3, kWriterVersion = 7;
// `[maintenance]` had its say when the table was made, perhaps not the one that is in force now; less than
// this is a choice only of whoever has it in force.
constexpr std::chrono::hours kLeastRetention{1};

std::string Where(const DescribingAction& action) { return fmt::format("version={} ", action.version); }

std::set<std::string> Features(const LogFields& protocol, std::string_view name) {
  std::set<std::string> features;
  auto items = ItemsOf(protocol, name);
  for (const LogValue& item : items ? *items : std::vector<LogValue>()) features.insert(item.text);
  return features;
}

void CheckVersions(Check& check, const DescribingAction& protocol) {
  for (const auto& [name, made] :
       {std::pair("minReaderVersion", kReaderVersion), std::pair("minWriterVersion", kWriterVersion)}) {
    auto is = IntegerOf(protocol.fields, name);
    if (is == made) continue;
    std::string says = is ? std::to_string(*is) : "missing";
    const char* why = is && *is > made ? "no version of the protocol is that high" : "the table was made with more";
    Wrong(check, Where(protocol) + fmt::format("protocol.{}: is {} instead of {}: {}", name, says, made, why));
  }
}

void CheckProtocols(Check& check, const TableLog& log) {
  if (log.protocols.empty()) Wrong(check, "the log has no protocol");
  const DescribingAction* before = nullptr;
  for (const DescribingAction& protocol : log.protocols) {
    CheckVersions(check, protocol);
    for (const char* name : {"readerFeatures", "writerFeatures"}) {
      std::set<std::string> now = Features(protocol.fields, name);
      for (const std::string& feature : before ? Features(before->fields, name) : std::set<std::string>()) {
        if (!now.contains(feature)) Wrong(check, Where(protocol) + fmt::format("protocol.{}: {} is gone", name, feature));
      }
    }
    before = &protocol;
  }
}

// The type as Delta's schema has it, in the form of LogValue; empty for one that no table of ours has.
std::string DeltaType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING: return "string";
    case arrow::Type::INT64: return "long";
    case arrow::Type::INT32: return "integer";
    case arrow::Type::DOUBLE: return "double";
    case arrow::Type::BOOL: return "boolean";
    case arrow::Type::DATE32: return "date";
    case arrow::Type::TIMESTAMP: return "timestamp";
    case arrow::Type::BINARY: return "binary";
    case arrow::Type::STRUCT: break;
    default: return "";
  }
  std::string fields;
  for (const auto& field : type.fields()) {
    fields += fmt::format("{}{{\"name\":{},\"nullable\":true,\"type\":{}}}", fields.empty() ? "" : ",", JsonString(field->name()),
                          JsonString(DeltaType(*field->type())));
  }
  return "{\"fields\":[" + fields + "],\"type\":\"struct\"}";
}

void CheckColumn(Check& check, const std::string& where, const arrow::Field* ours, const LogFields& column) {
  auto type = column.find("type");
  std::string is = type == column.end() ? "" : type->second.text;
  std::string wanted = ours == nullptr ? is : DeltaType(*ours->type());
  if (is != wanted && !wanted.empty())
    Wrong(check, fmt::format("{}: its type is {} instead of {}", where, Printable(is), wanted));
  if (BoolOf(column, "nullable") != true) Wrong(check, where + ": it is NOT NULL, every column may be null");
  auto metadata = MembersOf(column, "metadata");
  for (const auto& [key, value] : metadata ? *metadata : LogFields()) {
    if (key.starts_with("delta.")) Wrong(check, fmt::format("{}: its metadata has {}", where, key));
  }
}

// Out: the names of our columns in the order in which they are there.
std::vector<std::string> CheckColumns(Check& check, const TableLog& log, const DescribingAction& metadata) {
  std::string where = Where(metadata) + "metaData.schemaString: ";
  auto text = TextOf(metadata.fields, "schemaString");
  auto schema = text ? ParseLogJson(*text) : Result<LogFields>(Corrupt("there is none"));
  auto columns = schema ? ItemsOf(*schema, "fields") : Result<std::vector<LogValue>>(std::unexpected(schema.error()));
  std::vector<std::string> names;
  if (!columns) {
    Wrong(check, where + columns.error().message);
    return names;
  }
  for (const LogValue& item : *columns) {
    auto column = ParseLogJson(item.text);
    if (!column) {
      Wrong(check, where + column.error().message);
      return names;
    }
    std::string name = TextOf(*column, "name").value_or("");
    auto ours = log.layout->schema->GetFieldByName(name);
    CheckColumn(check, where + "column=" + name, ours.get(), *column);
    if (ours) names.push_back(name);
  }
  for (const std::string& name : SchemaOfFormat(*log.layout, FormatIn(metadata))->field_names()) {
    auto times = std::ranges::count(names, name);
    if (times != 1) Wrong(check, fmt::format("{}column={}: it is there {} times", where, name, times));
  }
  auto partitions = ItemsOf(metadata.fields, "partitionColumns");
  std::vector<std::string> by;
  for (const LogValue& item : partitions ? *partitions : std::vector<LogValue>()) by.push_back(item.text);
  if (by != log.layout->partition_columns) {
    Wrong(check, Where(metadata) + fmt::format("metaData.partitionColumns: are {} instead of {}", fmt::join(by, ","),
                                               fmt::join(log.layout->partition_columns, ",")));
  }
  return names;
}

// Positions must outlive everything: a table that forgets them would be filled twice.
void CheckPositionsKept(Check& check, const DescribingAction& metadata) {
  auto found = MembersOf(metadata.fields, "configuration");
  if (!found || !found->contains("delta.setTransactionRetentionDuration")) return;
  Wrong(check, Where(metadata) + "property=delta.setTransactionRetentionDuration: the table forgets its positions (unset it)");
}

struct Retention {
  const char* property;
  const char* setting;
  milliseconds configured;
};

void CheckRetention(Check& check, const std::string& where, const std::string& is, const std::string& made,
                    const Retention& retention) {
  auto found = IntervalOf(is);
  milliseconds least = std::min<milliseconds>(kLeastRetention, retention.configured);
  if (!found) return Wrong(check, fmt::format("{}: is {}, which is no interval", where, Printable(is)));
  if (*found >= least) return;
  Wrong(check, fmt::format("{}: is {} (made with {} where {} does not say otherwise): others may take what readers still need",
                           where, is, made, retention.setting));
}

void CheckProperties(Check& check, const TableLog& log, const DescribingAction& metadata, const VerifyOptions& options) {
  auto found = MembersOf(metadata.fields, "configuration");
  if (!found) return Wrong(check, Where(metadata) + "metaData.configuration: " + found.error().message);
  const Retention retentions[] = {{"delta.deletedFileRetentionDuration", "maintenance.file_retention", options.file_retention},
                                  {"delta.logRetentionDuration", "maintenance.log_retention", options.log_retention}};
  int format = FormatIn(metadata);
  for (const auto& [key, made] : DefaultTableProperties(*SchemaOfFormat(*log.layout, format), log.layout->partition_columns)) {
    std::string where = Where(metadata) + "property=" + key;
    auto is = TextOf(*found, key);
    if (is && key == kFormatProperty && format >= 1 && format <= kTableFormat) continue;  // an upgrade raises it
    if (!is) {
      Wrong(check, where + ": it is gone");
      continue;
    }
    auto retention = std::ranges::find(retentions, key, &Retention::property);
    if (retention != std::end(retentions)) {
      CheckRetention(check, where, *is, made, *retention);
    } else if (*is != made) {
      Wrong(check, where + ": is " + Printable(*is) + ", was " + made);
    }
  }
  CheckPositionsKept(check, metadata);
}

}  // namespace

std::optional<milliseconds> IntervalOf(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string interval, unit;
  std::int64_t number = -1;
  if (!(words >> interval >> number >> unit) || interval != "interval" || number < 0) return std::nullopt;
  if (unit.ends_with('s')) unit.pop_back();
  const std::pair<std::string_view, std::int64_t> units[] = {{"millisecond", 1},  {"second", 1000},    {"minute", 60'000},
                                                             {"hour", 3'600'000}, {"day", 86'400'000}, {"week", 604'800'000}};
  for (const auto& [name, ms] : units) {
    if (name == unit && number <= INT64_MAX / ms) return milliseconds(number * ms);
  }
  return std::nullopt;
}

bool IsMadeByUs(const TableLog& log) {
  return log.metadata.empty() || std::ranges::any_of(log.metadata, [](const DescribingAction& metadata) {
           auto found = MembersOf(metadata.fields, "configuration");
           return found && found->contains(kFormatProperty);
         });
}

int FormatIn(const DescribingAction& metadata) {
  auto found = MembersOf(metadata.fields, "configuration");
  auto format = found ? TextOf(*found, kFormatProperty) : std::nullopt;
  return format ? FormatOf({{kFormatProperty, *format}}) : kTableFormat;
}

std::string QuoteSql(const TableLog& log, const SourceQuotes& quotes) {
  const DescribingAction* metadata = LatestAt(log.metadata, log.version);
  if (metadata == nullptr) return QuoteColumnSql(quotes);
  auto found = MembersOf(metadata->fields, "configuration");
  auto text = found ? TextOf(*found, kMadeProperty) : std::nullopt;
  int made = text ? IntegerOf<int>(*text).value_or(0) : FormatIn(*metadata);
  return made < kHasQuotes ? QuoteColumnSql(quotes) : "coalesce(quote, '(null)')";
}

Check CheckShape(const TableLog& log, const VerifyOptions& options) {
  Check check{log.layout->name + ": the table as it was created", true, "id " + log.table_id, {}};
  CheckProtocols(check, log);
  int before = 0;
  for (const DescribingAction& metadata : log.metadata) {
    if (FormatIn(metadata) < before) Wrong(check, Where(metadata) + "property=cryptostream.format: it went back");
    before = FormatIn(metadata);
    if (TextOf(metadata.fields, "id") != log.table_id) Wrong(check, Where(metadata) + "metaData.id: the table has another id");
    auto format = MembersOf(metadata.fields, "format");
    if (!format || TextOf(*format, "provider") != "parquet") Wrong(check, Where(metadata) + "metaData.format: is not parquet");
    std::vector<std::string> names = CheckColumns(check, log, metadata),
                             made = SchemaOfFormat(*log.layout, FormatIn(metadata))->field_names();
    if (names != made && std::ranges::is_permutation(names, made))
      Wrong(check, Where(metadata) + "metaData.schemaString: the columns are in another order");
    CheckProperties(check, log, metadata, options);
  }
  return check;
}

Check CheckWritableShape(const TableLog& log) {
  Check check{log.layout->name + ": the table can be written", true, "", {}};
  CheckProtocols(check, log);
  if (const DescribingAction* metadata = LatestAt(log.metadata, log.version)) {
    CheckColumns(check, log, *metadata);
    CheckPositionsKept(check, *metadata);
  }
  return check;
}

}  // namespace cryptostream
