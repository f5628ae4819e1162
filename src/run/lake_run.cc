// A lake, its engine and its sources as one thing with one life. In: batches from sources. Out: tables, and news for the server.
#include "run/lake_run.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/memory.h"
#include "base/threads.h"
#include "delta/position.h"
#include "maintain/upgrade.h"
#include "query/lake_views.h"
#include "run/progress.h"

namespace cryptostream {

Result<std::unique_ptr<Lake>> OpenForWriting(const LakeOptions& options, StopToken stop) {
  Progress progress("upgrade", true);
  return OpenUpgraded(options, stop, [&](std::size_t done, std::size_t days) {
    progress.Show(done, days, fmt::format("{} of {} days", done, days));
  });
}

Result<std::unique_ptr<LakeRun>> LakeRun::Start(const LakeOptions& options, const Clock& clock, Server* server, StopToken stop,
                                                DeadLetters dead_letters) {
  std::unique_ptr<LakeRun> run(new LakeRun(server));
  CS_ASSIGN(run->lake_, OpenForWriting(options, stop));
  EngineHooks hooks;
  hooks.fatal = [self = run.get()](const Error& error) { self->Fail(error); };
  hooks.dead_letters = dead_letters.send;
  hooks.dead_letter_topic = dead_letters.topic;
  if (server) {
    hooks.provisional = [server](std::uint64_t batch, std::vector<Tick> ticks) { server->live()->AddProvisional(batch, ticks); };
    hooks.bronze_committed = [server](std::uint64_t through, Version version) {
      server->live()->BronzeCommitted(through, version);
    };
    hooks.committed = [server] { server->Poke(); };
  }
  run->dead_letters_ = dead_letters;
  run->engine_ = std::make_unique<Engine>(*run->lake_, clock, std::move(hooks));
  if (options.maintenance.enabled) {
    run->maintainer_ = std::make_unique<Maintainer>(*run->lake_);
    run->maintainer_->Start();
  }
  ReleaseStartPages();
  return run;
}

LakeRun::~LakeRun() {
  if (Status ended = End(); !ended) LogError("{}", ended.error().message);
  engine_ = nullptr;
}

Status LakeRun::Stop() {
  CS_TRY(End());
  if (auto error = failure()) return std::unexpected(*error);
  return {};
}

Status LakeRun::End() {
  maintainer_ = nullptr;
  for (std::jthread& source : sources_) source.request_stop();
  sources_.clear();
  marks_ = nullptr;
  if (!engine_ || std::exchange(stopped_, true)) return {};
  engine_->Stop();
  std::string dropped;
  bool live = false, piped = false;
  for (const Unwritten& of_source : engine_->unwritten()) {
    dropped += fmt::format("{}rows={} source={}", dropped.empty() ? "" : ", ", of_source.rows, of_source.source);
    if (of_source.first)
      dropped += fmt::format(" received={} to {}", FormatRfc3339(*of_source.first), FormatRfc3339(*of_source.last));
    live = live || of_source.position_id.starts_with("bronze/direct/");
    piped = piped || of_source.position_id.starts_with("bronze/file/stdin-");
  }
  if (dropped.empty()) return {};
  std::string reason = engine_->trouble();
  return Unavailable(fmt::format("dropped what was in hand and could not be written: {} table={} reason={} ({})", dropped,
                                 lake_->bronze().root_path(), reason.empty() ? "stopped before its turn" : reason,
                                 live    ? "the next start makes a row in the gaps table of the time"
                                 : piped ? "what came through the pipe has to be sent again"
                                         : "nothing is lost: the next run goes on where the table ends"));
}

// What the tables know that a source may ask for.
Result<std::map<std::string, std::int64_t>> LakeRun::PositionsOf(std::string_view prefix) {
  CS_ASSIGN(Positions all, lake_->bronze().Txns());
  std::map<std::string, std::int64_t> found;
  for (const auto& [rest, position] : PositionsBelow(all, AppId(prefix))) found[std::string(prefix) + rest] = position;
  return found;
}

Result<std::optional<Timestamp>> LakeRun::Newest(std::string_view source) {
  CS_ASSIGN(auto files, lake_->bronze().Files());
  if (files.empty()) return std::nullopt;
  const QueryLimits patient{.timeout = std::chrono::minutes(5)};
  PinnedView view{"bronze", &BronzeLayout(), lake_->bronze().snapshot(), lake_->bronze().root_path()};
  CS_ASSIGN(auto duck, OpenPinnedViews(lake_->options().root, {view}));
  CS_ASSIGN(SqlRows rows, duck->Query("select max(\"timestamp\") from bronze where source = $1", {std::string(source)}, patient));
  const SqlValue& newest = rows.rows.front().front();
  if (IsSqlNull(newest)) return std::nullopt;
  return std::get<Timestamp>(newest);
}

MarkIntake& LakeRun::marks() {
  if (!marks_) {
    marks_ = std::make_unique<MarkIntake>(
        *lake_,
        [this] {
          if (server_) server_->Poke();
        },
        [this](const Error& error) { Fail(error); }, dead_letters_.send);
  }
  return *marks_;
}

void LakeRun::Fail(const Error& error) {
  std::lock_guard lock(mutex_);
  if (!failure_) failure_ = error;
}

std::optional<Error> LakeRun::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

void LakeRun::Tell(const SourceReport& report) {
  if (server_) server_->SetSourceReport(report);
}

void LakeRun::Play(std::unique_ptr<Source> source, std::string report_as, Role role) {
  std::string name = source->position_id();
  PlayInput(name, role, [this, report_as, source = std::shared_ptr<Source>(std::move(source))](StopToken stop) -> Status {
    SourceOutput output;
    output.push = [&](RawBatch batch) { return engine_->Push(std::move(batch), stop); };
    output.report = [&](SourceReport report) {
      if (!report_as.empty()) report.source = report_as;
      Tell(report);
    };
    output.positions = [this](std::string_view prefix) { return PositionsOf(prefix); };
    output.newest = [this](std::string_view of) { return Newest(of); };
    CS_ASSIGN(std::int64_t position, engine_->Position(source->position_id()));
    return source->Run(position, output, stop);
  });
}

void LakeRun::PlayInput(std::string name, Role role, std::function<Status(StopToken)> read) {
  ++playing_;
  sources_.emplace_back([this, name = std::move(name), role, read = std::move(read)](StopToken stop) {
    NameThread("source");
    Status played = read(stop);
    if (!played && played.error().kind != ErrorKind::kCancelled) {
      if (role == Role::kEssential)
        Fail(played.error());
      else
        LogWarn("{} ended, the rest goes on: {}", name, played.error().message);
    }
    --playing_;
  });
}

void LakeRun::ReportState() {
  if (!server_) return;
  std::string trouble = engine_->trouble();
  if (trouble.empty() && marks_) trouble = marks_->trouble();
  server_->SetLakeState(trouble.empty(), trouble);
}

Status LakeRun::Finish(bool close_windows, StopToken stop) {
  constexpr std::chrono::milliseconds kPollInterval{20};
  while (playing() && !engine_->fatal()) {
    if (!SleepFor(stop, kPollInterval)) return Cancelled("stopped before the input ended (run it again: it goes on there)");
  }
  auto error = failure();
  while (!error && marks_ && !marks_->settled()) {
    error = failure();
    if (!SleepFor(stop, kPollInterval)) return Cancelled("stopped before rejected bodies and gaps were worked in");
  }
  CS_TRY(engine_->Drain(close_windows, stop));
  if (error) return std::unexpected(*error);
  return {};
}

}  // namespace cryptostream
