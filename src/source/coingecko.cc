// The poller: /coins/markets in, one batch of messages a poll out.
//
// The order of things in a turn: wait for leave from the budget, call, push what came, then wait for the pace, or longer where the
// provider's cache would only repeat itself, or as long as trouble bids. An answer counts only as a whole: a body that
// breaks anywhere is set aside with its bytes and asked for again, so that there is never half a poll in the tables. What the provider
// says of itself (`last_updated`) is kept apart from when we asked (`timestamp`): a cached price is an observation too.
#include "source/coingecko.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "source/reject.h"

namespace cryptostream {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t kMostBadBodyBytes = 64 * 1024;  // of a bad body kept: enough to see what it was

constexpr std::chrono::minutes kClocksMayDiffer{1};  // a stamp that is further ahead than this is told

// The first few of them, as "x, y and 3 more".
std::string Named(const std::set<std::string>& coins) {
  constexpr std::size_t kMostNames = 5;
  std::string names;
  std::size_t named = 0;
  for (auto coin = coins.begin(); coin != coins.end() && named < kMostNames; ++coin, ++named) {
    names += (names.empty() ? "" : ", ") + *coin;
  }
  return coins.size() > named ? fmt::format("{} and {} more", names, coins.size() - named) : names;
}

// What is in `a` and not in `b`, as "x,y".
std::string Difference(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::string names;
  for (const auto& name : a) {
    if (!b.contains(name)) names += (names.empty() ? "" : ",") + name;
  }
  return names;
}

}  // namespace

CoinGeckoSource::CoinGeckoSource(std::shared_ptr<CoinGeckoClient> client)
    : client_(std::move(client)), pace_(*client_), decoder_(client_->quote()) {}

Status CoinGeckoSource::Run(std::int64_t position, const SourceOutput& output, StopToken stop) {
  position_ = position;
  refused_by_pipeline_ = false;
  LogInfo("coingecko: {} coins, {}", client_->options().coins.size(), pace_.Words());
  Report(output, SourceState::kStarting, "first call to the provider", milliseconds(0));
  while (!refused_by_pipeline_ && AwaitTurn(output, stop)) {
    auto answer = client_->Get(client_->MarketsPath(), stop);
    if (stop.stop_requested()) break;
    auto wait = answer ? OnAnswer(*answer, output) : OnTrouble(std::move(answer).error(), output);
    if (!refused_by_pipeline_ && !client_->Wait(stop, wait)) break;
  }
  return {};
}

// Waits until the budget has a call for us. Out: false when stopped.
bool CoinGeckoSource::AwaitTurn(const SourceOutput& output, StopToken stop) {
  while (!stop.stop_requested()) {
    client_->budget().Reserve(pace_.Spacing());
    auto turn = client_->budget().Take();
    if (turn.limit == CallBudget::Limit::kNone) return true;
    if (turn.limit == CallBudget::Limit::kMonth) {
      Begin("the month's calls are used up");
      Report(output, SourceState::kLimited, outage_->words, turn.wait);
    }
    if (turn.limit == CallBudget::Limit::kHeld && !outage_) OnHeld(turn.wait, output);
    constexpr milliseconds kRecheckInterval{60'000};  // the clock may be set, the month may turn
    if (!client_->Wait(stop, std::min(turn.wait, kRecheckInterval))) return false;
  }
  return false;
}

// Somebody else who calls the provider (the backfill, a probe) was told to wait, and so are we.
void CoinGeckoSource::OnHeld(milliseconds wait, const SourceOutput& output) {
  auto trouble = client_->held_because();
  std::string words = trouble ? trouble->words : "held back";
  Begin(words);
  Report(output, trouble ? StateOf(trouble->kind) : SourceState::kLimited, words, wait);
}

milliseconds CoinGeckoSource::OnAnswer(const HttpAnswer& answer, const SourceOutput& output) {
  Timestamp now = client_->clock().Now();
  RawBatch batch = NewBatch();
  auto seen = decoder_.Decode(answer.body, now, now, position_, batch);
  if (!seen) {
    Trouble trouble = BadBody(seen.error(), answer.body);
    trouble.wait = pace_.Spacing();
    return OnTrouble(std::move(trouble), output);
  }
  bool any = NoteCoins(*seen, now);
  pace_.OnGood();
  if (!any) return OnNoCoin(std::move(batch), answer, output);
  if (!last_success_) TellAbsence(now, output);
  EndOutage(batch, now);
  last_success_ = now;
  auto wait = std::max(pace_.Spacing(), CacheLifetime(answer));
  Report(output, SourceState::kOk, CoinWords(), wait);
  if (!batch.empty()) Push(std::move(batch), output);
  return wait;
}

// An answer that is whole and has nothing that was asked for, `[]` above all: the provider knows none of these ids, or not any more.
milliseconds CoinGeckoSource::OnNoCoin(RawBatch batch, const HttpAnswer& answer, const SourceOutput& output) {
  Begin("no price for any of the coins that were asked for, are the ids right? " + Named(missing_));
  auto wait = std::max(pace_.Spacing(), CacheLifetime(answer));
  Report(output, SourceState::kFailing, outage_->words, wait);
  if (!batch.empty()) Push(std::move(batch), output);
  return wait;
}

// What is odd about an answer that is good as a whole.
std::string CoinGeckoSource::CoinWords() const {
  std::string words;
  if (!missing_.empty()) words = "no price for " + Named(missing_) + ", are the ids right?";
  if (!ahead_.empty()) words += (words.empty() ? "" : "; ") + ("stamped in the future by the provider: " + Named(ahead_));
  return words;
}

milliseconds CoinGeckoSource::OnTrouble(Trouble trouble, const SourceOutput& output) {
  if (trouble.kind == TroubleKind::kCancelled) return milliseconds(0);
  if (trouble.kind == TroubleKind::kLimited) pace_.OnLimited();
  Begin(trouble.words, trouble.kind == TroubleKind::kBanned || trouble.kind == TroubleKind::kRefused);
  auto wait = std::max(trouble.wait, milliseconds(1'000));
  if (trouble.kind == TroubleKind::kLimited && !trouble.retry_after) wait = std::max(wait, pace_.Spacing());
  Report(output, StateOf(trouble.kind), trouble.words, wait);
  if (trouble.kind == TroubleKind::kBadBody) {
    RawBatch batch = NewBatch();
    AddReject(batch, position_, "bad_body: " + trouble.fault, trouble.bad_body, client_->clock().Now(), kMostBadBodyBytes);
    Push(std::move(batch), output);
  }
  return wait;
}

// Opens an outage, or goes on with the open one. The same words are said once, not at each retry.
void CoinGeckoSource::Begin(const std::string& words, bool needs_a_person) {
  if (!outage_ || !SaysTheSame(outage_->words, words)) {
    LogLine(needs_a_person ? LogLevel::kError : LogLevel::kWarn, "coingecko: " + words);
  }
  if (!outage_) outage_ = Outage{last_success_.value_or(client_->clock().Now()), words, 0};
  outage_->words = words;
  ++outage_->attempts;
}

void CoinGeckoSource::EndOutage(RawBatch& batch, Timestamp now) {
  if (!outage_) return;
  auto lasted = std::chrono::duration_cast<milliseconds>(now - outage_->since);
  LogInfo("coingecko: prices again after {} without, {} attempts failed", FormatDuration(lasted), outage_->attempts);
  Gap gap;
  gap.source = batch.source;
  gap.from_time = outage_->since;
  gap.to_time = now;
  gap.reason = outage_->words;
  gap.detected_at = now;
  batch.gaps.push_back(std::move(gap));
  outage_.reset();
}

// The first good answer of a start: since the newest row that is durable nothing came, whatever the reason was (stopped, killed, or rows
// in hand that the disk would not take at the end). Those rows are the only witness, so the gap is made from them.
void CoinGeckoSource::TellAbsence(Timestamp now, const SourceOutput& output) {
  if (!output.newest) return;
  auto newest = output.newest("coingecko");
  if (!newest) {
    LogWarn("coingecko: cannot tell how long nothing came before this start: {}", newest.error().message);
    return;
  }
  if (!*newest || now - **newest < 2 * pace_.Spacing()) return;
  if (!outage_) outage_ = Outage{**newest, "no rows before this start: the program did not run, or could not write", 0};
  outage_->since = std::min(outage_->since, **newest);
}

// Tells of coins that were asked for and not answered, once when they go and once when they come back. Out: false when none was answered.
bool CoinGeckoSource::NoteCoins(const std::vector<SeenCoin>& seen, Timestamp now) {
  std::set<std::string> missing(client_->options().coins.begin(), client_->options().coins.end()), ahead;
  const auto asked = missing.size();
  for (const auto& coin : seen) {
    missing.erase(coin.coin_id);
    if (!coin.last_updated) continue;
    if (*coin.last_updated > now + kClocksMayDiffer) ahead.insert(coin.coin_id);
    std::chrono::duration<double> age = std::max(now - *coin.last_updated, std::chrono::microseconds(0));
    SetGauge("cryptostream_price_age_seconds", "age of the newest price by the provider's own stamp", {{"coin", coin.coin_id}},
             age.count());
  }
  for (const auto& coin : missing) {
    CountMetric("cryptostream_source_missing_coins_total", "coins asked for and not answered", {{"coin", coin}});
  }
  std::string gone = Difference(missing, missing_), back = Difference(missing_, missing);
  bool none = missing.size() == asked;  // that is an outage, and told as one
  if (!gone.empty() && !none) LogWarn("coingecko: no price for coins that were asked for, are the ids right? coins={}", gone);
  if (!back.empty()) LogInfo("coingecko: prices again for coins={}", back);
  std::string now_ahead = Difference(ahead, ahead_);
  if (!now_ahead.empty()) {
    LogWarn("coingecko: the provider's stamps lie in the future, is this machine's clock right? coins={}", now_ahead);
  }
  missing_ = std::move(missing);
  ahead_ = std::move(ahead);
  return !none;
}

void CoinGeckoSource::Report(const SourceOutput& output, SourceState state, std::string message, milliseconds wait) {
  if (!output.report) return;
  bool trouble = state != SourceState::kOk && wait > milliseconds(0);
  if (trouble) message += ", next try in " + FormatDuration(std::chrono::ceil<std::chrono::seconds>(wait));
  output.report({"coingecko", state, std::move(message), last_success_, client_->clock().Now() + wait});
}

RawBatch CoinGeckoSource::NewBatch() const {
  RawBatch batch;
  batch.source = "coingecko";
  batch.position_id = position_id();
  batch.next_position = position_ + 1;
  return batch;
}

void CoinGeckoSource::Push(RawBatch batch, const SourceOutput& output) {
  refused_by_pipeline_ = !output.push(std::move(batch));
  ++position_;
}

}  // namespace cryptostream
