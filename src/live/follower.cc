// From the tables' logs to the live memory. In: new commits of gold and silver, at most a second old. Out: rows in Live. A poll
// reads each commit once; files whose rows lie in closed windows only are skipped by their statistics, so a replay that
// writes a million rows a second costs the API little. Whoever falls far behind, or meets a cleaned-up log, loads the tail
// anew from a snapshot.
#include "live/follower.h"

#include <arrow/table.h>

#include <algorithm>

#include "base/log.h"
#include "base/threads.h"
#include "delta/data_file.h"
#include "delta/lake_place.h"
#include "delta/position.h"
#include "market/columns.h"
#include "market/derived_table.h"
#include "market/schema.h"
#include "query/lake_views.h"

namespace cryptostream {
namespace {

// Further behind than this a fresh load is cheaper than the commits one by one.
constexpr Version kMaxCommitsBehind = 500;
namespace fs = std::filesystem;
constexpr std::string_view kPrefix = "cryptostream/";

// What follows "cryptostream/<kind>/" in an appId; nullopt when it is of another kind.
std::optional<std::string> PositionName(const std::string& app_id, std::string_view kind) {
  std::string prefix = std::string(kPrefix) + std::string(kind) + "/";
  if (!app_id.starts_with(prefix)) return std::nullopt;
  return app_id.substr(prefix.size());
}

TimesBySource ClosedBySource(const std::map<std::string, std::int64_t>& txns) {
  TimesBySource closed;
  for (const auto& [app_id, version] : txns) {
    if (auto source = PositionName(app_id, "closed")) closed[*source] = FromMicros(version);
  }
  return closed;
}

template <class Row>
Status ReadInto(const Table& table, const TableLayout& layout, const std::vector<DataFile>& files, const SourceQuotes& quotes,
                Result<std::vector<Row>> (*convert)(const arrow::Table&, const SourceQuotes&), std::vector<Row>& out) {
  for (const DataFile& file : files) {
    CS_ASSIGN(auto columns, ReadDataFile(table.root_path(), file, layout.schema));
    CS_ASSIGN(auto rows, convert(*columns, quotes));
    out.insert(out.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  }
  return {};
}

}  // namespace

Follower::Follower(const std::filesystem::path& root, std::shared_ptr<Live> live, FollowerOptions options)
    : root_(std::filesystem::absolute(root).lexically_normal()),
      live_(std::move(live)),
      options_(options),
      quotes_(options.quotes),
      orders_(options.order) {}

Follower::~Follower() { Stop(); }

void Follower::Start() {
  thread_ = std::jthread([this](StopToken stop) {
    NameThread("follower");
    Run(stop);
  });
}

void Follower::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Follower::Poke() {
  std::lock_guard lock(mutex_);
  poked_ = true;
  changed_.notify_all();
}

void Follower::PollAndWait(std::chrono::milliseconds time) {
  StopToken stop = thread_.get_stop_token();
  std::unique_lock lock(mutex_);
  const std::uint64_t ours = polls_begun_ + 1;  // the one that runs may have looked before our file went
  poked_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, stop, time, [&] { return polls_ended_ >= ours; });
}

void Follower::Run(StopToken stop) {
  while (!stop.stop_requested()) {
    auto begin = std::chrono::steady_clock::now();
    {
      std::lock_guard lock(mutex_);
      ++polls_begun_;
    }
    Status polled = Poll();
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    std::unique_lock lock(mutex_);
    std::string trouble = polled ? "" : polled.error().message;
    if (trouble != trouble_ && !trouble.empty()) LogWarn("cannot follow the tables, trying again: reason={}", trouble);
    trouble_ = trouble;
    polls_ended_ = polls_begun_;
    changed_.notify_all();
    if (replaced_) {
      lock.unlock();
      if (options_.on_replaced) options_.on_replaced();
      return;
    }
    // A poll that took long is followed by a longer rest, so that following never takes more than a quarter of a core.
    auto rest = std::max(options_.min_gap, std::min(3 * took, options_.poll_interval));
    changed_.wait_for(lock, stop, rest, [] { return false; });
    changed_.wait_for(lock, stop, std::max(rest, options_.poll_interval) - rest, [&] { return poked_; });
    poked_ = false;
  }
}

Status Follower::Poll() {
  // The orders first: no coin is shown by another one than the table's.
  Status followed = FollowDerived(GoldLayout());
  if (followed) followed = FollowGold();
  for (const DerivedTable* table : DerivedTables()) {
    if (followed && table->layout != &GoldLayout()) followed = FollowDerived(*table->layout);
  }
  if (followed) followed = FollowSilver();
  if (!followed) {
    // A file was vacuumed before we read it: what came in its place is in a newer snapshot.
    if (followed.error().kind == ErrorKind::kNotFound) gold_.version = silver_.version = kNoVersion;
    return followed;
  }
  const bool new_coin = live_->CoinIds().size() > coins_labelled_;  // its name is in bronze by now
  Status counted;
  if (new_coin || std::chrono::steady_clock::now() >= next_facts_) counted = RefreshFacts();
  finds_no_lake_ = !bronze_.table && !silver_.table && !gold_.table;
  loaded_ = true;
  return counted;
}

// True while the table's place is taken by one that is followed there.
bool Follower::PlaceIsTaken(const TableLayout& layout) const {
  return std::ranges::any_of(tables_, [&](const auto& other) {
    return other.first->former_path == layout.path && other.second.table && other.second.place == root_ / layout.path;
  });
}

// Opens a table that may not be there yet, or looks for its newest version. One that was moved (an upgrade) counts as replaced. Out: whether
// there is one.
Result<bool> Follower::Open(const TableLayout& layout) {
  Followed& followed = tables_[&layout];
  if (followed.table) {
    if (followed.watch->IsReplaced()) {
      replaced_ = true;
      return Unavailable("the tables were removed, or others lie in their place");
    }
    CS_TRY(followed.watch->Look([&] { return followed.table->Refresh(); }));
    return true;
  }
  if (PlaceIsTaken(layout)) return false;
  auto place = PlaceOf(root_, layout);
  if (!place) return false;
  auto table = Table::Open(place->string());
  if (!table) {
    if (table.error().kind == ErrorKind::kNotFound) return false;
    return std::unexpected(table.error());
  }
  followed.table = *std::move(table);
  followed.place = *std::move(place);
  followed.watch.emplace(fs::path(followed.table->root_path()) / "_delta_log");
  return true;
}

std::string Follower::QuoteSql() const {
  std::lock_guard lock(mutex_);
  return QuoteColumnSql(quotes_);
}

void Follower::NotePositions(const std::map<std::string, std::int64_t>& txns) {
  for (const auto& [app_id, version] : txns) {
    if (auto name = PositionName(app_id, "watermark")) {
      std::size_t slash = name->rfind('/');
      Timestamp& newest = event_times_[name->substr(0, slash)][name->substr(slash + 1)];
      newest = std::max(newest, FromMicros(version));
    } else if (PositionName(app_id, "silver")) {
      consumed_bronze_ = std::max(consumed_bronze_.value_or(kNoVersion), version);
    }
  }
  const SourceQuotes recorded = QuotesOf(txns, {});
  TimesBySource slowest;
  for (const auto& [source, partitions] : event_times_) {
    Timestamp least = Timestamp::max();
    for (const auto& [partition, time] : partitions) least = std::min(least, time);
    slowest[source] = least;
  }
  std::lock_guard lock(mutex_);
  for (const auto& [source, records] : recorded.records()) {
    for (const SourceQuotes::Record& record : records) quotes_.Add(source, record);
  }
  watermarks_ = std::move(slowest);
}

TimesBySource Follower::NewestEvents() const {
  TimesBySource out;
  for (const auto& [source, partitions] : event_times_) {
    for (const auto& [partition, time] : partitions) {
      auto [it, inserted] = out.try_emplace(source, time);
      it->second = std::max(it->second, time);
    }
  }
  return out;
}

Status Follower::FollowGold() {
  CS_ASSIGN(bool there, Open(SourcesLayout()));
  if (!there) return {};
  Version newest = gold_.table->version();
  if (gold_.version == newest) return {};
  if (gold_.version == kNoVersion || newest - gold_.version > kMaxCommitsBehind) {
    CS_TRY(LoadGold());
  } else {
    auto commits = gold_.table->CommitsAfter(gold_.version, static_cast<int>(kMaxCommitsBehind));
    if (!commits && commits.error().kind == ErrorKind::kNotFound) {
      CS_TRY(LoadGold());
    } else if (!commits) {
      return std::unexpected(commits.error());
    } else {
      for (const CommitActions& commit : *commits) CS_TRY(ApplyGoldCommit(commit));
    }
  }
  gold_.version = newest;
  Pin(SourcesLayout(), gold_.table->snapshot(), closed_);
  return {};
}

void Follower::Pin(const TableLayout& layout, std::shared_ptr<const Snapshot> snapshot, TimesBySource closed) {
  std::string root = tables_[&layout].table->root_path();
  std::lock_guard lock(mutex_);
  pinned_[&layout] = {std::move(snapshot), std::move(root), std::move(closed)};
}

// What is made of gold's windows is not kept in memory: only the newest version is pinned, for who reads older bars.
Status Follower::FollowDerived(const TableLayout& layout) {
  CS_ASSIGN(bool there, Open(layout));
  Followed& followed = tables_[&layout];
  if (!there || followed.version == followed.table->version()) return {};
  auto snapshot = followed.table->snapshot();
  CS_ASSIGN(auto txns, snapshot->Txns());
  followed.version = snapshot->version();
  Pin(layout, snapshot, ClosedBySource(txns));
  if (&layout != &GoldLayout()) return {};
  SourceOrders orders = OrdersOf(txns, SourceOrders(options_.order));
  bool changed = false;
  {
    std::lock_guard lock(mutex_);
    changed = orders.records().size() != orders_.records().size();
    orders_ = orders;
  }
  if (changed) live_->SetOrders(std::move(orders));
  return {};
}

Status Follower::LoadGold() {
  // Silver's positions say how far each source has come; without them gold's newest day decides.
  CS_ASSIGN(bool silver, Open(SilverLayout()));
  if (silver && event_times_.empty()) {
    CS_ASSIGN(auto positions, silver_.table->snapshot()->Txns(std::string(kPrefix) + "watermark/"));
    CS_ASSIGN(auto recorded, silver_.table->snapshot()->Txns(std::string(kPrefix) + "quote/"));
    positions.merge(recorded);
    NotePositions(positions);
  }
  auto snapshot = gold_.table->snapshot();
  CS_ASSIGN(auto txns, snapshot->Txns(std::string(kPrefix) + "closed/"));
  CS_ASSIGN(auto files, snapshot->Files());
  GoldPlan plan = PlanGold(files, NewestEvents(), options_.keep);
  std::vector<GoldRow> rows;
  CS_TRY(ReadInto(*gold_.table, SourcesLayout(), plan.files, quotes_, &GoldRows, rows));
  closed_ = ClosedBySource(txns);
  Pin(SourcesLayout(), snapshot, closed_);  // before Live knows a coin: what it leaves to the table must be found there
  live_->SetCompleteFrom(plan.complete_from, plan.others_complete_from);
  live_->ApplyGold(rows, closed_, snapshot->version());
  LogDebug("loaded recent windows: version={} rows={} files={} of {}", snapshot->version(), rows.size(), plan.files.size(),
           files.size());
  return {};
}

Status Follower::ApplyGoldCommit(const CommitActions& commit) {
  if (commit.adds.empty() && commit.data_change_remove) return LoadGold();  // somebody deleted rows: look at all of it again
  std::vector<GoldRow> rows;
  CS_TRY(ReadInto(*gold_.table, SourcesLayout(), commit.adds, quotes_, &GoldRows, rows));
  for (const auto& [source, time] : ClosedBySource(commit.txns)) closed_[source] = time;
  live_->ApplyGold(rows, closed_, commit.version);
  return {};
}

Status Follower::FollowSilver() {
  CS_ASSIGN(bool there, Open(SilverLayout()));
  if (!there) return {};
  Version newest = silver_.table->version();
  if (silver_.version == newest) return {};
  bool reload = silver_.version == kNoVersion || newest - silver_.version > kMaxCommitsBehind;
  std::vector<CommitActions> commits;
  if (!reload) {
    auto read = silver_.table->CommitsAfter(silver_.version, static_cast<int>(kMaxCommitsBehind));
    if (!read && read.error().kind != ErrorKind::kNotFound) return std::unexpected(read.error());
    reload = !read || std::any_of(read->begin(), read->end(), [](const auto& c) { return c.data_change_remove; });
    if (read) commits = *std::move(read);
  }
  CS_TRY(reload ? LoadSilver() : ApplySilverCommits(commits));
  silver_.version = newest;
  Pin(SilverLayout(), silver_.table->snapshot(), {});
  return {};
}

Status Follower::LoadSilver() {
  auto snapshot = silver_.table->snapshot();
  CS_ASSIGN(auto txns, snapshot->Txns());
  CS_ASSIGN(auto files, snapshot->Files());
  NotePositions(txns);
  std::vector<Tick> ticks;
  CS_TRY(ReadInto(*silver_.table, SilverLayout(), PlanSilver(files, closed_, NewestEvents(), options_.keep), quotes_, &Ticks,
                  ticks));
  live_->ReplaceSilverTail(ticks, consumed_bronze_, loaded_);
  return {};
}

Status Follower::ApplySilverCommits(const std::vector<CommitActions>& commits) {
  std::vector<DataFile> files;
  for (const CommitActions& commit : commits) {
    NotePositions(commit.txns);
    files.insert(files.end(), commit.adds.begin(), commit.adds.end());
  }
  auto begin = OpenTailBegin(closed_, NewestEvents(), options_.keep);
  std::vector<DataFile> needed;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto max_time = MaxTimeOf(files[i], "api_timestamp");
    bool closed = max_time && (!begin || *max_time < *begin);
    if (!closed || i + 1 == files.size()) needed.push_back(files[i]);  // the last one for the newest price
  }
  std::vector<Tick> ticks;
  CS_TRY(ReadInto(*silver_.table, SilverLayout(), needed, quotes_, &Ticks, ticks));
  live_->ApplySilver(ticks, consumed_bronze_);
  return {};
}

}  // namespace cryptostream
