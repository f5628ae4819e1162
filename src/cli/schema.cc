// `schema`: the tables and their columns, out of the table of columns (market/table_columns.h): for people, for programs
// (`schema` in the JSON is what Spark's StructType.fromJson takes and what the table's Delta log holds), and for docs/tables.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "cli/command.h"
#include "delta/statistics.h"
#include "delta/table.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

// The type as the Delta protocol names it.
std::string DeltaType(ColumnType type) {
  switch (type) {
    case ColumnType::kString: return "string";
    case ColumnType::kBinary: return "binary";
    case ColumnType::kInt: return "integer";
    case ColumnType::kLong: return "long";
    case ColumnType::kDouble: return "double";
    case ColumnType::kDate: return "date";
    case ColumnType::kTimestamp: return "timestamp";
    case ColumnType::kWindow: return "struct<start: timestamp, end: timestamp>";
  }
  return "";
}

std::string Field(std::string_view name, const std::string& type) {
  return "{\"name\":" + JsonString(name) + ",\"type\":" + type + ",\"nullable\":true,\"metadata\":{}}";
}

std::string Struct(const std::string& fields) { return "{\"type\":\"struct\",\"fields\":[" + fields + "]}"; }

// The table as Delta's log and Spark have it.
std::string SparkSchema(const TableLayout& layout) {
  std::string fields;
  for (const ColumnInfo& column : layout.columns) {
    std::string type = JsonString(DeltaType(column.type));
    if (column.type == ColumnType::kWindow) {
      type = Struct(Field("start", "\"timestamp\"") + "," + Field("end", "\"timestamp\""));
    }
    fields += (fields.empty() ? "" : ",") + Field(column.name, type);
  }
  return Struct(fields);
}

std::string Json(const TableLayout& layout) {
  std::string columns, partition;
  for (const ColumnInfo& column : layout.columns) {
    bool of_partition = column.role == ColumnRole::kPartition;
    columns += (columns.empty() ? "" : ",") + ("{\"name\":" + JsonString(column.name)) +
               ",\"type\":" + JsonString(DeltaType(column.type)) +
               ",\"nullable\":true,\"partition\":" + (of_partition ? "true" : "false") +
               ",\"meaning\":" + JsonString(column.meaning) + "}";
    if (of_partition) partition += (partition.empty() ? "" : ",") + JsonString(column.name);
  }
  return "{\"name\":" + JsonString(layout.name) + ",\"path\":" + JsonString(layout.path) +
         ",\"format\":" + std::to_string(kTableFormat) + ",\"partition_columns\":[" + partition + "],\"columns\":[" + columns +
         "],\"schema\":" + SparkSchema(layout) + "}";
}

// As docs/tables.md has it: partition columns bold.
std::string Markdown(const TableLayout& layout) {
  std::string lines = "| column | type | |\n|---|---|---|\n";
  for (const ColumnInfo& column : layout.columns) {
    std::string mark = column.role == ColumnRole::kPartition ? "**" : "";
    lines += "| " + mark + std::string(column.name) + mark + " | " + DeltaType(column.type) + " | " +
             std::string(column.meaning) + " |\n";
  }
  return lines;
}

std::string Padded(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string Words(const TableLayout& layout) {
  std::string partition;
  for (const std::string& column : layout.partition_columns) partition += (partition.empty() ? "" : ", ") + column;
  std::string lines = layout.name + ": " + layout.path + ", partitioned by " + partition + ", format " +
                      std::to_string(kTableFormat) + "; every column may be null\n";
  for (const ColumnInfo& column : layout.columns) {
    lines += "  " + Padded(column.name, 29) + Padded(DeltaType(column.type), 11) + std::string(column.meaning) + "\n";
  }
  return lines;
}

std::string Print(const std::vector<const TableLayout*>& layouts, bool json, bool markdown, bool one) {
  std::string out;
  for (const TableLayout* layout : layouts) {
    if (!out.empty()) out += json ? ",\n " : "\n";
    out += json ? Json(*layout) : markdown ? Markdown(*layout) : Words(*layout);
  }
  return !json ? out : one ? out + "\n" : "[" + out + "]\n";
}

}  // namespace

Command AddSchema(CLI::App& program) {
  CLI::App* app = program.add_subcommand("schema", "the tables and their columns: names, types, meaning");
  app->footer(
      "Examples:\n  cryptostream schema gold\n  cryptostream schema gold --json | jq .schema      what Spark's "
      "StructType.fromJson "
      "takes\n"
      "Without a table all of them; --json then gives an array.");
  auto table = std::make_shared<std::string>();
  auto markdown = std::make_shared<bool>(false);
  std::vector<std::string> names;
  for (const TableLayout* layout : AllLayouts()) names.push_back(layout->name);
  app->add_option("table", *table,
                  "bronze, silver, gold_sources, gold_sources_1h, gold_sources_1d, gold, gold_1h, gold_1d, quarantine or gaps")
      ->check(CLI::IsMember(names));
  app->add_flag("--markdown", *markdown, "the columns as docs/tables.md lists them");
  return {app, [table, markdown](CommandContext& context) {
            if (*markdown && context.json) {
              return UsageFailed({ErrorKind::kInvalid, "--markdown and --json exclude each other", {}});
            }
            std::vector<const TableLayout*> layouts = AllLayouts();
            if (!table->empty()) std::erase_if(layouts, [&](const TableLayout* each) { return each->name != *table; });
            std::cout << Print(layouts, context.json, *markdown, !table->empty());
            return kExitDone;
          }};
}

}  // namespace cryptostream
