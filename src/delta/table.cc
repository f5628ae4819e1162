// Opening and making tables, and which version is pinned. A table is where its log is: nothing about it is kept anywhere
// else. Committing is in table_commit.cc. Whether a table may be touched is decided before a Table exists (border.cc), and whether
// it may be written before a stage starts (OpenOrCreate), not at the first commit.
#include "delta/table.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>

#include "base/crash_point.h"
#include "base/file.h"
#include "base/mutant.h"
#include "delta/border.h"
#include "delta/checkpoint_check.h"
#include "delta/place.h"
#include "delta/statistics.h"

namespace cryptostream {
namespace {

using namespace delta_internal;
namespace fs = std::filesystem;

const CrashPoint kBeforeCreate("delta.before_create");
const CrashPoint kAfterCreate("delta.after_create");

// Opens the storage of a table whose folder is there.
Result<StorePtr> OpenStore(const Place& place, bool fsync) {
  if constexpr (kMutant == Mutant::kAcknowledgeBeforeFsync) fsync = false;
  std::string where = place.local ? place.root : place.uri;
  CS_ASSIGN(auto store, Call("open table " + place.uri, [&] { return shim::open_store(where, fsync); }));
  return std::make_shared<TableStore>(TableStore{place, std::move(store)});
}

Result<std::shared_ptr<const Snapshot>> Load(const StorePtr& store, std::optional<Version> version) {
  const std::string& uri = store->place.uri;
  CS_ASSIGN(bool has_log, HasLog(store->place));
  if (!has_log) return NotFound("no table there: path=" + uri);
  auto loaded = Call("open table " + uri, [&] { return store->shim->snapshot(version.value_or(kNoVersion)); });
  if (!loaded) {
    Error error = std::move(loaded).error();
    // There is a log, so what it does not have is either a version that we were asked for, or a hole.
    if (version && error.kind != ErrorKind::kUnavailable && error.kind != ErrorKind::kInvalid) {
      return NotFound(fmt::format("no such version, or cleaned up: version={} {}", *version, error.message));
    }
    if (error.kind == ErrorKind::kNotFound || error.kind == ErrorKind::kInternal) error.kind = ErrorKind::kCorrupt;
    return std::unexpected(std::move(error));
  }
  return MakeSnapshot(store, *std::move(loaded));
}

// What a table must be for us to write into it.
Status CheckIsOurs(const Snapshot& snapshot, const TableSpec& spec) {
  if (!snapshot.properties().contains(kFormatProperty)) {
    return Invalid("table was not made by cryptostream; choose another storage directory: table=" + snapshot.uri());
  }
  if (snapshot.partition_columns() != spec.partition_columns) {
    return Invalid(fmt::format("table is partitioned otherwise: table={} has={} wanted={}", snapshot.uri(),
                               snapshot.partition_columns(), spec.partition_columns));
  }
  for (const auto& field : spec.schema->fields()) {
    auto there = snapshot.schema()->GetFieldByName(field->name());
    if (there && there->type()->Equals(*field->type())) continue;
    if (!there && FormatOf(snapshot.properties()) < kTableFormat) continue;
    return Invalid(fmt::format("table lacks a column or has it with another type: column={} wanted={} has={} table={}",
                               field->name(), field->type()->ToString(), there ? there->type()->ToString() : "nothing",
                               snapshot.uri()));
  }
  return {};
}

}  // namespace

std::map<std::string, std::string> DefaultTableProperties(const arrow::Schema& schema,
                                                          const std::vector<std::string>& partition_columns) {
  std::vector<std::string> columns;
  for (const std::string& name : StatisticsColumns(schema)) {
    if (std::ranges::find(partition_columns, name) == partition_columns.end()) columns.push_back(name);
  }
  return {{"delta.checkpointInterval", "100"},
          {"delta.deletedFileRetentionDuration", "interval 6 hours"},
          {"delta.logRetentionDuration", "interval 48 hours"},
          {"delta.enableExpiredLogCleanup", "false"},
          {"delta.dataSkippingStatsColumns", fmt::format("{}", fmt::join(columns, ","))},
          {kFormatProperty, std::to_string(kTableFormat)}};
}

int FormatOf(const std::map<std::string, std::string>& properties) {
  auto found = properties.find(kFormatProperty);
  int format = 0;
  if (found != properties.end()) std::from_chars(found->second.data(), found->second.data() + found->second.size(), format);
  return format;
}

bool IsSet(const std::map<std::string, std::string>& properties, const char* property) {
  auto found = properties.find(property);
  constexpr auto lower = [](unsigned char c) { return std::tolower(c); };  // Spark takes any case
  return found != properties.end() && std::ranges::equal(found->second, std::string_view("true"), {}, lower);
}

Status CheckTakes(const Snapshot& snapshot, CommitKind kind) {
  if (kind != CommitKind::kReplace && kind != CommitKind::kDelete) return {};
  auto refused = [&](const char* what, const char* property) {
    return Invalid(fmt::format("table {}; unset it, in Spark: ALTER TABLE ... UNSET TBLPROPERTIES ('{}'): table={}", what,
                               property, snapshot.uri()));
  };
  if (IsSet(snapshot.properties(), "delta.appendOnly")) {
    return kind == CommitKind::kReplace
               ? refused("is append-only, so late rows could not be worked in (delta.appendOnly)", "delta.appendOnly")
               : refused("is append-only, so old days could not be dropped (delta.appendOnly)", "delta.appendOnly");
  }
  if (kind == CommitKind::kReplace && IsSet(snapshot.properties(), "delta.enableChangeDataFeed")) {
    return refused("has a change data feed, which this program cannot write, so late rows could not be worked in",
                   "delta.enableChangeDataFeed");
  }
  return {};
}

Result<std::vector<DataFile>> TableView::Files() const {
  CS_ASSIGN(std::vector<DataFile> files, snapshot->Files());
  std::erase_if(files, [&](const DataFile& file) { return without.contains(file.path); });
  return files;
}

Table::Table(std::shared_ptr<const Snapshot> snapshot, std::string root_path, bool fsync)
    : uri_(snapshot->uri()),
      id_(snapshot->table_id()),
      root_path_(std::move(root_path)),
      fsync_(fsync),
      snapshot_(std::move(snapshot)) {}

Table::~Table() = default;

Result<std::unique_ptr<Table>> Table::Create(const TableSpec& spec) {
  CS_ASSIGN(Place place, OpenPlace(spec.uri));
  if (place.local) CS_TRY(MakeDirsDurable(fs::path(place.root) / "_delta_log"));
  CS_ASSIGN(StorePtr store, OpenStore(place, spec.fsync));

  auto properties = spec.properties;
  properties.merge(DefaultTableProperties(*spec.schema, spec.partition_columns));
  shim::Metadata metadata;
  for (const auto& [key, value] : properties) metadata.properties.push_back({key, value});
  for (const auto& column : spec.partition_columns) metadata.partition_columns.push_back(column);

  ArrowSchema exported{};
  arrow::Status status = arrow::ExportSchema(*spec.schema, &exported);
  if (!status.ok()) return std::unexpected(FromArrow("export the schema", status));
  kBeforeCreate.Reach();
  std::string what = "create table " + spec.uri;
  Status created = Call(what, [&] { store->shim->create(reinterpret_cast<std::size_t>(&exported), metadata, kEngineInfo); });
  if (!created) {
    StopOnIoError(what, created.error().message);
    return std::unexpected(std::move(created).error());
  }
  kAfterCreate.Reach();
  CS_ASSIGN(auto snapshot, Load(store, std::nullopt));
  return std::unique_ptr<Table>(new Table(std::move(snapshot), store->place.local_root(), spec.fsync));
}

Result<std::unique_ptr<Table>> Table::Open(const std::string& uri, const OpenOptions& options) {
  CS_ASSIGN(Place place, OpenPlace(uri));
  std::error_code error;
  if (place.local && !fs::exists(place.root, error) && !error) return NotFound("no table there: path=" + place.uri);
  CS_ASSIGN(StorePtr store, OpenStore(place, options.fsync));
  CS_ASSIGN(auto snapshot, Load(store, options.version));
  return std::unique_ptr<Table>(new Table(std::move(snapshot), store->place.local_root(), options.fsync));
}

Result<std::unique_ptr<Table>> Table::OpenOrCreate(const TableSpec& spec) {
  CS_ASSIGN(Place place, OpenPlace(spec.uri));
  if (place.local) CS_TRY(SetAsideBadCheckpoints(fs::path(place.root) / "_delta_log"));
  auto opened = Open(spec.uri, {.fsync = spec.fsync, .version = std::nullopt});
  if (!opened && opened.error().kind == ErrorKind::kNotFound) {
    auto created = Create(spec);
    if (created) (*created)->writes_ = spec.commits;
    if (created) return created;
    // It may be there in spite of the error, like any commit: then it is looked at like any other.
    opened = Open(spec.uri, {.fsync = spec.fsync, .version = std::nullopt});
    if (!opened) return created;
  }
  if (!opened) return opened;
  CS_TRY(CheckIsOurs(*(*opened)->snapshot(), spec));
  (*opened)->writes_ = spec.commits;
  CS_TRY((*opened)->CheckWritable(*(*opened)->snapshot()));
  return opened;
}

Status Table::CheckWritable(const Snapshot& snapshot) const {
  if (!writes_) return {};
  for (CommitKind kind : *writes_) CS_TRY(CheckTakes(snapshot, kind));
  const SnapshotHandle& handle = snapshot.handle();
  Status writable = Call("write to table " + snapshot.uri(), [&] { handle.shim_store().check_writable(*handle.snapshot); });
  if (writable || writable.error().kind != ErrorKind::kInvalid) return writable;
  return Invalid(writable.error().message +
                 " (another program has set this; take it off again, in Spark: ALTER TABLE ... DROP CONSTRAINT, DROP FEATURE)");
}

Status Table::Refresh() {
  std::lock_guard lock(commit_mutex_);
  return RefreshLocked();
}

Status Table::RefreshLocked() {
  auto base = snapshot();
  const SnapshotHandle& handle = base->handle();
  CS_ASSIGN(auto newer, Call("reload table " + uri_, [&] { return handle.shim_store().newer(*handle.snapshot); }));
  if (newer->version() == base->version()) return {};
  CS_ASSIGN(auto loaded, MakeSnapshot(handle.store, std::move(newer)));
  CS_TRY(CheckWritable(*loaded));
  Pin(std::move(loaded));
  reloaded_ = version();
  return {};
}

std::shared_ptr<const Snapshot> Table::snapshot() const {
  std::lock_guard lock(pin_mutex_);
  return snapshot_;
}

void Table::Pin(std::shared_ptr<const Snapshot> snapshot) {
  std::lock_guard lock(pin_mutex_);
  snapshot_ = std::move(snapshot);
}

Result<std::shared_ptr<const Snapshot>> Table::SnapshotAt(Version version) const {
  return Load(snapshot()->handle().store, version);
}

}  // namespace cryptostream
