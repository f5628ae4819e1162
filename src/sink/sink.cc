// The sink's loop. In: the logs of the lake's tables, looked at five times a second. Out: a database that
// follows them. One connection, one thread, a transaction of one feed at a time, in turn, so that a long
// first copy does not keep the others waiting.
//
// Trouble is said once, and again when it is another one. Without a connection everything waits, a second
// first and a minute at most, each pause drawn anew so that many sinks do not come back at once; a feed with
// trouble of its own (a lake's file, a right) rests alone.
#include "sink/sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/log.h"
#include "base/metrics.h"
#include "base/threads.h"
#include "delta/outside_reader.h"
#include "sink/migration.h"

namespace cryptostream {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll{200};
constexpr std::chrono::milliseconds kFirstPause{1'000}, kLongestPause{60'000};
constexpr std::chrono::seconds kFeedRest{2};
constexpr std::chrono::seconds kNoteEvery{5};
constexpr int kLockTries = 10;

// Half to all of a pause.
std::chrono::milliseconds WithJitter(std::chrono::milliseconds pause) {
  static thread_local std::minstd_rand random(std::random_device{}());
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(pause.count() / 2, pause.count())(random));
}

// The name of a sink's note in the lake: two databases have two.
std::string NoteName(const PgPlace& place) {
  std::size_t id = std::hash<std::string>()(place.host + "\n" + place.port + "\n" + place.database + "\n" + place.schema);
  return fmt::format("postgres-{:016x}", id);
}

}  // namespace

Sink::Sink(SinkOptions options, std::filesystem::path root, bool own_schema, SinkHooks hooks)
    : options_(std::move(options)),
      root_(std::filesystem::absolute(root).lexically_normal()),
      own_schema_(own_schema),
      hooks_(std::move(hooks)),
      caught_up_at_(SteadyClock::now()) {
  for (const Target& target : Targets()) {
    if (std::ranges::find(options_.tables, target.name) == options_.tables.end()) continue;
    for (const TargetFeed& feed : target.feeds) feeds_.emplace_back(target, feed, root_);
  }
  rests_.resize(feeds_.size());
}

Sink::~Sink() { Stop(); }

void Sink::Start() {
  thread_ = std::jthread([this](StopToken stop) {
    NameThread("sink");
    Run(stop);
  });
}

void Sink::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

std::string Sink::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

bool Sink::CatchUp(std::chrono::milliseconds patience, bool through_trouble, StopToken stop) {
  std::unique_lock lock(mutex_);
  const std::uint64_t ours = rounds_begun_ + 1;  // the one that runs may have looked before the last commit
  poked_ = true;
  changed_.notify_all();
  return changed_.wait_for(lock, stop, patience, [&] {
    return rounds_clean_ >= ours || (!through_trouble && !trouble_.empty());
  }) && rounds_clean_ >= ours;
}

void Sink::Disconnect() {
  db_ = nullptr;
  months_ = {};
  for (Feed& feed : feeds_) feed.Forget();
}

// One sink a schema: the lock is the session's, so it goes with the connection, however that ends.
Status Sink::TakeLock() {
  const std::string key = "hashtextextended(" + PgLiteral("cryptostream sink " + options_.schema) + ", 0)";
  for (int tries = 0; tries < kLockTries; ++tries) {  // the session of a process that was killed a moment ago ends by itself
    CS_ASSIGN(auto taken, db_->Query("SELECT pg_try_advisory_lock(" + key + ")"));
    if (taken[0][0] == "t") return {};
    SleepFor(stop_, kPoll);
  }
  CS_ASSIGN(auto holders,
            db_->Query("SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'local'), a.backend_start::text "
                       "FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted "
                       "AND (l.classid::bigint << 32 | l.objid::bigint) = " +
                       key));
  std::string who = "it is letting go";
  if (!holders.empty()) {
    const PgRow& row = holders.front();
    who = fmt::format("server_process={} name={} from={} since={}", row[0].value_or(""), row[1].value_or(""), row[2].value_or(""),
                      row[3].value_or(""));
  }
  return Conflict(fmt::format("another sink feeds this schema: schema={} {} (stop one of them, or name another postgres.schema)",
                              options_.schema, who));
}

Status Sink::Connect(StopToken stop) {
  CS_ASSIGN(db_, PgConnection::Connect(options_, std::move(stop)));
  CS_TRY(TakeLock());
  return Migrate(*db_, options_.schema);
}

// A step of one feed. Out: whether there may be more at once; its own trouble in `failed`. When the
// connection is gone it is not usable after.
bool Sink::StepFeed(std::size_t i, Status& failed) {
  Feed& feed = feeds_[i];
  SinkSession session{*db_, months_, own_schema_};
  Result<bool> more = feed.Step(session);
  if (more) {
    rests_[i] = {};
    return *more;
  }
  feed.Forget();
  failed = std::unexpected(more.error());
  const bool moved = more.error().kind == ErrorKind::kConflict;  // the position: read anew, at once
  if (!db_->usable() || !db_->Run("ROLLBACK")) {
    Disconnect();
    return false;
  }
  if (!moved) rests_[i] = {SteadyClock::now() + kFeedRest, more.error()};
  return moved;
}

// Every feed to its end, in turn. Out: whether nothing is left of what the lake had. Errors: the last
// trouble.
Result<bool> Sink::Round() {
  Status trouble;
  std::vector<bool> open(feeds_.size(), true);
  while (std::ranges::find(open, true) != open.end()) {
    for (std::size_t i = 0; i < feeds_.size(); ++i) {
      if (stop_.stop_requested()) return false;
      if (!open[i]) continue;
      if (rests_[i].why && SteadyClock::now() < rests_[i].until) {
        open[i] = false;
        trouble = std::unexpected(*rests_[i].why);
        continue;
      }
      Status failed;
      open[i] = StepFeed(i, failed);
      if (!failed && failed.error().kind != ErrorKind::kConflict) trouble = std::move(failed);
      if (!db_ || !db_->usable())
        return std::unexpected(trouble ? Error{ErrorKind::kUnavailable, "the database hung up", {}} : trouble.error());
    }
    TellProgress();
    NotePositions();
  }
  if (!trouble) return std::unexpected(trouble.error());
  return true;
}

void Sink::TellProgress() const {
  std::int64_t done = 0, total = 0, behind = 0;
  std::string words;
  for (const Feed& feed : feeds_) {
    const FeedStatus& status = feed.status();
    if (!status.there) continue;
    SetGauge("cryptostream_sink_lag_commits", "Commits of the lake that are not in the database.", {{"table", status.name}},
             static_cast<double>(status.behind()));
    behind += status.behind();
    if (status.state == FeedState::kFollow) continue;
    done += status.rows_done;
    total += status.rows_total;
    words += (words.empty() ? "" : ", ") + status.name;
  }
  if (total > 0 && hooks_.progress) hooks_.progress(done, total, fmt::format("{} of {} rows: {}", done, total, words));
}

// How far the database is, for the lake's maintenance. Several feeds of one table: the slowest.
void Sink::NotePositions() {
  if (!db_ || SteadyClock::now() - noted_at_ < kNoteEvery) return;
  std::map<std::string, Version> positions;
  std::string text;
  for (const Feed& feed : feeds_) {
    if (!feed.position()) continue;
    auto [there, inserted] = positions.try_emplace(feed.position()->table_id, feed.position()->version);
    if (!inserted) there->second = std::min(there->second, feed.position()->version);
  }
  for (const auto& [id, version] : positions) text += id + " " + std::to_string(version) + "\n";
  if (text == noted_ || positions.empty()) return;
  Status written = NoteReader(root_, NoteName(db_->place()), positions);
  if (!written && !std::exchange(note_failed_, true)) {
    LogWarn(
        "postgres: the lake's maintenance will not wait for the database: {} (it then compares whole tables when it comes back "
        "late)",
        written.error().message);
  }
  noted_ = std::move(text);
  noted_at_ = SteadyClock::now();
}

// Says how it is when that has changed. In: the error of the round, if there was one.
void Sink::Tell(const Status& state, bool caught_up) {
  const auto now = SteadyClock::now();
  if (caught_up) caught_up_at_ = now;
  const auto lag = std::chrono::duration_cast<std::chrono::milliseconds>(now - caught_up_at_);
  SetGauge("cryptostream_sink_up", "Whether the database takes rows.", {}, state ? 1 : 0);
  SetGauge("cryptostream_sink_lag_seconds", "Since when the database has not had everything that the lake has.", {},
           static_cast<double>(lag.count()) / 1000);
  std::string trouble = state ? "" : state.error().message;
  {
    std::lock_guard lock(mutex_);
    trouble_ = trouble;
  }
  changed_.notify_all();
  if (!trouble.empty() && trouble != said_) LogWarn("postgres: nothing is lost, the rest goes on; trying again: {}", trouble);
  if (trouble.empty() && caught_up && (!said_.empty() || !worked_)) {
    LogInfo("postgres: the database has everything that the lake has: schema={}", options_.schema);
    worked_ = true;
  }
  if (trouble.empty() ? caught_up : true) said_ = trouble;
  if (!hooks_.report) return;
  std::string words = !trouble.empty()
                          ? "behind for " + FormatDuration(std::chrono::floor<std::chrono::seconds>(lag)) + ": " + trouble
                      : caught_up ? "has everything that the lake has"
                                  : "catching up, for " + FormatDuration(std::chrono::floor<std::chrono::seconds>(lag));
  hooks_.report(!trouble.empty(), words);
}

void Sink::Run(StopToken stop) {
  stop_ = stop;
  auto pause = kFirstPause;
  while (!stop.stop_requested()) {
    std::uint64_t round = 0;
    {
      std::lock_guard lock(mutex_);
      round = ++rounds_begun_;
    }
    Result<bool> clean = false;
    Status connected = db_ ? Status() : Connect(stop);
    if (!connected) {
      Disconnect();
      clean = std::unexpected(connected.error());
    } else {
      clean = Round();
    }
    if (stop.stop_requested()) break;
    if (clean && *clean) {
      std::lock_guard lock(mutex_);
      rounds_clean_ = round;
    }
    Tell(clean ? Status() : Status(std::unexpected(clean.error())), clean && *clean);
    const bool connection = db_ && db_->usable();
    if (connection) {
      pause = kFirstPause;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, kPoll, [&] { return poked_; });
      poked_ = false;
    } else {
      Disconnect();
      SleepFor(stop, WithJitter(pause));
      pause = std::min(2 * pause, kLongestPause);
    }
  }
  Disconnect();
}

}  // namespace cryptostream
