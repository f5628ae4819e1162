// A version's data files against its log. In: the replayed log. Out: whether each live file is there, whole,
// and as its Add says: size, rows, statistics, partition. Readers skip files by statistics and partition, so
// a wrong bound hides rows without an error. Files of our own must have exact statistics (times cut to
// milliseconds outwards), those of other writers must enclose their rows.
#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>

#include "delta/data_file.h"
#include "delta/statistics.h"
#include "query/lake_views.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

// A column with statistics.
struct Leaf {
  std::string name;    // "window.start"
  std::string column;  // "window"."start"
  arrow::Type::type type;
  bool added = false;  // files of an earlier format have neither it nor statistics of it
};

bool IsAdded(const TableLayout& layout, const std::string& name) {
  return std::ranges::any_of(layout.columns, [&](const ColumnInfo& column) { return column.name == name && column.format > 1; });
}

std::vector<Leaf> Leaves(const TableLayout& layout) {
  std::vector<Leaf> leaves;
  for (const std::string& name : StatisticsColumns(*layout.schema)) {
    if (std::ranges::find(layout.partition_columns, name) != layout.partition_columns.end()) continue;
    auto dot = name.find('.');
    auto field = layout.schema->GetFieldByName(name.substr(0, dot));
    if (dot == name.npos) {
      leaves.push_back({name, SqlIdentifier(name), field->type()->id(), IsAdded(layout, name)});
    } else {
      std::string inner = name.substr(dot + 1);
      auto child = static_cast<const arrow::StructType&>(*field->type()).GetFieldByName(inner);
      leaves.push_back({name, SqlIdentifier(field->name()) + "." + SqlIdentifier(inner), child->type()->id()});
    }
  }
  return leaves;
}

const char* StatisticType(const Leaf& leaf) {
  if (leaf.type == arrow::Type::TIMESTAMP) return "TIMESTAMPTZ";
  if (leaf.type == arrow::Type::DATE32) return "DATE";
  return leaf.type == arrow::Type::STRING ? "VARCHAR" : "BIGINT";
}

std::string JsonPath(const char* section, const std::string& name) { return SqlText(fmt::format("$.{}.{}", section, name)); }

// Where a leaf's statistics are wrong, as rows of (path, what). In: column numbers of n, min and max in
// `data`.
std::string LeafRows(const Leaf& leaf, std::size_t i) {
  bool time = leaf.type == arrow::Type::TIMESTAMP;
  std::string low = fmt::format("lo{}", i), high = fmt::format("hi{}", i);
  std::string own_low = time ? fmt::format("date_trunc('milliseconds', {})", low) : low;
  std::string own_high = time ? fmt::format("date_trunc('milliseconds', {} + INTERVAL 999 MICROSECONDS)", high) : high;
  std::string slack = time ? " + INTERVAL 1 MILLISECOND" : "";
  return fmt::format(
      " UNION ALL SELECT path, format('statistics of {0}: from {{}} to {{}}, {{}} nulls; its rows go from {{}} to {{}}, {{}} "
      "nulls', "
      "coalesce(s_lo::VARCHAR, 'none'), coalesce(s_hi::VARCHAR, 'none'), coalesce(s_n::VARCHAR, 'no'), coalesce({1}::VARCHAR, "
      "'none'), "
      "coalesce({2}::VARCHAR, 'none'), n - n{3}) FROM (SELECT *, try_cast((stats->>{4}) AS {5}) AS s_lo, try_cast((stats->>{6}) "
      "AS {5}) AS s_hi, "
      "try_cast((stats->>{7}) AS BIGINT) AS s_n FROM both_sides) WHERE CASE WHEN {11} THEN false WHEN own THEN s_lo IS DISTINCT "
      "FROM {8} OR "
      "s_hi IS DISTINCT FROM {9} OR s_n IS DISTINCT FROM n - n{3} ELSE s_lo > {1} OR s_hi{10} < {2} OR s_n <> n - n{3} END",
      leaf.name, low, high, i, JsonPath("minValues", leaf.name), StatisticType(leaf), JsonPath("maxValues", leaf.name),
      JsonPath("nullCount", leaf.name), own_low, own_high, slack,
      leaf.added ? fmt::format("n{} = 0 AND s_n IS NULL", i) : "false");
}

// The number of days since 1970 that a file's partition stands for, and the first and last one of its rows;
// empty where the partition is not a function of a column (quarantine: the day of writing).
std::string PartitionRows(const TableLayout& layout, const std::vector<Leaf>& leaves) {
  const char* column = layout.name == "bronze"       ? "timestamp"
                       : layout.name == "silver"     ? "api_timestamp"
                       : layout.name == "gaps"       ? "detected_at"
                       : layout.name == "quarantine" ? ""
                                                     : "window.start";
  auto leaf = std::ranges::find(leaves, column, &Leaf::name);
  if (leaf == leaves.end()) return "";
  auto i = leaf - leaves.begin();
  std::string day =
      layout.partition_columns.size() == 3
          ? "make_date(try_cast(part['year'] AS BIGINT), try_cast(part['month'] AS BIGINT), try_cast(part['day'] AS BIGINT))"
          : "try_cast(part['date'] AS DATE)";
  return fmt::format(
      " UNION ALL SELECT path, format('partition {{}}, its rows are of {{}} to {{}}', part::VARCHAR, lo{0}::VARCHAR, "
      "hi{0}::VARCHAR) FROM both_sides WHERE "
      "coalesce(date_diff('day', DATE '1970-01-01', {1}), -1) <> epoch_us(lo{0}) // 86400000000 OR "
      "coalesce(date_diff('day', DATE '1970-01-01', {1}), -1) <> epoch_us(hi{0}) // 86400000000",
      i, day);
}

// The folder that a path must lie in: views read partition values from it, as many readers do.
std::string FolderRows(const TableLayout& layout) {
  std::string folder;
  for (const std::string& column : layout.partition_columns) {
    folder += fmt::format("{}{} || coalesce(part[{}], '__HIVE_DEFAULT_PARTITION__') || '/'", folder.empty() ? "" : " || ",
                          SqlText(column + "="), SqlText(column));
  }
  return " UNION ALL SELECT path, 'its folder is not that of partition ' || part::VARCHAR FROM live WHERE NOT "
         "starts_with(path, " +
         folder + ")";
}

// The files as rows of `live`: what their Adds say.
std::string LiveRows(const std::vector<LiveFile>& files) {
  std::string rows;
  for (const LiveFile& file : files) {
    std::string keys, values;
    for (const auto& [name, value] : file.partition) {
      keys += (keys.empty() ? "" : ", ") + SqlText(name);
      values += (values.empty() ? "" : ", ") + SqlText(value.text);
    }
    rows += fmt::format("{}({}, MAP([{}], [{}])::MAP(VARCHAR, VARCHAR), {}::BIGINT, {}::JSON)", rows.empty() ? "" : ", ",
                        SqlText(file.action->path), keys, values, file.action->version,
                        file.stats.empty() ? "NULL" : SqlText(file.stats));
  }
  return rows;
}

std::string FilesSql(const TableLog& log, const std::vector<LiveFile>& files) {
  std::string list, columns, tests, allowed, everything;
  for (const LiveFile& file : files) {
    list += (list.empty() ? "[" : ", ") + SqlText(ExactPath((log.root / file.action->path).string()));
  }
  std::vector<Leaf> leaves = Leaves(*log.layout);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    columns += fmt::format(", count({0}) AS n{1}, min({0}) AS lo{1}, max({0}) AS hi{1}", leaves[i].column, i);
    tests += LeafRows(leaves[i], i);
    allowed += (i > 0 ? ", " : "") + SqlText(leaves[i].name.substr(0, leaves[i].name.find('.')));
  }
  auto schema = FileSchema(*log.layout);
  for (const auto& field : schema->fields()) {
    everything += (everything.empty() ? "" : ", ") + SqlIdentifier(field->name());
  }
  std::string root = SqlText(log.root.string() + "/");
  // bit_xor over all columns: every page of the file is decoded. Its result must be asked for, or DuckDB
  // leaves the work out.
  return fmt::format(R"(WITH live AS (SELECT *, regexp_matches(path, 'part-[0-9a-f]{{32}}\.zstd\.parquet$') AS own
      FROM (VALUES {6}) AS files(path, part, version, stats)),
    data AS (SELECT filename, count(*) AS n, bit_xor(hash({5})) AS everything{0} FROM {1} GROUP BY filename),
    both_sides AS (SELECT * FROM live JOIN data ON data.filename = {2} || path),
    wrong(path, what) AS (SELECT path, format('{{}} rows, the log says {{}}', n, coalesce((stats->>'$.numRecords'), 'nothing'))
      FROM both_sides WHERE try_cast((stats->>'$.numRecords') AS BIGINT) <> n OR (own AND (stats->>'$.numRecords') IS NULL)
        OR everything IS NULL
      UNION ALL SELECT path, 'statistics of a column that has none' FROM live
        WHERE own AND len(list_filter(json_keys((stats->'$.minValues')), lambda k: NOT list_contains([{3}], k))) > 0{4})
    SELECT format('version={{}} file={{}}: {{}}', version, path, what) FROM wrong JOIN live USING (path) ORDER BY version, path, what)",
                     columns, ReadParquet(*log.layout, list + "]", ", filename = true"), root, allowed,
                     tests + PartitionRows(*log.layout, leaves) + FolderRows(*log.layout), everything, LiveRows(files));
}

// Reads a whole file as Arrow's programs do (the engine, delta-rs, pandas), which stumble over bytes that
// DuckDB passes over.
Status ReadThrough(const TableLog& log, const std::string& path) {
  constexpr std::int64_t kPieceRows = 8192;
  DataFile file;
  file.path = path;
  CS_ASSIGN(auto reader, DataFileReader::Open(log.root.string(), file, FileSchema(*log.layout), kPieceRows));
  while (true) {
    CS_ASSIGN(auto piece, reader->Next());
    if (!piece) return {};
  }
}

// The checks of a table's files, a portion of files at a time.
class FilesCheck {
 public:
  explicit FilesCheck(const TableLog& log)
      : there{log.layout->name + ": files present with their size", true, "", {}},
        right{log.layout->name + ": rows, statistics and partitions as in the log", true, "", {}},
        log_(log) {}
  Check there, right;
  std::int64_t files = 0, bytes = 0, read = 0;

  Status Take(const std::vector<LiveFile>& portion) {
    std::vector<LiveFile> readable;
    for (const LiveFile& file : portion) {
      if (IsReadable(file)) readable.push_back(file);
    }
    if (readable.empty()) return {};
    CS_TRY(Open());
    auto wrong = duck_->Query(FilesSql(log_, readable), {}, Patient(kMaxPlaces + 1));
    read += static_cast<std::int64_t>(readable.size());
    if (!wrong) {
      FindUnreadable(readable, wrong.error());
      return {};
    }
    for (const auto& row : wrong->rows) Wrong(right, std::get<std::string>(row[0]));
    return {};
  }

 private:
  // One for all portions: it reads the table's folder and nothing else.
  Status Open() {
    if (duck_) return {};
    DuckOptions options;
    options.directories = {log_.root.string() + "/"};
    options.memory_mb = kMemoryMb;
    CS_ASSIGN(duck_, Duck::Open(options));
    return {};
  }

  bool IsReadable(const LiveFile& file) {
    const FileAction& add = *file.action;
    std::string place = fmt::format("version={} file={}: ", add.version, add.path);
    std::error_code error;
    auto size = fs::file_size(log_.root / add.path, error);
    ++files;
    bytes += add.size_bytes;
    if (error == std::errc::no_such_file_or_directory) {
      Wrong(there, place + "missing");
      return false;
    }
    if (error) {
      NotChecked(there, place + error.message());
      return false;
    }
    if (static_cast<std::int64_t>(size) != add.size_bytes) {
      Wrong(there, place + fmt::format("has {} bytes, the log says {}", size, add.size_bytes));
    }
    if (Status whole = ReadThrough(log_, add.path); !whole) {
      Failed(right, whole.error(), place + "it cannot be read: ");
      return false;
    }
    if (file.stats.empty() || ParseLogJson(file.stats)) return true;
    Wrong(right, place + "its statistics are no JSON");
    return false;
  }

  // The files that cannot be read, one by one: DuckDB's errors do not always name the file.
  void FindUnreadable(const std::vector<LiveFile>& portion, const Error& error) {
    bool found = false;
    for (const LiveFile& file : portion) {
      auto one = duck_->Query(FilesSql(log_, {file}), {}, Patient(kMaxPlaces));
      if (!one) {
        found = true;
        Failed(right, one.error(),
               fmt::format("version={} file={}: it cannot be read: ", file.action->version, file.action->path));
      } else {
        for (const auto& row : one->rows) Wrong(right, std::get<std::string>(row[0]));
      }
      if (right.places.size() == kMaxPlaces) return;
    }
    if (!found && !IsFaultOfData(error)) return;  // each alone fits into the memory
    if (!found) Failed(right, error);
  }

  static constexpr std::uint64_t kMemoryMb = 128;
  const TableLog& log_;
  std::unique_ptr<Duck> duck_;
};

}  // namespace

std::vector<Check> CheckFiles(const TableLog& log, const std::function<void(std::size_t, std::size_t)>& progress) {
  constexpr std::size_t kPortion = 128;
  FilesCheck check(log);
  std::size_t all = 0;
  for (const auto& [path, action] : log.LastActions(log.version)) all += action->add;
  Status done = log.ForEachLive(kPortion, [&](const std::vector<LiveFile>& portion) -> Status {
    CS_TRY(check.Take(portion));
    if (progress) progress(static_cast<std::size_t>(check.files), all);
    return {};
  });
  if (!done && done.error().kind == ErrorKind::kNotFound) {
    NotChecked(check.there, "the log was cleaned up meanwhile, try again: " + done.error().message);
  } else if (!done) {
    Failed(check.there, done.error());
  }
  check.there.detail = fmt::format("{} files, {} bytes", check.files, check.bytes);
  check.right.detail = fmt::format("{} files read", check.read);
  return {std::move(check.there), std::move(check.right)};
}

}  // namespace cryptostream
