// What the page shows when no provider can be reached: two bundled recordings played as one (data/README.md tells their origin).
#include "source/demo.h"

#include <fmt/format.h>

namespace cryptostream {
namespace {

constexpr const char* kSnapshots = "coingecko_daily_snapshots.jsonl.gz";
constexpr const char* kTrades = "binance_spot_trades.frames.gz";

}  // namespace

Result<std::unique_ptr<ReplaySource>> OpenDemo(const DemoOptions& options, const Clock& clock, WaitFunction wait) {
  ReplayOptions replay;
  replay.parts.push_back({options.data_dir / kSnapshots, ReplayFormat::kCoinGeckoMarkets, "", 0, {}});
  replay.parts.push_back({options.data_dir / kTrades, ReplayFormat::kBinanceFrames, "", options.speed, options.at_once});
  return ReplaySource::Open(std::move(replay), clock, std::move(wait));
}

Result<std::filesystem::path> FindDataDir() {
  std::error_code error;
  auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  auto beside = program.parent_path();
  std::string looked;
  for (const auto& dir : {beside / "../share/cryptostream/data", beside / "../../data"}) {
    auto plain = dir.lexically_normal();
    if (std::filesystem::exists(plain / kTrades, error)) return plain;
    looked += (looked.empty() ? "" : ", ") + plain.string();
  }
  return NotFound(fmt::format("cannot find the bundled recordings: looked in {}", looked));
}

}  // namespace cryptostream
