#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/coingecko_client.h"
#include "source/source.h"

namespace cryptostream {

// How far a backfill is.
struct ChartProgress {
  std::size_t coins_done = 0;
  std::size_t coins_total = 0;
  std::string coin;      // the one just done
  std::size_t rows = 0;  // of all coins so far
};

struct ChartOptions {
  std::vector<std::string> coins;  // in this order: the shown one first
  int days = 1;
  // How long it keeps trying while nothing comes, then it gives up; without: for ever, as beside a live source.
  std::optional<std::chrono::milliseconds> patience;
  std::function<void(const ChartProgress&)> progress;
};

// Fetches the last days of each coin from CoinGecko's market charts, one batch a coin, then ends. Shares the poller's client, so both
// keep to one budget. Repeating it gives equal rows, which silver recognises as duplicates. One thread.
class CoinGeckoChartSource final : public Source {
 public:
  CoinGeckoChartSource(std::shared_ptr<CoinGeckoClient> client, ChartOptions options);

  std::string position_id() const override { return "bronze/direct/coingecko_chart"; }
  // Position 1 of this id: a run has come to its end, every coin fetched or refused.
  static std::string EndId() { return "bronze/direct/coingecko_chart_end"; }
  // Errors: Invalid when days or coins make no sense, or the provider refuses the key or every coin, or its answers for a coin are no
  // charts, time after time; Unavailable when its patience is at
  // an end; Cancelled when stopped before its end, if it has patience.
  Status Run(std::int64_t position, const SourceOutput& output, StopToken stop) override;

 private:
  enum class Outcome { kDone, kRefused, kUnread, kStopped, kGaveUp };

  Outcome FetchCoin(const std::string& coin, const SourceOutput& output, StopToken stop);
  bool AwaitTurn(const std::string& coin, const SourceOutput& output, StopToken stop);
  bool Retry(const std::string& words, SourceState state, std::chrono::milliseconds wait, const SourceOutput& output,
             StopToken stop);
  bool TakeBody(const std::string& body, const std::string& coin, const SourceOutput& output, Trouble& trouble);
  void SetAside(const Trouble& trouble, const SourceOutput& output);
  void Say(const std::string& words, SourceState state, std::chrono::milliseconds wait, const SourceOutput& output);
  RawBatch NewBatch() const;
  bool Push(RawBatch batch, const SourceOutput& output);

  std::shared_ptr<CoinGeckoClient> client_;
  ChartOptions options_;
  std::int64_t position_ = 0;
  std::size_t rows_ = 0;
  bool refused_by_pipeline_ = false;
  std::string last_said_;
  std::optional<std::chrono::steady_clock::time_point> trying_since_;  // without anything that came
  bool gave_up_ = false;
};

}  // namespace cryptostream
