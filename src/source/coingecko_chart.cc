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
constexpr int kMostBadBodies =
    3;  // for one coin, one after the other: a provider that has changed its form will not change it back

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
  gave_up_ = false;
  trying_since_.reset();
  std::size_t done = 0, refused = 0, unread = 0;
  auto so_far = [&] { return fmt::format("{} of {} coins fetched", done - refused - unread, options_.coins.size()); };
  for (const auto& coin : options_.coins) {
    Outcome outcome = FetchCoin(coin, output, stop);
    if (outcome == Outcome::kStopped && !options_.patience) return {};
    if (outcome == Outcome::kStopped) {
      return Cancelled(fmt::format("stopped before the backfill's end: {} (run it again, equal rows are recognised)", so_far()));
    }
    if (outcome == Outcome::kGaveUp) {
      return Unavailable(
          fmt::format("gave up after {} without an answer: {}, {} (run it again, equal rows are recognised; --wait waits longer)",
                      FormatDuration(*options_.patience), so_far(), last_said_));
    }
    if (outcome == Outcome::kRefused) ++refused;
    if (outcome == Outcome::kUnread) ++unread;
    ++done;
    if (options_.progress) options_.progress({done, options_.coins.size(), coin, rows_});
  }
  // That is no end: the state stays "refused", and the next start asks again.
  if (refused > 0 && refused == done) return Invalid("the provider refused every coin of the backfill: " + last_said_);
  if (unread > 0) {
    return Invalid(fmt::format("answers of the backfill are no market charts: {}; the next start asks again", so_far()));
  }
  RawBatch end = NewBatch();
  end.position_id = EndId();
  end.next_position = 1;
  end.end_of_input = true;
  output.push(std::move(end));
  if (output.report) output.report({"coingecko_chart", SourceState::kDone, fmt::format("{} points", rows_), {}, {}});
  return {};
}

CoinGeckoChartSource::Outcome CoinGeckoChartSource::FetchCoin(const std::string& coin, const SourceOutput& output,
                                                              StopToken stop) {
  int bad_bodies = 0;
  while (AwaitTurn(coin, output, stop)) {
    auto answer = client_->Get(client_->ChartPath(coin, options_.days), stop);
    if (stop.stop_requested()) return Outcome::kStopped;
    Trouble trouble = BadBody("", "");
    if (answer && TakeBody(answer->body, coin, output, trouble)) {
      return refused_by_pipeline_ ? Outcome::kStopped : Outcome::kDone;
    }
    if (!answer) trouble = std::move(answer).error();
    std::string words = fmt::format("{} (backfill of {})", trouble.words, coin);
    if (trouble.kind == TroubleKind::kRefused) {
      Say(words, SourceState::kRefused, milliseconds(0), output);
      return Outcome::kRefused;
    }
    if (trouble.kind == TroubleKind::kBadBody) SetAside(trouble, output);
    if (trouble.kind == TroubleKind::kBadBody && ++bad_bodies == kMostBadBodies) {
      Say(words, SourceState::kRefused, milliseconds(0), output);
      return Outcome::kUnread;
    }
    auto wait = std::max(trouble.wait, milliseconds(1'000));
    if (refused_by_pipeline_ || !Retry(words, StateOf(trouble.kind), wait, output, stop)) break;
  }
  return gave_up_ ? Outcome::kGaveUp : Outcome::kStopped;
}

// Says what is wrong and when the next try is, and waits for it. Out: false when stopped, or when its patience is at an end.
bool CoinGeckoChartSource::Retry(const std::string& words, SourceState state, milliseconds wait, const SourceOutput& output,
                                 StopToken stop) {
  auto now = client_->clock().Steady();
  if (!trying_since_) trying_since_ = now;
  if (options_.patience) {
    auto left = std::chrono::ceil<milliseconds>(*trying_since_ + *options_.patience - now);
    // A limit that lasts longer than it may wait will not end before: there is nothing to wait for.
    bool in_vain = state == SourceState::kLimited && wait > left;
    gave_up_ = left <= milliseconds(0) || in_vain;
    if (gave_up_) {
      last_said_ = words;
      return false;
    }
    wait = std::min(wait, left);
  }
  Say(words, state, wait, output);
  return client_->Wait(stop, wait);
}

bool CoinGeckoChartSource::AwaitTurn(const std::string& coin, const SourceOutput& output, StopToken stop) {
  constexpr milliseconds kRecheckInterval{60'000};  // the clock may be set, the month may turn
  while (!stop.stop_requested()) {
    auto turn = client_->budget().Take(CallBudget::Caller::kHistory);
    if (turn.limit == CallBudget::Limit::kNone) return true;
    if (turn.limit == CallBudget::Limit::kMinute) {
      if (!client_->Wait(stop, turn.wait)) return false;
      continue;
    }
    auto trouble = client_->held_because();
    std::string why = turn.limit == CallBudget::Limit::kMonth ? "the month's calls are used up"
                      : trouble                               ? trouble->words
                                                              : "held back";
    auto wait = options_.patience ? turn.wait : std::min(turn.wait, kRecheckInterval);
    if (!Retry(fmt::format("{} (backfill of {})", why, coin), SourceState::kLimited, wait, output, stop)) return false;
  }
  return false;
}

// Pushes the points of a whole body. Out: false, and the trouble, when the body is not one.
bool CoinGeckoChartSource::TakeBody(const std::string& body, const std::string& coin, const SourceOutput& output,
                                    Trouble& trouble) {
  RawBatch batch = NewBatch();
  auto rows = DecodeChart(body, coin, client_->quote(), client_->clock().Now(), position_, batch);
  if (!rows) {
    trouble = BadBody(rows.error(), body);
    trouble.wait = std::chrono::seconds(15);
    return false;
  }
  rows_ += *rows;
  last_said_.clear();
  trying_since_.reset();
  if (output.report) output.report({"coingecko_chart", SourceState::kOk, coin, client_->clock().Now(), {}});
  if (!batch.empty()) Push(std::move(batch), output);
  return true;
}

void CoinGeckoChartSource::SetAside(const Trouble& trouble, const SourceOutput& output) {
  RawBatch batch = NewBatch();
  AddReject(batch, position_, "bad_body: " + trouble.fault, trouble.bad_body, client_->clock().Now(), kMostBadBodyBytes);
  Push(std::move(batch), output);
}

// Beside a live source the same words are said once; whoever waits for a backfill hears of each try.
void CoinGeckoChartSource::Say(const std::string& words, SourceState state, milliseconds wait, const SourceOutput& output) {
  std::string next;
  if (wait > milliseconds(0)) next = ", next try in " + FormatDuration(std::chrono::ceil<std::chrono::seconds>(wait));
  if (options_.patience || !SaysTheSame(words, last_said_)) LogWarn("coingecko_chart: {}{}", words, next);
  last_said_ = words;
  if (output.report) output.report({"coingecko_chart", state, words + next, {}, client_->clock().Now() + wait});
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
