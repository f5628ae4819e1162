// What the page shows when no provider can be reached: a bundled recording (data/README.md tells their origin).
#include "source/demo.h"

#include <fmt/format.h>

#include "base/text.h"

namespace cryptostream {
namespace {

constexpr const char* kBars = "binance_usdm_1m.csv.gz";
constexpr const char* kSnapshots = "coingecko_daily_snapshots.jsonl.gz";
constexpr const char* kTrades = "binance_spot_trades.frames.gz";

}  // namespace

Result<std::unique_ptr<ReplaySource>> OpenDemo(const DemoOptions& options, const Clock& clock, WaitFunction wait) {
  ReplayOptions replay;
  if (options.recording == Recording::kTrades) {
    replay.about = "daily prices of eight coins, then eleven minutes of single trades of two, August 2024";
    replay.parts.push_back({.file = options.data_dir / kSnapshots, .format = ReplayFormat::kCoinGeckoMarkets});
    replay.parts.push_back({.file = options.data_dir / kTrades,
                            .format = ReplayFormat::kBinanceFrames,
                            .speed = options.speed > 0 ? options.speed : 1,
                            .at_once = std::chrono::minutes(4)});
  } else {
    replay.about = "one-minute bars of seven coins, 23 to 30 May 2025 (dogecoin, polkadot and tron are not in this recording)";
    replay.symbols = {{"BTC", {"bitcoin", "usdt"}},     {"ETH", {"ethereum", "usdt"}}, {"SOL", {"solana", "usdt"}},
                      {"ADA", {"cardano", "usdt"}},     {"XRP", {"ripple", "usdt"}},   {"LINK", {"chainlink", "usdt"}},
                      {"AVAX", {"avalanche-2", "usdt"}}};
    replay.parts.push_back({.file = options.data_dir / kBars,
                            .format = ReplayFormat::kOhlcvCsv,
                            .source = "binance_usdm",
                            .speed = options.speed > 0 ? options.speed : 30,
                            .at_once = std::chrono::days(8) - std::chrono::hours(6)});
  }
  return ReplaySource::Open(std::move(replay), clock, std::move(wait));
}

Result<Recording> ParseRecording(std::string_view name) {
  if (name == "bars") return Recording::kBars;
  if (name == "trades") return Recording::kTrades;
  return Invalid(fmt::format("no such recording: \"{}\" (bars or trades)", Printable(name, 40)));
}

Result<std::filesystem::path> FindDataDir() {
  std::error_code error;
  auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  auto beside = program.parent_path();
  std::string looked;
  for (const auto& dir : {beside / "../share/cryptostream/data", beside / "../../data"}) {
    auto plain = dir.lexically_normal();
    if (std::filesystem::exists(plain / kBars, error)) return plain;
    looked += (looked.empty() ? "" : ", ") + plain.string();
  }
  return NotFound(fmt::format("cannot find the bundled recordings: looked in {}", looked));
}

}  // namespace cryptostream
