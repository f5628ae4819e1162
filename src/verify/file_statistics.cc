// What is in data files beside what their Adds say. In: a table's layout, files, and what a query of their rows gave. Out: where rows,
// statistics or partition are wrong. Readers skip files by statistics and partition, so a wrong bound hides rows without an error. Files of
// our own must have exact statistics (times cut to milliseconds outwards), those of other writers must enclose their rows.
#include "verify/file_statistics.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "delta/data_file.h"
#include "delta/statistics.h"
#include "query/lake_views.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

using Leaf = FileStatistics::Leaf;

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

std::string BoundSql(const Leaf& leaf, const char* function) {
  std::string bound = fmt::format("{}({})", function, leaf.column);
  if (leaf.type == arrow::Type::TIMESTAMP) return "epoch_us(" + bound + ")";
  if (leaf.type == arrow::Type::DATE32) return "date_diff('day', DATE '1970-01-01', " + bound + ")";
  return bound + (leaf.type == arrow::Type::STRING ? "::VARCHAR" : "::BIGINT");
}

constexpr std::size_t kFixed = 3,
                      kOfLeaf = 3;  // columns of the query: filename, rows, hash; for each leaf its values, least, greatest

std::string ShownBound(const SqlValue& bound, const Leaf& leaf) {
  if (IsSqlNull(bound)) return "none";
  if (leaf.type == arrow::Type::STRING) return SqlValueText(bound);
  auto number = std::get<std::int64_t>(bound);
  if (leaf.type == arrow::Type::TIMESTAMP) return FormatRfc3339(FromMicros(number));
  return leaf.type == arrow::Type::DATE32 ? FormatDate(Date(std::chrono::days(number))) : std::to_string(number);
}

// A bound as the statistics have it, in the form of the rows' own; null where it is not there or cannot be one.
SqlValue SaidBound(const LogFields& stats, const char* section, const Leaf& leaf) {
  auto values = MembersOf(stats, section);
  auto dot = leaf.name.find('.');
  if (values && dot != leaf.name.npos) values = MembersOf(*values, leaf.name.substr(0, dot));
  auto found = values ? values->find(leaf.name.substr(dot == leaf.name.npos ? 0 : dot + 1)) : LogFields::const_iterator();
  if (!values || found == values->end()) return {};
  std::string text = found->second.text;
  if (leaf.type == arrow::Type::STRING) return text;
  if (leaf.type == arrow::Type::DATE32) text += "T00:00:00Z";
  if (leaf.type == arrow::Type::TIMESTAMP || leaf.type == arrow::Type::DATE32) {
    std::ranges::replace(text, ' ', 'T');
    auto time = ParseRfc3339(text);
    if (!time) time = ParseRfc3339(text + "Z");
    if (!time) return {};
    return leaf.type == arrow::Type::TIMESTAMP ? ToMicros(*time) : DateOf(*time).time_since_epoch().count();
  }
  auto whole = IntegerOf<std::int64_t>(text);
  return whole ? SqlValue(*whole) : SqlValue();
}

bool IsLess(const SqlValue& a, const SqlValue& b) {
  if (const auto* text = std::get_if<std::string>(&a))
    return std::holds_alternative<std::string>(b) && *text < std::get<std::string>(b);
  return !IsSqlNull(a) && !IsSqlNull(b) && std::get<std::int64_t>(a) < std::get<std::int64_t>(b);
}

bool IsSame(const SqlValue& a, const SqlValue& b) {
  if (IsSqlNull(a) || IsSqlNull(b)) return IsSqlNull(a) && IsSqlNull(b);
  return !IsLess(a, b) && !IsLess(b, a);
}

// A time cut to milliseconds outwards.
SqlValue Outwards(const SqlValue& bound, const Leaf& leaf, std::int64_t up_us) {
  if (leaf.type != arrow::Type::TIMESTAMP || IsSqlNull(bound)) return bound;
  auto [us, past] = std::pair(std::get<std::int64_t>(bound) + up_us, (std::get<std::int64_t>(bound) + up_us) % 1000);
  return us - past - (past < 0 ? 1000 : 0);
}

bool IsOwn(std::string_view path) {
  constexpr std::string_view kEnd = ".zstd.parquet";
  constexpr std::size_t kHex = 32;
  if (!path.ends_with(kEnd)) return false;
  path.remove_suffix(kEnd.size());
  if (path.size() < kHex + 5 || path.substr(path.size() - kHex - 5, 5) != "part-") return false;
  return path.substr(path.size() - kHex).find_first_not_of("0123456789abcdef") == path.npos;
}

// One file beside what its Add says.
class FileComparison {
 public:
  // In: the file's row of the query; none: the file has no rows.
  FileComparison(const TableLog& log, const std::vector<Leaf>& leaves, const LiveFile& file, const SqlRow* row)
      : layout_(*log.layout), leaves_(leaves), file_(file), row_(row), own_(IsOwn(file.action->path)) {
    if (auto stats = ParseLogJson(file.stats)) stats_ = *std::move(stats);
    if (row != nullptr) rows_ = std::get<std::int64_t>((*row)[1]);
  }

  void Run(Check& check) {
    check_ = &check;
    CompareRows();
    for (std::size_t i = 0; i < leaves_.size(); ++i) CompareLeaf(leaves_[i], kFixed + kOfLeaf * i);
    ComparePartition();
    CompareFolder();
  }

 private:
  void Differs(const std::string& what) {
    Wrong(*check_, fmt::format("version={} file={}: {}", file_.action->version, file_.action->path, what));
  }
  SqlValue At(std::size_t i) const { return row_ == nullptr ? SqlValue() : (*row_)[i]; }

  void CompareRows() {
    auto found = stats_.find("numRecords");
    auto said = found == stats_.end() ? std::nullopt : IntegerOf<std::int64_t>(found->second.text);
    if (said ? *said != rows_ : own_ && found == stats_.end()) {
      Differs(fmt::format("{} rows, the log says {}", rows_, found == stats_.end() ? "nothing" : found->second.text));
    }
    auto least = MembersOf(stats_, "minValues");
    for (const auto& [name, value] : own_&& least ? *least : LogFields()) {
      bool known =
          std::ranges::any_of(leaves_, [&](const Leaf& leaf) { return leaf.name.substr(0, leaf.name.find('.')) == name; });
      if (!known) Differs("statistics of a column that has none");
    }
  }

  // Files of our own have exact statistics, those of others need only enclose their rows.
  void CompareLeaf(const Leaf& leaf, std::size_t at) {
    SqlValue values = At(at), low = At(at + 1), high = At(at + 2);
    std::int64_t nulls = rows_ - (IsSqlNull(values) ? 0 : std::get<std::int64_t>(values));
    SqlValue said_low = SaidBound(stats_, "minValues", leaf), said_high = SaidBound(stats_, "maxValues", leaf);
    SqlValue said_nulls = SaidBound(stats_, "nullCount", {leaf.name, "", arrow::Type::INT64});
    if (leaf.added && nulls == rows_ && IsSqlNull(said_nulls)) return;
    bool other_nulls = IsSqlNull(said_nulls) ? own_ : std::get<std::int64_t>(said_nulls) != nulls;
    // Others may cut a time to milliseconds downwards.
    SqlValue loose_high =
        leaf.type == arrow::Type::TIMESTAMP && !IsSqlNull(said_high) ? std::get<std::int64_t>(said_high) + 1000 : said_high;
    bool wrong = own_ ? !IsSame(said_low, Outwards(low, leaf, 0)) || !IsSame(said_high, Outwards(high, leaf, 999))
                      : IsLess(low, said_low) || IsLess(loose_high, high);
    if (!wrong && !other_nulls) return;
    Differs(fmt::format("statistics of {}: from {} to {}, {} nulls; its rows go from {} to {}, {} nulls", leaf.name,
                        ShownBound(said_low, leaf), ShownBound(said_high, leaf),
                        IsSqlNull(said_nulls) ? "no" : SqlValueText(said_nulls), ShownBound(low, leaf), ShownBound(high, leaf),
                        nulls));
  }

  // The days since 1970 that a file's partition stands for, if it does for one.
  std::optional<std::int64_t> PartitionDay() const {
    auto text = [&](const char* column) { return TextOf(file_.partition, column).value_or(""); };
    std::string day = text("date");
    if (layout_.partition_columns.size() == 3) {
      auto number = [&](const char* column) { return IntegerOf<int>(text(column)).value_or(-1); };
      day = fmt::format("{:04}-{:02}-{:02}", number("year"), number("month"), number("day"));
    }
    auto time = ParseRfc3339(day + "T00:00:00Z");
    return time ? std::optional<std::int64_t>(DateOf(*time).time_since_epoch().count()) : std::nullopt;
  }

  void ComparePartition() {
    const char* column = layout_.name == "bronze"       ? "timestamp"
                         : layout_.name == "silver"     ? "api_timestamp"
                         : layout_.name == "gaps"       ? "detected_at"
                         : layout_.name == "quarantine" ? ""  // the day of writing, which no column has
                                                        : "window.start";
    auto leaf = std::ranges::find(leaves_, column, &Leaf::name);
    if (leaf == leaves_.end()) return;
    std::size_t at = kFixed + kOfLeaf * static_cast<std::size_t>(leaf - leaves_.begin());
    SqlValue low = At(at + 1), high = At(at + 2);
    if (IsSqlNull(low)) return;
    auto day_of = [](const SqlValue& time) {
      return std::chrono::floor<std::chrono::days>(std::chrono::microseconds(std::get<std::int64_t>(time))).count();
    };
    auto day = PartitionDay();
    if (day && *day == day_of(low) && *day == day_of(high)) return;
    Differs(fmt::format("partition {}, its rows are of {} to {}", Folder(), ShownBound(low, *leaf), ShownBound(high, *leaf)));
  }

  // The folder that a path must lie in: views read partition values from it, as many readers do.
  std::string Folder() const {
    std::string folder;
    for (const std::string& column : layout_.partition_columns) {
      folder += column + "=" + TextOf(file_.partition, column).value_or("__HIVE_DEFAULT_PARTITION__") + "/";
    }
    return folder;
  }

  void CompareFolder() {
    if (!file_.action->path.starts_with(Folder())) Differs("its folder is not that of partition " + Folder());
  }

  const TableLayout& layout_;
  const std::vector<Leaf>& leaves_;
  const LiveFile& file_;
  const SqlRow* row_;
  bool own_;
  LogFields stats_;
  std::int64_t rows_ = 0;
  Check* check_ = nullptr;
};

}  // namespace

FileStatistics::FileStatistics(const TableLog& log) : log_(log), leaves_(Leaves(*log.layout)) {}

std::string FileStatistics::Sql(const std::vector<LiveFile>& files) const {
  std::string list, columns, everything;
  for (const LiveFile& file : files) {
    list += (list.empty() ? "[" : ", ") + SqlText(ExactPath((log_.root / file.action->path).string()));
  }
  for (const Leaf& leaf : leaves_) {
    columns += fmt::format(", count({}), {}, {}", leaf.column, BoundSql(leaf, "min"), BoundSql(leaf, "max"));
  }
  auto schema = FileSchema(*log_.layout);
  for (const auto& field : schema->fields()) {
    everything += (everything.empty() ? "" : ", ") + SqlIdentifier(field->name());
  }
  // bit_xor over all columns: every page of the file is decoded. Its result must be asked for, or DuckDB leaves the work out.
  return fmt::format("SELECT filename, count(*), bit_xor(hash({})){} FROM {} GROUP BY filename", everything, columns,
                     ReadParquet(*log_.layout, list + "]", ", filename = true"));
}

void FileStatistics::Compare(Check& check, const LiveFile& file, const SqlRow* row) const {
  FileComparison(log_, leaves_, file, row).Run(check);
}

}  // namespace cryptostream
