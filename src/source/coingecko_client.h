#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/setting_problem.h"
#include "base/stop.h"
#include "base/time.h"
#include "market/quote.h"
#include "net/http_client.h"
#include "source/call_budget.h"
#include "source/coingecko_trouble.h"
#include "source/retry_after.h"

namespace cryptostream {

enum class CoinGeckoPlan { kKeyless, kDemo, kPro };

struct CoinGeckoOptions {
  CoinGeckoPlan plan = CoinGeckoPlan::kKeyless;
  Secret key;
  std::string base_url;  // empty: the plan's own
  std::string vs_currency = "usd";
  std::vector<std::string> coins{"bitcoin",  "ethereum", "solana",    "cardano", "ripple",
                                 "polkadot", "dogecoin", "chainlink", "tron",    "avalanche-2"};
  std::optional<std::chrono::milliseconds> pace;  // the user's wish; default: 15 s, slower where the month's budget asks for it
  std::optional<Date> run_out;                    // spend the month's budget evenly until this day instead
  std::optional<int> calls_per_minute;            // default: 10 keyless, 30 demo, 500 pro
  std::optional<std::int64_t> calls_per_month;    // default: none keyless, 10,000 demo, 500,000 pro
  std::filesystem::path budget_file;              // where the month's count is kept; empty: nowhere
  HttpClientOptions http;
};

// Returns everything for which Create would refuse these options. Needs no network.
SettingProblems CoinGeckoProblems(const CoinGeckoOptions& options);

// How a source waits; false when stopped. SleepFor, or a turn of the clock's hand in tests.
using WaitFunction = std::function<bool(StopToken, std::chrono::nanoseconds)>;

// CoinGecko's API under one plan: adds the key, keeps to the budget, judges answers, counts. Shared by the poller and the backfill, so
// that a 429 to one holds back both. Thread-safe.
class CoinGeckoClient {
 public:
  // Errors: Invalid for options that cannot work (no coin, a bad coin id, a key that would travel unencrypted, ...).
  // Requires: `clock` outlives the client.
  static Result<std::shared_ptr<CoinGeckoClient>> Create(CoinGeckoOptions options, const Clock& clock,
                                                         std::unique_ptr<HttpTransport> transport = nullptr,
                                                         WaitFunction wait = SleepFor);

  // Calls `path` ("/ping") now. Errors: the trouble, with `wait` set. Requires: a turn of budget().Take().
  std::expected<HttpAnswer, Trouble> Get(const std::string& path, StopToken stop);
  // "/coins/markets?..." for all coins of the options.
  std::string MarketsPath() const;
  // "/coins/<id>/market_chart?..." of the last `days`.
  std::string ChartPath(const std::string& coin, int days) const;

  // Why nobody may call now: the 429 or the ban that one of the callers met last.
  std::optional<Trouble> held_because() const;

  CallBudget& budget() { return budget_; }
  const CoinGeckoOptions& options() const { return options_; }
  // The currency of every price that it gives.
  std::string quote() const { return LowerQuote(options_.vs_currency); }
  const Clock& clock() const { return clock_; }
  bool Wait(StopToken stop, std::chrono::nanoseconds time) const { return wait_(stop, time); }

 private:
  CoinGeckoClient(CoinGeckoOptions options, const Clock& clock, std::unique_ptr<HttpTransport> transport, WaitFunction wait);
  std::chrono::milliseconds WaitFor(const Trouble& trouble);
  void Conclude(std::expected<HttpAnswer, Trouble>& answer);

  const CoinGeckoOptions options_;
  const Clock& clock_;
  const std::unique_ptr<HttpTransport> transport_;
  const WaitFunction wait_;
  CallBudget budget_;
  mutable std::mutex mutex_;
  std::optional<Trouble> held_because_;
  Backoff unreachable_{std::chrono::seconds(2), std::chrono::minutes(1)};
  Backoff trouble_{std::chrono::seconds(2), std::chrono::minutes(5)};
  Backoff limited_{std::chrono::seconds(30), std::chrono::minutes(10)};
  Backoff ban_{std::chrono::minutes(20), std::chrono::hours(1)};
};

struct ProbeResult {
  enum class Reach { kReachable, kUnreachable, kTrouble };
  Reach reach = Reach::kReachable;
  std::string reason;  // unless reachable: the trouble in words, or the cause of the silence
};
// Asks once whether the provider answers. A 429, a 403 or an HTML page is an answer (kTrouble), not silence.
ProbeResult CoinGeckoProbe(CoinGeckoClient& client, StopToken stop);

}  // namespace cryptostream
