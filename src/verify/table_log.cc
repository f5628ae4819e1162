// A Delta log read without the kernel. In: the files of _delta_log. Out: their actions as SQL tables, replayed by SQL. The log is
// JSON lines and Parquet, both of which DuckDB reads, so verification needs no second implementation of our own, and what the kernel
// makes of the same files can be held against it.
#include "verify/table_log.h"

#include <fmt/format.h>

#include <charconv>

#include "query/print.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFileColumns =
    "STRUCT(\"path\" VARCHAR, \"partitionValues\" MAP(VARCHAR, VARCHAR), \"size\" BIGINT, \"dataChange\" BOOLEAN, \"stats\" "
    "VARCHAR)";

std::optional<Version> VersionOf(std::string_view name) {
  Version version = kNoVersion;
  if (name.size() < 20) return std::nullopt;
  auto [end, error] = std::from_chars(name.data(), name.data() + 20, version);
  if (error != std::errc() || end != name.data() + 20) return std::nullopt;
  return version;
}

// Which commits are needed, and where the replay begins.
struct Plan {
  Version base = kNoVersion;
  std::vector<Version> commits;
};

Result<Plan> MakePlan(const fs::path& log, const LogListing& listing, LogExtent extent) {
  if (listing.commits.empty()) return Corrupt("the log has no commit: log=" + log.string());
  Plan plan;
  Version expected = *listing.commits.begin();
  for (Version version : listing.commits) {
    if (version != expected) {
      return Corrupt(fmt::format("a commit is missing: version={} file={}", expected, (log / CommitName(expected)).string()));
    }
    ++expected;
  }
  Version first = *listing.commits.begin();
  if (first > 0) {
    auto base = listing.checkpoints.lower_bound(first - 1);
    if (base == listing.checkpoints.end() || base->first >= expected) {
      return Corrupt(fmt::format("commits are missing and no checkpoint stands for them: version={} file={}", first - 1,
                                 (log / CommitName(first - 1)).string()));
    }
    plan.base = base->first;
  }
  if (extent == LogExtent::kTail) {
    for (const auto& [version, names] : listing.checkpoints) {
      if (version < expected) plan.base = version;
    }
  }
  auto from = extent == LogExtent::kTail ? listing.commits.upper_bound(plan.base) : listing.commits.begin();
  plan.commits.assign(from, listing.commits.end());
  return plan;
}

std::string PathList(const fs::path& folder, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + SqlText(ExactPath((folder / name).string()));
  return "[" + list + "]";
}

std::string LineTable(const fs::path& log, const std::vector<std::string>& names) {
  constexpr const char* kTxn = "STRUCT(\"appId\" VARCHAR, \"version\" BIGINT)";
  constexpr const char* kMetadata =
      "STRUCT(\"id\" VARCHAR, \"schemaString\" VARCHAR, \"partitionColumns\" VARCHAR[], \"configuration\" MAP(VARCHAR, VARCHAR))";
  if (names.empty()) {
    return fmt::format(
        "CREATE TABLE line (version BIGINT, \"add\" {0}, \"remove\" {0}, \"txn\" {1}, \"metaData\" {2}, \"protocol\" JSON, "
        "\"commitInfo\" JSON)",
        kFileColumns, kTxn, kMetadata);
  }
  return fmt::format(
      "CREATE TABLE line AS SELECT regexp_extract(filename, '([0-9]{{20}})\\.json$', 1)::BIGINT AS version, * EXCLUDE (filename) "
      "FROM "
      "read_json({}, format = 'newline_delimited', filename = true, maximum_object_size = 67108864, columns = {{\"add\": '{}', "
      "\"remove\": '{}', \"txn\": '{}', \"metaData\": '{}', \"protocol\": 'JSON', \"commitInfo\": 'JSON'}})",
      PathList(log, names), kFileColumns, kFileColumns, kTxn, kMetadata);
}

std::string Actions(std::string_view kind, std::string_view version, std::string_view line, std::string_view from, bool known) {
  return fmt::format(
      "SELECT {2} AS version, {3} AS line, '{0}' AS kind, url_decode(\"{0}\".\"path\") AS path, \"{0}\".\"size\" AS size, "
      "\"{0}\".\"dataChange\" AS data_change, \"{0}\".\"partitionValues\" AS part, \"{0}\".\"stats\" AS stats, {5} AS known "
      "FROM {4} WHERE \"{0}\" IS NOT NULL{1}",
      kind, known ? fmt::format(" AND {} > base_version()", version) : "", version, line, from, known);
}

// The statements that build the tables of TableLog.
std::vector<std::string> Setup(const fs::path& log, const LogListing& listing, const Plan& plan) {
  std::vector<std::string> names;
  for (Version version : plan.commits) names.push_back(CommitName(version));
  std::vector<std::string> setup{LineTable(log, names), fmt::format("CREATE MACRO base_version() AS {}::BIGINT", plan.base)};
  std::string actions =
      Actions("add", "version", "rowid", "line", true) + " UNION ALL " + Actions("remove", "version", "rowid", "line", true);
  std::string positions =
      "SELECT version, rowid AS line, txn.\"appId\" AS id, txn.version AS value FROM line WHERE txn IS NOT NULL "
      "AND version > base_version()";
  std::string metadata =
      "SELECT version, \"metaData\".id AS id, \"metaData\".\"schemaString\" AS schema, \"metaData\".\"partitionColumns\" AS "
      "partitions, "
      "\"metaData\".configuration AS properties FROM line WHERE \"metaData\" IS NOT NULL AND version > base_version()";
  if (plan.base != kNoVersion) {
    std::string from = fmt::format("read_parquet({})", PathList(log, listing.checkpoints.at(plan.base)));
    actions = Actions("add", "base_version()", "-1", from, false) + " UNION ALL " + actions;
    positions = "SELECT base_version() AS version, -1 AS line, txn.\"appId\" AS id, txn.version AS value FROM " + from +
                " WHERE txn IS NOT NULL UNION ALL " + positions;
    metadata =
        "SELECT base_version() AS version, \"metaData\".id AS id, \"metaData\".\"schemaString\" AS schema, "
        "\"metaData\".\"partitionColumns\" AS partitions, \"metaData\".configuration AS properties FROM " +
        from + " WHERE \"metaData\" IS NOT NULL UNION ALL " + metadata;
  }
  setup.push_back("CREATE TABLE action AS " + actions);
  setup.push_back("CREATE TABLE position AS " + positions);
  setup.push_back("CREATE TABLE metadata AS " + metadata);
  return setup;
}

}  // namespace

QueryLimits Patient(std::size_t max_rows) { return {.timeout = std::chrono::minutes(30), .max_rows = max_rows}; }

std::string CommitName(Version version) { return fmt::format("{:020}.json", version); }
std::string ChecksumName(Version version) { return fmt::format("{:020}.crc", version); }

Result<LogListing> ListLog(const fs::path& log) {
  LogListing listing;
  std::error_code error;
  fs::directory_iterator entries(log, error);
  if (error) return NotFound("no table there: log=" + log.string());
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    if (error) return Unavailable("cannot list the log: log=" + log.string() + " reason=" + error.message());
    std::string name = entries->path().filename().string();
    if (name == "_last_checkpoint") listing.has_hint = true;
    auto version = VersionOf(name);
    if (!version) continue;
    std::string_view rest = std::string_view(name).substr(20);
    if (rest == ".json") listing.commits.insert(*version);
    if (rest == ".crc") listing.checksums.insert(*version);
    bool parts = rest.size() == 43 && rest.starts_with(".checkpoint.");  // .checkpoint.0000000001.0000000002.parquet
    if (rest == ".checkpoint.parquet" || (parts && rest.ends_with(".parquet"))) listing.checkpoints[*version].push_back(name);
  }
  if (listing.empty()) return NotFound("no table there: log=" + log.string());
  return listing;
}

bool HasLog(const fs::path& table_root) {
  auto listing = ListLog(table_root / "_delta_log");
  return listing || listing.error().kind != ErrorKind::kNotFound;
}

Result<TableLog> TableLog::Read(const TableLayout& layout, const fs::path& table_root, LogExtent extent) {
  TableLog out;
  out.layout = &layout;
  out.root = table_root;
  CS_ASSIGN(out.listing, ListLog(out.log()));
  CS_ASSIGN(Plan plan, MakePlan(out.log(), out.listing, extent));
  out.base = plan.base;
  out.version = *out.listing.commits.rbegin();
  out.first_commit = plan.commits.empty() ? out.version + 1 : plan.commits.front();
  DuckOptions options;
  options.directories = {table_root.string() + "/"};
  options.memory_mb = 1024;
  options.setup = Setup(out.log(), out.listing, plan);
  auto duck = Duck::Open(options);
  if (!duck && duck.error().kind == ErrorKind::kNotFound) return std::unexpected(duck.error());
  if (!duck) return Corrupt("the log cannot be read: log=" + out.log().string() + " " + duck.error().message);
  out.duck = *std::move(duck);
  CS_ASSIGN(SqlRows id, out.duck->Query("SELECT id FROM metadata WHERE id IS NOT NULL ORDER BY version DESC LIMIT 1"));
  if (id.rows.empty()) return Corrupt("the log has no metadata: log=" + out.log().string());
  out.table_id = std::get<std::string>(id.rows[0][0]);
  return out;
}

Result<std::vector<LoggedFile>> TableLog::FilesAt(Version at) const {
  CS_ASSIGN(SqlRows rows,
            duck->Query("SELECT path, max(line), arg_max(kind, (version, line)), arg_max(size, (version, line)), max(version), "
                        "arg_max(known, (version, line)), arg_max(data_change, (version, line)) FROM action "
                        "WHERE version <= $1 GROUP BY path HAVING arg_max(kind, (version, line)) = 'add' ORDER BY 5, 2",
                        {at}, Patient(100'000'000)));
  std::vector<LoggedFile> files;
  for (const auto& row : rows.rows) {
    LoggedFile file;
    file.path = SqlValueText(row[0]);
    if (const auto* size = std::get_if<std::int64_t>(&row[3])) file.size_bytes = *size;
    file.version = std::get<std::int64_t>(row[4]);
    file.known = std::get<bool>(row[5]);
    if (const auto* change = std::get_if<bool>(&row[6])) file.data_change = *change;
    files.push_back(std::move(file));
  }
  return files;
}

Result<std::map<std::string, std::int64_t>> TableLog::PositionsAt(Version at) const {
  CS_ASSIGN(SqlRows rows, duck->Query("SELECT id, arg_max(value, (version, line)) FROM position WHERE version <= $1 GROUP BY id",
                                      {at}, Patient()));
  std::map<std::string, std::int64_t> positions;
  for (const auto& row : rows.rows) {
    if (const auto* value = std::get_if<std::int64_t>(&row[1])) positions[SqlValueText(row[0])] = *value;
  }
  return positions;
}

}  // namespace cryptostream
