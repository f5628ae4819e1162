// A lake, its engine and its sources as one thing with one life. In: batches from sources. Out: tables, and news for the server.
#include "run/lake_run.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/threads.h"

namespace cryptostream {

Result<std::unique_ptr<LakeRun>> LakeRun::Start(const LakeOptions& options, const Clock& clock, Server* server,
                                                DeadLetters dead_letters) {
  std::unique_ptr<LakeRun> run(new LakeRun(server));
  CS_ASSIGN(run->lake_, Lake::Open(options));
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
  maintainer_ = nullptr;
  for (std::jthread& source : sources_) source.request_stop();
  sources_.clear();
  marks_ = nullptr;
  engine_ = nullptr;
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
  constexpr std::chrono::milliseconds kLook{20};
  while (playing()) {
    if (auto error = failure()) return std::unexpected(*error);
    if (!SleepFor(stop, kLook)) return Cancelled("stopped before the input ended");
  }
  while (marks_ && !marks_->settled()) {
    if (auto error = failure()) return std::unexpected(*error);
    if (!SleepFor(stop, kLook)) return Cancelled("stopped before rejected bodies and gaps were worked in");
  }
  if (auto error = failure()) return std::unexpected(*error);
  return engine_->Drain(close_windows, stop);
}

}  // namespace cryptostream
