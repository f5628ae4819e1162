// One call to CoinGecko. In: a path. Out: a good answer, or the trouble and how long it bids to wait. The waits live here and
// not in the sources, because the provider counts an address or a key, not our threads.
#include "source/coingecko_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/metrics.h"
#include "base/secret.h"
#include "base/text.h"
#include "market/name.h"
#include "net/url.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMostCoins = 250;  // rows that one call can give

std::string_view PlanName(CoinGeckoPlan plan) {
  switch (plan) {
    case CoinGeckoPlan::kKeyless: return "keyless";
    case CoinGeckoPlan::kDemo: return "demo";
    case CoinGeckoPlan::kPro: return "pro";
  }
  return "unknown";
}

BudgetLimits LimitsOf(const CoinGeckoOptions& options) {
  switch (options.plan) {
    case CoinGeckoPlan::kKeyless: return {options.calls_per_minute.value_or(10), options.calls_per_month};
    case CoinGeckoPlan::kDemo: return {options.calls_per_minute.value_or(30), options.calls_per_month.value_or(10'000)};
    case CoinGeckoPlan::kPro: return {options.calls_per_minute.value_or(500), options.calls_per_month.value_or(500'000)};
  }
  return {};
}

void AddProblemsOfBaseUrl(const CoinGeckoOptions& o, SettingProblems& found) {
  const std::string setting = "coingecko.base_url";
  auto url = ParseUrl(o.base_url);
  if (!url) {
    found.push_back({setting + ": " + url.error().message, {setting}});
    return;
  }
  bool https = url->scheme == "https";
  if (!https && url->scheme != "http") found.push_back({setting + " is neither https nor http: value=" + o.base_url, {setting}});
  if (!url->user.empty()) {
    found.push_back({setting + " must not hold a user name: what stands before an @ is not the host", {setting}});
  }
  if (!o.key.empty() && url->scheme == "http" && !IsLoopbackHost(url->host)) {
    found.push_back({"a key must not travel unencrypted: use https in " + setting + " (host=" + url->host + ")",
                     {setting, "coingecko.key", "coingecko.key_file"}});
  }
}

void AddProblemsOfCoins(const std::vector<std::string>& coins, SettingProblems& found) {
  const std::string setting = "coingecko.coins";
  if (coins.empty()) found.push_back({"there is no coin to ask for: set " + setting + " (as bitcoin, ethereum)", {setting}});
  if (coins.size() > kMostCoins) {
    found.push_back(
        {fmt::format("too many coins for one call: {} has {}, at most {}", setting, coins.size(), kMostCoins), {setting}});
  }
  for (const auto& coin : coins) {
    if (IsValidName(coin)) continue;
    found.push_back({fmt::format("not a coin id in {}: \"{}\" (as CoinGecko spells it: bitcoin)", setting, coin), {setting}});
  }
}

SettingProblems ProblemsOf(const CoinGeckoOptions& o) {
  SettingProblems found;
  AddProblemsOfCoins(o.coins, found);
  if (!IsQuote(LowerQuote(o.vs_currency))) {
    found.push_back(
        {fmt::format("not a currency: coingecko.vs_currency=\"{}\" (as usd)", o.vs_currency), {"coingecko.vs_currency"}});
  }
  AddProblemsOfBaseUrl(o, found);
  if (o.plan != CoinGeckoPlan::kKeyless && o.key.empty()) {
    found.push_back(
        {fmt::format("coingecko.plan={} needs a key: set coingecko.key_file or CRYPTOSTREAM_COINGECKO__KEY", PlanName(o.plan)),
         {"coingecko.plan"}});
  }
  bool printable = std::ranges::all_of(o.key.Reveal(), [](unsigned char c) { return c > ' ' && c < 127; });
  if (!printable) {
    found.push_back({"coingecko.key has characters that no key has (a line end?)", {"coingecko.key", "coingecko.key_file"}});
  }
  if (LimitsOf(o).calls_per_minute < 1) {
    found.push_back({"coingecko.calls_per_minute must be at least 1", {"coingecko.calls_per_minute"}});
  }
  if (LimitsOf(o).calls_per_month.value_or(1) < 1) {
    found.push_back({"coingecko.calls_per_month must be at least 1", {"coingecko.calls_per_month"}});
  }
  return found;
}

// A key without a plan is one of the demo plan. Fills in the plan's base URL and takes a trailing slash off a given one.
CoinGeckoOptions Completed(CoinGeckoOptions options) {
  if (!options.key.empty() && options.plan == CoinGeckoPlan::kKeyless) options.plan = CoinGeckoPlan::kDemo;
  if (options.base_url.empty()) {
    bool pro = options.plan == CoinGeckoPlan::kPro;
    options.base_url = pro ? "https://pro-api.coingecko.com/api/v3" : "https://api.coingecko.com/api/v3";
  }
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  return options;
}

}  // namespace

SettingProblems CoinGeckoProblems(const CoinGeckoOptions& options) { return ProblemsOf(Completed(options)); }

Result<std::shared_ptr<CoinGeckoClient>> CoinGeckoClient::Create(CoinGeckoOptions options, const Clock& clock,
                                                                 std::unique_ptr<HttpTransport> transport, WaitFunction wait) {
  options = Completed(std::move(options));
  CS_TRY(StatusOf(ProblemsOf(options)));
  if (!transport) transport = std::make_unique<CurlTransport>(options.http);
  return std::shared_ptr<CoinGeckoClient>(new CoinGeckoClient(std::move(options), clock, std::move(transport), std::move(wait)));
}

CoinGeckoClient::CoinGeckoClient(CoinGeckoOptions options, const Clock& clock, std::unique_ptr<HttpTransport> transport,
                                 WaitFunction wait)
    : options_(std::move(options)),
      clock_(clock),
      transport_(std::move(transport)),
      wait_(std::move(wait)),
      budget_(std::string(PlanName(options_.plan)), LimitsOf(options_), options_.budget_file, clock) {}

std::expected<HttpAnswer, Trouble> CoinGeckoClient::Get(const std::string& path, StopToken stop) {
  HttpRequest request{options_.base_url + path, "", options_.key};
  if (options_.plan == CoinGeckoPlan::kDemo) request.secret_header = "x-cg-demo-api-key";
  if (options_.plan == CoinGeckoPlan::kPro) request.secret_header = "x-cg-pro-api-key";
  auto started = clock_.Steady();
  auto attempt = transport_->Get(request, stop);
  std::chrono::duration<double> took = clock_.Steady() - started;
  bool cancelled = !attempt && attempt.error().kind == ErrorKind::kCancelled;
  std::string status = attempt ? std::to_string(attempt->status) : cancelled ? "cancelled" : "unreachable";
  CountMetric("cryptostream_source_requests_total", "requests to a provider, by HTTP status",
              {{"source", "coingecko"}, {"status", status}});
  ObserveSeconds("cryptostream_source_request_duration_seconds", "time of a request to a provider", {{"source", "coingecko"}},
                 took.count());
  // Here, before it becomes a message, a reason or a rejected body: a provider may quote the key that was sent to it.
  if (attempt) attempt->body = MaskSecrets(std::move(attempt->body));
  auto answer = JudgeAnswer(std::move(attempt), clock_.Now());
  Conclude(answer);
  return answer;
}

// Sets how long a trouble bids to wait, and keeps everybody back where the provider asked for it.
void CoinGeckoClient::Conclude(std::expected<HttpAnswer, Trouble>& answer) {
  std::lock_guard lock(mutex_);
  if (answer) {
    unreachable_.Reset();
    trouble_.Reset();
    limited_.Reset();
    ban_.Reset();
    return;
  }
  Trouble& trouble = answer.error();
  trouble.wait = WaitFor(trouble);
  if (trouble.kind == TroubleKind::kUnreachable) budget_.GiveBack();
  if (trouble.kind != TroubleKind::kLimited && trouble.kind != TroubleKind::kBanned) return;
  budget_.Hold(trouble.wait);
  held_because_ = trouble;
}

std::optional<Trouble> CoinGeckoClient::held_because() const {
  std::lock_guard lock(mutex_);
  return held_because_;
}

std::chrono::milliseconds CoinGeckoClient::WaitFor(const Trouble& trouble) {
  if (trouble.kind == TroubleKind::kCancelled) return std::chrono::milliseconds(0);
  if (trouble.retry_after) return *trouble.retry_after;
  if (trouble.kind == TroubleKind::kUnreachable) return unreachable_.Next();
  if (trouble.kind == TroubleKind::kLimited) return limited_.Next();
  return trouble.kind == TroubleKind::kBanned ? ban_.Next() : trouble_.Next();
}

std::string CoinGeckoClient::MarketsPath() const {
  std::string ids;
  for (const auto& coin : options_.coins) ids += (ids.empty() ? "" : ",") + PercentEncode(coin);
  std::string path = fmt::format("/coins/markets?vs_currency={}&ids={}", PercentEncode(options_.vs_currency), ids);
  if (options_.coins.size() > 100) path += "&per_page=250";  // the provider's default page is 100 rows
  return path;
}

std::string CoinGeckoClient::ChartPath(const std::string& coin, int days) const {
  return fmt::format("/coins/{}/market_chart?vs_currency={}&days={}", PercentEncode(coin), PercentEncode(options_.vs_currency),
                     days);
}

ProbeResult CoinGeckoProbe(CoinGeckoClient& client, StopToken stop) {
  using Reach = ProbeResult::Reach;
  CallBudget::Turn turn = client.budget().Take();
  while (turn.limit == CallBudget::Limit::kMinute) {
    if (!client.Wait(stop, turn.wait)) return {Reach::kUnreachable, "stopped before an answer"};
    turn = client.budget().Take();
  }
  if (turn.limit == CallBudget::Limit::kHeld) {
    auto trouble = client.held_because();
    return {Reach::kTrouble, trouble ? trouble->words : "held back"};
  }
  if (turn.limit == CallBudget::Limit::kMonth) return {Reach::kTrouble, "the month's calls are used up"};
  auto answer = client.Get("/ping", stop);
  if (answer) return {};
  const Trouble& trouble = answer.error();
  if (trouble.kind == TroubleKind::kUnreachable) return {Reach::kUnreachable, trouble.fault};
  if (trouble.kind == TroubleKind::kCancelled) return {Reach::kUnreachable, "stopped before an answer"};
  return {Reach::kTrouble, trouble.words};
}

}  // namespace cryptostream
