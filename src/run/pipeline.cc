// THE PAGE: the way of a price, top to bottom.
//
//   source      a poll of CoinGecko, or a line of a recording, becomes a batch with a position       (source/)
//   bronze      the messages as they came, durable with their position at most a second later        (lake/bronze)
//   silver      typed, checked, freed of duplicates; what cannot be a row goes to quarantine          (lake/silver)
//   gold        1-minute windows of every source when the watermark has passed them; late rows         (lake/gold)
//               replace them; of these the one that was chosen for a coin, and both by hour and day    (lake/derived_stage)
//   serve       the tables' logs are followed, windows kept in memory, REST, SSE and the page         (serve/)
//   sink        the same logs into PostgreSQL, where a database is named                              (sink/)
//
// Ticks reach the page before they are durable (marked so); everything else it shows is read from the tables.
#include "run/pipeline.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "base/memory.h"
#include "base/version.h"
#include "query/storage_kind.h"
#include "run/lake_run.h"
#include "run/pipeline_parts.h"
#include "run/progress.h"
#include "run/sink_run.h"
#include "run/taken.h"
#include "serve/assets.h"
#include "source/coingecko.h"
#include "source/coingecko_chart.h"
#include "source/demo.h"
#include "source/poll_pace.h"

namespace cryptostream {
namespace {

constexpr std::chrono::milliseconds kPollInterval{250};
constexpr std::chrono::seconds kProbeEvery{30};
constexpr int kIdlePolls = 3;                    // a poller that missed so many is silent
constexpr const char* kRecording = "recording";  // as the server lists it

}  // namespace

Result<std::unique_ptr<Server>> StartServer(const Config& config, ServeMode mode, const std::string& root) {
  ServeOptions options = config.serve;
  options.storage_root = root;
  options.version = kVersion;
  options.mode = mode;
  options.assets = Assets();
  options.coins = config.coingecko.coins;
  options.order = config.lake.order;
  CS_ASSIGN(auto server, Server::Start(options));
  LogInfo("the page is at {}", server->url());
  return server;
}

Result<std::shared_ptr<CoinGeckoClient>> ConnectCoinGecko(const Config& config) {
  CoinGeckoOptions options = config.coingecko;
  options.budget_file = std::filesystem::path(config.lake.root) / "state" / "coingecko_budget.json";
  return CoinGeckoClient::Create(options, MachineClock());
}

LakeOptions PolledLake(const Config& config, CoinGeckoClient& client) {
  LakeOptions lake = config.lake;
  lake.idle_after = std::max(lake.idle_after, kIdlePolls * PollPace(client).Spacing());
  return lake;
}

// A lake whose backfill never came to its end gets it (again): equal rows are recognised.
Status PlayBackfill(const Config& config, LakeRun& run, const std::shared_ptr<CoinGeckoClient>& client) {
  ChartOptions options;
  options.coins = config.coingecko.coins;
  options.days = config.source.backfill_days;
  CS_ASSIGN(std::int64_t ended, run.engine().Position(CoinGeckoChartSource::EndId()));
  if (options.days == 0 || ended > 0) return {};
  LogInfo("new lake: fetching the last {} of {} coins", FormatDuration(std::chrono::hours(24 * options.days)),
          options.coins.size());
  run.Play(std::make_unique<CoinGeckoChartSource>(client, options), {}, LakeRun::Role::kExtra);
  return {};
}

namespace {

// CoinGecko into the real lake, until `stop`.
Status RunLive(const Config& config, Server& server, const std::shared_ptr<CoinGeckoClient>& client, StopToken stop) {
  CS_ASSIGN(auto run, LakeRun::Start(PolledLake(config, *client), MachineClock(), &server, stop));
  LogInfo("writing the lake {}", config.lake.root);
  auto sink = SinkRun::Start(config, config.lake.root, &server);
  run->Play(std::make_unique<CoinGeckoSource>(client));
  CS_TRY(PlayBackfill(config, *run, client));
  while (SleepFor(stop, kPollInterval)) {
    run->ReportState();
    if (auto error = run->failure()) return std::unexpected(*error);
  }
  return StopBoth(*run, sink.get());
}

}  // namespace

Result<std::unique_ptr<Source>> OpenRecording(const Config& config, const RunOptions& options) {
  if (options.replay) {
    ReplayOptions replay;
    replay.parts = {*options.replay};
    replay.symbols = config.symbols;
    CS_ASSIGN(auto source, ReplaySource::Open(std::move(replay), MachineClock()));
    return source;
  }
  CS_ASSIGN(auto data_dir, FindDataDir());
  CS_ASSIGN(auto source, OpenDemo({data_dir, options.recording, options.recording_speed}, MachineClock()));
  return source;
}

namespace {

// What the recording that has just ended gave. The page stays up whatever it was.
void TellRecording(LakeRun& run, const StopToken& stop) {
  constexpr std::chrono::seconds kSettle{2};
  SleepFor(stop, kSettle);
  if (Status taken = TellTaken("replay", run.lake().tally().counts(), kFormHint); !taken) LogWarn("{}", taken.error().message);
}

// A recording into `root`. With a `client` it is asked again and again, and playing ends (true) when it answers.
Result<bool> RunRecording(const Config& config, const RunOptions& options, const std::string& root, Server& server,
                          CoinGeckoClient* client, StopToken stop) {
  LakeOptions lake = config.lake;
  lake.root = root;
  CS_ASSIGN(auto run, LakeRun::Start(lake, MachineClock(), &server, stop));
  LogInfo("writing the lake {}", root);
  auto sink = SinkRun::Start(config, root, &server);
  CS_ASSIGN(auto source, OpenRecording(config, options));
  run->Play(std::move(source), kRecording);
  auto asked = std::chrono::steady_clock::now();
  bool told = false;
  while (SleepFor(stop, kPollInterval)) {
    run->ReportState();
    if (!run->playing() && !run->failure() && !std::exchange(told, true)) TellRecording(*run, stop);
    if (auto error = run->failure()) return std::unexpected(*error);
    if (!client || std::chrono::steady_clock::now() - asked < kProbeEvery) continue;
    asked = std::chrono::steady_clock::now();
    if (CoinGeckoProbe(*client, stop).reach == ProbeResult::Reach::kUnreachable) continue;
    server.SetSourceReport({kRecording, SourceState::kDone, "the recording was put aside", {}, {}});
    return true;
  }
  CS_TRY(StopBoth(*run, sink.get()));
  return false;
}

// The bundled recording starts over at each start, or a second look would find it ended. A lake that does not carry our mark is
// somebody's and is not touched.
Status EmptyDemoLake(const std::string& root) {
  namespace fs = std::filesystem;
  fs::path mark = fs::path(root) / kRecordingMark;
  std::error_code error;
  if (fs::exists(fs::path(root) / "bronze", error) && !fs::exists(mark, error)) {
    return Invalid("the recording's lake was made by something else: path=" + root +
                   " (set source.demo_path to another directory)");
  }
  CS_TRY(MakeDirsDurable(root));
  CS_ASSIGN(FileLock lock, FileLock::Acquire(fs::path(root) / ".cryptostream.lock"));
  for (const TableLayout* layout : AllLayouts()) {
    fs::remove_all(fs::path(root) / layout->path, error);
    if (error) return Unavailable("cannot empty the recording's lake: path=" + root + " reason=" + error.message());
  }
  return WriteFileDurable(mark, "This lake holds a recording and is emptied at each start. Keep nothing here.\n");
}

void ReportUnreachable(Server& server, const std::string& reason) {
  SourceReport report;
  report.source = "coingecko";
  report.state = SourceState::kUnreachable;
  report.message = "cannot be reached (" + reason + "); a recording plays meanwhile";
  server.SetSourceReport(report);
}

// CoinGecko when it can be reached; until then the bundled recording, in a lake of its own.
Status RunAuto(const Config& config, const RunOptions& options, StopToken stop) {
  CS_ASSIGN(auto client, ConnectCoinGecko(config));
  ProbeResult probe = CoinGeckoProbe(*client, stop);
  bool demo = probe.reach == ProbeResult::Reach::kUnreachable;
  std::string root = demo ? config.source.demo_path : config.lake.root;
  if (demo) CS_TRY(EmptyDemoLake(root));
  CS_ASSIGN(auto server, StartServer(config, demo ? ServeMode::kReplay : ServeMode::kLive, root));
  if (demo) {
    LogWarn("CoinGecko cannot be reached ({}): playing a recording into {}, trying again every {}", probe.reason, root,
            FormatDuration(kProbeEvery));
    ReportUnreachable(*server, probe.reason);
    CS_ASSIGN(bool reachable, RunRecording(config, options, root, *server, client.get(), stop));
    if (!reachable) return {};
    LogInfo("CoinGecko can be reached: changing to the real lake");
    CS_TRY(MakeDirsDurable(config.lake.root));
    CS_TRY(server->SetStorage(config.lake.root));
    server->SetMode(ServeMode::kLive);
  }
  return RunLive(config, *server, client, stop);
}

Status WaitForStop(LakeRun& run, SinkRun* sink, StopToken stop) {
  while (SleepFor(stop, kPollInterval)) {
    if (auto error = run.failure()) return std::unexpected(*error);
  }
  return StopBoth(run, sink);
}

}  // namespace

bool IsStopped(const Status& finished) { return !finished && finished.error().kind == ErrorKind::kCancelled; }

Status StoppedEarly(LakeRun& run, const Status& finished, bool to_its_end) {
  CS_TRY(run.Stop());
  if (to_its_end) return Unavailable(finished.error().message);
  return {};
}

Status RunPipeline(const Config& config, const RunOptions& options, StopToken stop) {
  if (options.through_topic) return RunThroughTopic(config, options, stop);
  switch (config.source.kind) {
    case SourceKind::kAuto: return RunAuto(config, options, stop);
    case SourceKind::kCoinGecko: {
      CS_ASSIGN(auto client, ConnectCoinGecko(config));
      CS_ASSIGN(auto server, StartServer(config, ServeMode::kLive, config.lake.root));
      return RunLive(config, *server, client, stop);
    }
    case SourceKind::kReplay: {
      std::string root = options.replay ? config.lake.root : config.source.demo_path;
      if (!options.replay) CS_TRY(EmptyDemoLake(root));
      CS_ASSIGN(auto server, StartServer(config, ServeMode::kReplay, root));
      CS_ASSIGN([[maybe_unused]] bool ended, RunRecording(config, options, root, *server, nullptr, stop));
      return {};
    }
  }
  return {};
}

Status ReplayIntoLake(const Config& config, const ReplayRequest& request, StopToken stop) {
  Progress progress("replay", request.progress);
  ReplayOptions options;
  options.parts = {request.part};
  options.symbols = config.symbols;
  options.progress = [&](const ReplayProgress& at) {
    progress.Show(at.bytes_done, at.bytes_total, std::to_string(at.rows) + " rows");
  };
  CS_ASSIGN(auto source, ReplaySource::Open(std::move(options), MachineClock()));
  CS_ASSIGN(auto run, LakeRun::Start(config.lake, MachineClock(), nullptr, stop));
  auto sink = SinkRun::Start(config, config.lake.root, nullptr);
  run->Play(std::move(source));
  Status finished = run->Finish(request.exit_when_done, stop);
  progress.End();
  if (IsStopped(finished)) return StoppedEarly(*run, finished, request.exit_when_done);
  Tally::Counts counts = run->lake().tally().counts();
  Status taken = TellTaken("replay", counts, kFormHint);
  CS_TRY(finished);
  if (request.exit_when_done || (!taken && counts.taken() == 0)) {
    CS_TRY(run->Stop());
    CatchUpSink(sink.get(), stop);
    return taken;
  }
  LogInfo("the input has ended; windows close when it was idle for {} (Ctrl-C ends)", FormatDuration(config.lake.idle_after));
  CS_TRY(WaitForStop(*run, sink.get(), stop));
  return taken;
}

Status BackfillLake(const Config& config, const BackfillRequest& request, StopToken stop) {
  Progress progress("backfill", request.progress);
  CS_ASSIGN(auto client, ConnectCoinGecko(config));
  ChartOptions options;
  options.coins = config.coingecko.coins;
  options.days = request.days;
  options.patience = request.wait;
  options.progress = [&](const ChartProgress& at) {
    progress.Show(at.coins_done, at.coins_total, at.coin + ", " + std::to_string(at.rows) + " rows");
  };
  CS_ASSIGN(auto run, LakeRun::Start(config.lake, MachineClock(), nullptr, stop));
  run->Play(std::make_unique<CoinGeckoChartSource>(client, options));
  Status finished = run->Finish(true, stop);
  progress.End();
  if (IsStopped(finished)) return StoppedEarly(*run, finished, true);
  Status taken = TellTaken("backfill", run->lake().tally().counts());
  CS_TRY(finished);
  CS_TRY(run->Stop());
  return taken;
}

Status ServeLake(const Config& config, StopToken stop) {
  if (auto found = WhatIsThere(config.lake.root)) {  // what cannot be read now may be mended: the follower says so, and waits
    if (found->kind == StorageKind::kOriginal || found->kind == StorageKind::kForeign) return Invalid(found->words);
    if (found->kind != StorageKind::kOurs) LogWarn("nothing to serve yet, waiting for it: {}", found->words);
  }
  CS_ASSIGN(auto server, StartServer(config, ServeMode::kLive, config.lake.root));
  ReleaseStartPages();
  while (SleepFor(stop, kPollInterval)) ReleaseFreeMemory();
  return {};
}

}  // namespace cryptostream
