// The backfill: market charts in, one batch of messages a coin out. Its points carry nothing of the run (no receive time, no
// counter) in their columns, because that is what makes a second backfill of the same days a set of duplicates and not of new rows.
#include "source/coingecko_chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "market/name.h"
#include "source/chart_decoder.h"
#include "source/reject.h"

namespace cryptostream {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t kMostBadBodyBytes = 64 * 1024;

Status CheckOptions(const ChartOptions& options) {
  constexpr int kMostDays = 3650;
  if (options.days < 1 || options.days > kMostDays) {
    return Invalid(fmt::format("days out of range: days={}, allowed 1 to {}", options.days, kMostDays));
  }
  for (const auto& coin : options.coins) {
    if (!IsValidName(coin)) return Invalid(fmt::format("not a coin id: \"{}\"", coin));
  }
  return {};
}

}  // namespace

CoinGeckoChartSource::CoinGeckoChartSource(std::shared_ptr<CoinGeckoClient> client, ChartOptions options)
    : client_(std::move(client)), options_(std::move(options)) {}

Status CoinGeckoChartSource::Run(std::int64_t position, const SourceOutput& output, StopToken stop) {
  CS_TRY(CheckOptions(options_));
  position_ = position;
  rows_ = 0;
  refused_by_pipeline_ = false;
  std::size_t done = 0, refused = 0;
  for (const auto& coin : options_.coins) {
    Outcome outcome = FetchCoin(coin, output, stop);
    if (outcome == Outcome::kStopped) return {};
    if (outcome == Outcome::kRefused) ++refused;
    ++done;
    if (options_.progress) options_.progress({done, options_.coins.size(), coin, rows_});
  }
  RawBatch end = NewBatch();
  end.position_id = EndId();
  end.next_position = 1;
  end.end_of_input = true;
  output.push(std::move(end));
  if (output.report) output.report({"coingecko_chart", SourceState::kDone, fmt::format("{} points", rows_), {}, {}});
  if (refused > 0 && refused == done) return Invalid("the provider refused every coin of the backfill: " + last_said_);
  return {};
}

CoinGeckoChartSource::Outcome CoinGeckoChartSource::FetchCoin(const std::string& coin, const SourceOutput& output,
                                                              StopToken stop) {
  while (AwaitTurn(output, stop)) {
    auto answer = client_->Get(client_->ChartPath(coin, options_.days), stop);
    if (stop.stop_requested()) return Outcome::kStopped;
    Trouble trouble = BadBody("", "");
    if (answer && TakeBody(answer->body, coin, output, trouble)) {
      return refused_by_pipeline_ ? Outcome::kStopped : Outcome::kDone;
    }
    if (!answer) trouble = std::move(answer).error();
    Say(fmt::format("{} (backfill of {})", trouble.words, coin), StateOf(trouble.kind), trouble.wait, output);
    if (trouble.kind == TroubleKind::kRefused) return Outcome::kRefused;
    if (trouble.kind == TroubleKind::kBadBody) SetAside(trouble, output);
    if (refused_by_pipeline_ || !client_->Wait(stop, std::max(trouble.wait, milliseconds(1'000)))) break;
  }
  return Outcome::kStopped;
}

bool CoinGeckoChartSource::AwaitTurn(const SourceOutput& output, StopToken stop) {
  while (!stop.stop_requested()) {
    auto turn = client_->budget().Take();
    if (turn.limit == CallBudget::Limit::kNone) return true;
    if (turn.limit == CallBudget::Limit::kMonth) Say("the month's calls are used up", SourceState::kLimited, turn.wait, output);
    constexpr milliseconds kLookAgain{60'000};
    if (!client_->Wait(stop, std::min(turn.wait, kLookAgain))) return false;
  }
  return false;
}

// Pushes the points of a whole body. Out: false, and the trouble, when the body is not one.
bool CoinGeckoChartSource::TakeBody(const std::string& body, const std::string& coin, const SourceOutput& output,
                                    Trouble& trouble) {
  RawBatch batch = NewBatch();
  auto rows = DecodeChart(body, coin, client_->clock().Now(), position_, batch);
  if (!rows) {
    trouble = BadBody(rows.error(), body);
    trouble.wait = std::chrono::seconds(15);
    return false;
  }
  rows_ += *rows;
  last_said_.clear();
  if (output.report) output.report({"coingecko_chart", SourceState::kOk, coin, client_->clock().Now(), {}});
  if (!batch.empty()) Push(std::move(batch), output);
  return true;
}

void CoinGeckoChartSource::SetAside(const Trouble& trouble, const SourceOutput& output) {
  RawBatch batch = NewBatch();
  AddReject(batch, position_, "bad_body: " + trouble.fault, trouble.bad_body, client_->clock().Now(), kMostBadBodyBytes);
  Push(std::move(batch), output);
}

void CoinGeckoChartSource::Say(const std::string& words, SourceState state, milliseconds wait, const SourceOutput& output) {
  if (!SaysTheSame(words, last_said_)) LogWarn("coingecko_chart: {}", words);
  last_said_ = words;
  if (output.report) output.report({"coingecko_chart", state, words, {}, client_->clock().Now() + wait});
}

RawBatch CoinGeckoChartSource::NewBatch() const {
  RawBatch batch;
  batch.source = "coingecko_chart";
  batch.position_id = position_id();
  batch.next_position = position_ + 1;
  batch.live = false;
  return batch;
}

bool CoinGeckoChartSource::Push(RawBatch batch, const SourceOutput& output) {
  position_ = batch.next_position;
  refused_by_pipeline_ = !output.push(std::move(batch));
  return !refused_by_pipeline_;
}

}  // namespace cryptostream
