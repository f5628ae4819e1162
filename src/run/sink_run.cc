// The sink as the commands run it. In: the configuration and a lake. Out: rows in PostgreSQL; words for the
// server and the terminal. A lake that holds a recording (its mark is in it) goes into a schema of its own,
// so that nobody takes its prices for today's.
#include "run/sink_run.h"

#include <filesystem>

#include "base/log.h"
#include "base/memory.h"
#include "query/storage_kind.h"
#include "run/pipeline.h"

namespace cryptostream {
namespace {

constexpr std::chrono::milliseconds kPollInterval{250};
constexpr std::chrono::seconds kLastWords{5};
constexpr std::chrono::hours kForEver{24 * 365};

bool HoldsRecording(const std::string& root) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::path(root) / kRecordingMark, error);
}

SinkOptions OptionsFor(const Config& config, const std::string& root) {
  SinkOptions options = config.postgres;
  if (HoldsRecording(root)) options.schema += kRecordingSchema;
  return options;
}

Status CheckIsSet(const Config& config) {
  if (config.postgres.is_set()) return {};
  return Invalid("no database is named: --postgres postgresql:///cryptostream, or postgres.url in the configuration");
}

}  // namespace

std::unique_ptr<SinkRun> SinkRun::Start(const Config& config, const std::string& root, Server* server, bool progress) {
  if (!config.postgres.is_set()) return nullptr;
  std::unique_ptr<SinkRun> run(new SinkRun(progress));
  SinkHooks hooks;
  hooks.report = [server](bool trouble, const std::string& words) {
    if (server) server->SetSinkState(trouble, words);
  };
  hooks.progress = [self = run.get()](std::int64_t done, std::int64_t total, const std::string& words) {
    self->progress_.Show(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total), words);
  };
  SinkOptions options = OptionsFor(config, root);
  LogInfo("postgres: rows go into the schema {}", options.schema);
  run->sink_ = std::make_unique<Sink>(std::move(options), root, HoldsRecording(root), std::move(hooks));
  run->sink_->Start();
  return run;
}

void SinkRun::Finish() { sink_->CatchUp(kLastWords, false, {}); }

bool SinkRun::CatchUp(StopToken stop) {
  bool all = sink_->CatchUp(kForEver, false, std::move(stop));
  sink_->Stop();  // the progress is its thread's
  progress_.End();
  return all;
}

Status StopBoth(LakeRun& run, SinkRun* sink) {
  CS_TRY(run.Stop());
  if (sink) sink->Finish();
  return {};
}

void CatchUpSink(SinkRun* sink, StopToken stop) {
  if (!sink || sink->CatchUp(stop)) return;
  LogWarn("postgres: the lake has it, the database not all of it yet: {} (`cryptostream sink` brings the rest)",
          stop.stop_requested() ? "stopped" : sink->trouble());
}

Status SinkLake(const Config& config, const SinkRequest& request, StopToken stop) {
  CS_TRY(CheckIsSet(config));
  if (auto found = WhatIsThere(config.lake.root)) {  // what cannot be read now may be mended: the sink says so, and waits
    if (found->kind == StorageKind::kOriginal || found->kind == StorageKind::kForeign) return Invalid(found->words);
    if (found->kind != StorageKind::kOurs && request.exit_when_done) return NotFound(found->words);
    if (found->kind != StorageKind::kOurs) LogWarn("no lake yet, waiting for it: {}", found->words);
  }
  auto sink = SinkRun::Start(config, config.lake.root, nullptr, request.progress);
  if (request.exit_when_done) {
    if (sink->CatchUp(stop)) return {};
    if (stop.stop_requested()) return Cancelled("stopped before the database had everything (the next run goes on there)");
    return Unavailable(sink->trouble());
  }
  ReleaseStartPages();
  while (SleepFor(stop, kPollInterval)) ReleaseFreeMemory();
  return {};
}

Result<std::vector<SinkCheck>> CheckSinkOf(const Config& config, StopToken stop) {
  CS_TRY(CheckIsSet(config));
  return CheckSink(OptionsFor(config, config.lake.root), config.lake.root, std::move(stop));
}

}  // namespace cryptostream
