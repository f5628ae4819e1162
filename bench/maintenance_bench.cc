// A lake at one commit a second, without the waiting: pushes COMMITS batches of ROWS observations, a second of event time apart, through the whole
// engine, and prints what came of it as JSON. Everything of a real run takes part (quarantine apart): data files, commits, checkpoints, and
// maintenance with the settings given. Goes on where a lake of its own stands; test/lake/maintenance_test.py kills it at crash points.
//   maintenance_bench COMMITS[@RATE] ROWS [setting=value ...]      at most RATE commits a second; settings as for `cryptostream --set`
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/log.h"
#include "base/metrics.h"
#include "config/config.h"
#include "delta/log_files.h"
#include "lake/engine.h"
#include "lake/floor.h"
#include "maintain/compact_plan.h"
#include "maintain/maintainer.h"

namespace cryptostream {
namespace {

using Seconds = std::chrono::duration<double>;
constexpr const char* kPositionId = "bronze/file/maintenance-bench";
constexpr std::int64_t kStart_s = 1'735'689'600;  // 2025-01-01
constexpr std::array kCoins{"bitcoin", "ethereum", "tron",     "solana",   "dogecoin",
                            "cardano", "ripple",   "polkadot", "litecoin", "monero"};

double Since(std::chrono::steady_clock::time_point start) { return Seconds(std::chrono::steady_clock::now() - start).count(); }

// Batch number `n`: every row of it is another coin or another moment, all derived from the number.
RawBatch Batch(std::int64_t n, std::int64_t rows) {
  RawBatch batch;
  batch.source = "coingecko";
  batch.topic = "bench";
  batch.position_id = kPositionId;
  for (std::int64_t i = 0; i < rows; ++i) {
    std::int64_t offset = n * rows + i;
    std::string coin = kCoins[static_cast<std::size_t>(i) % kCoins.size()];
    std::string value = fmt::format(
        R"({{"timestamp": {}.{:06}, "coin_id": "{}", "price": {}.{:02}, "volume_24h": {}.5, "market_cap": {}}})", kStart_s + n, i,
        coin, 100 + offset * 7919 % 9000, offset % 100, 1'000'000 + offset % 1000, 1'000'000'000 + offset * 31 % 100'000);
    batch.Add({coin, value, FromMicros((kStart_s + n) * 1'000'000 + 500'000), offset});
  }
  batch.next_position = (n + 1) * rows;
  batch.end_of_input = true;  // one batch, one commit
  return batch;
}

double Percentile(std::vector<double> values, double fraction) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(fraction * static_cast<double>(values.size())))];
}

struct Workload {
  std::int64_t commits = 0, rows = 0;
  double rate = 0;  // commits a second; 0: as fast as they go
};

using Peaks = std::map<std::string, int>;  // by table: the most small files that one of its partitions had

int MostSmallFiles(const Lake& lake, const std::vector<DataFile>& files) {
  std::map<std::string, int> small;
  int most = 0;
  for (const DataFile& file : files) {
    if (!IsSmallFile(file, lake.options().maintenance)) continue;
    most = std::max(most, ++small[std::filesystem::path(file.path).parent_path().string()]);
  }
  return most;
}

// Figures of one table as a JSON object.
std::string TableFigures(Lake& lake, const LakeTable& table, const Peaks& peaks) {
  auto files = *table.table->Files();
  std::int64_t bytes = 0, rows = 0;
  for (const DataFile& file : files) {
    bytes += file.size_bytes;
    rows += file.rows;
  }
  LogFiles log = *ListLogFiles(table.table->root_path());
  std::size_t names = 0;
  for (const auto& [version, list] : log.by_version) names += list.size();
  Version floor = *FloorOf(lake, *table.table);
  auto above = log.commits.end() - std::upper_bound(log.commits.begin(), log.commits.end(), floor);
  auto started = std::chrono::steady_clock::now();
  bool checkpoint = table.table->Checkpoint().has_value();
  double checkpoint_s = Since(started);
  MetricLabels label{{"table", table.layout->name}};
  return fmt::format(
      R"({{"version": {}, "files": {}, "most_small_files_in_a_partition": {}, "most_small_files_while_it_ran": {}, "rows": {}, )"
      R"("bytes": {}, "rows_rewritten": {}, )"
      R"("rewritten": {:.2f}, "log_files": {}, "log_files_above_floor": {}, "checkpoint_s": {:.3f}, "checkpoint_ok": {}}})",
      table.table->version(), files.size(), MostSmallFiles(lake, files),
      peaks.contains(table.layout->name) ? peaks.at(table.layout->name) : 0, rows, bytes,
      MetricValue("cryptostream_compacted_rows_total", label),
      MetricValue("cryptostream_compacted_rows_total", label) / static_cast<double>(std::max<std::int64_t>(1, rows)), names,
      above, checkpoint_s, checkpoint);
}

// Commits are timed from the push to bronze's word that it is durable.
struct Times {
  std::vector<double> seconds;
  double Block(std::size_t first, std::size_t count, double fraction) const {
    first = std::min(first, seconds.size());
    count = std::min(count, seconds.size() - first);
    return Percentile(
        {seconds.begin() + static_cast<std::ptrdiff_t>(first), seconds.begin() + static_cast<std::ptrdiff_t>(first + count)},
        fraction);
  }
};

void NotePeaks(Lake& lake, Peaks& peaks) {
  for (const LakeTable& table : lake.Tables()) {
    int& peak = peaks[table.layout->name];
    peak = std::max(peak, MostSmallFiles(lake, *table.table->Files()));
  }
}

Result<Times> Push(Lake& lake, Engine& engine, std::atomic<std::uint64_t>& durable, const Workload& work, Peaks& peaks,
                   const StopToken& stop) {
  const std::int64_t look_every = work.rate > 0 ? 5 : 50;
  Times times;
  CS_ASSIGN(std::int64_t position, engine.Position(kPositionId));
  std::uint64_t number = 0;
  auto begin = std::chrono::steady_clock::now();
  for (std::int64_t n = position / work.rows; n < work.commits; ++n) {
    if (n % look_every == 0) NotePeaks(lake, peaks);
    RawBatch batch = Batch(n, work.rows);
    if (work.rate > 0) {
      std::this_thread::sleep_until(
          begin + std::chrono::duration_cast<std::chrono::nanoseconds>(Seconds(static_cast<double>(number) / work.rate)));
    }
    auto started = std::chrono::steady_clock::now();
    if (!engine.Push(std::move(batch), stop)) return Internal("the engine has ended");
    ++number;
    for (auto seen = durable.load(); seen < number; seen = durable.load()) durable.wait(seen);
    times.seconds.push_back(Since(started));
  }
  return times;
}

Status Run(const Workload& work, const Config& config) {
  static const SystemClock clock;
  auto started = std::chrono::steady_clock::now();
  CS_ASSIGN(auto lake, Lake::Open(config.lake));
  std::atomic<std::uint64_t> durable{0};
  EngineHooks hooks;
  hooks.bronze_committed = [&](std::uint64_t through, Version) {
    durable = through;
    durable.notify_all();
  };
  auto engine = std::make_unique<Engine>(*lake, clock, std::move(hooks));
  CS_TRY(engine->Drain(false, StopToken()));
  double start_s = Since(started);
  Maintainer maintainer(*lake);
  if (config.lake.maintenance.enabled) maintainer.Start();
  StopSource stop;
  started = std::chrono::steady_clock::now();
  Peaks peaks;
  CS_ASSIGN(Times times, Push(*lake, *engine, durable, work, peaks, stop.get_token()));
  double push_s = Since(started);
  CS_TRY(engine->Drain(true, StopToken()));
  maintainer.Stop();
  engine->Stop();
  if (config.lake.maintenance.enabled) {  // a last look, as it would come seconds later
    CS_TRY(maintainer.Compact(true, StopToken()));
    CS_TRY(maintainer.Clean(false, StopToken()));
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::size_t all = times.seconds.size();
  fmt::print(
      R"({{"start_s": {:.3f}, "commits": {}, "push_s": {:.1f}, "commit_p50_ms": {:.2f}, "commit_p99_ms": {:.2f}, )"
      R"("first_1000_p50_ms": {:.2f}, "first_1000_p99_ms": {:.2f}, "last_1000_p50_ms": {:.2f}, "last_1000_p99_ms": {:.2f}, )"
      R"("rss_mb": {})",
      start_s, all, push_s, times.Block(0, all, 0.5) * 1e3, times.Block(0, all, 0.99) * 1e3, times.Block(0, 1000, 0.5) * 1e3,
      times.Block(0, 1000, 0.99) * 1e3, times.Block(all - std::min<std::size_t>(all, 1000), 1000, 0.5) * 1e3,
      times.Block(all - std::min<std::size_t>(all, 1000), 1000, 0.99) * 1e3, usage.ru_maxrss / 1024);
  for (const LakeTable& table : lake->Tables()) fmt::print(", \"{}\": {}", table.layout->name, TableFigures(*lake, table, peaks));
  fmt::print("}}\n");
  return {};
}

}  // namespace
}  // namespace cryptostream

int main(int argc, char** argv) {
  using namespace cryptostream;
  if (argc < 3) {
    std::fprintf(stderr, "maintenance_bench COMMITS[@RATE] ROWS [setting=value ...]\n");
    return 2;
  }
  std::string_view commits(argv[1]);
  std::size_t at = commits.find('@');
  Workload work{std::atoll(argv[1]), std::atoll(argv[2]), at == commits.npos ? 0 : std::atof(argv[1] + at + 1)};
  ConfigSources sources;
  sources.settings.assign(argv + 3, argv + argc);
  auto config = LoadConfig(sources);
  if (config) SetLogLevel(config->log_level);
  Status done = config ? Run(work, *config) : std::unexpected(config.error());
  if (!done) std::fprintf(stderr, "maintenance_bench: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
