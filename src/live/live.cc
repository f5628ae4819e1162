// The live memory's feeding side (live_read.cc answers from it). In: gold's rows and silver's ticks as the follower reads
// them, provisional ticks from the engine. A provisional tick lives from its arrival until silver has consumed the bronze
// version that holds it: the follower's ApplySilver adds the durable tick and drops the provisional one under one lock,
// so no reader sees it twice or not at all.
#include "live/live.h"

#include <algorithm>

#include "base/machine_clock.h"

namespace cryptostream {

Live::Live(LiveLimits limits, SourceOrders orders, const Clock* clock)
    : limits_(limits), clock_(clock != nullptr ? *clock : MachineClock()), orders_(std::move(orders)) {}

void Live::SetOrders(SourceOrders orders) {
  {
    std::lock_guard lock(mutex_);
    orders_ = std::move(orders);
    ++sequence_;
  }
  Notify();
}

Series* Live::Find(Name coin, Name source, Name quote) {
  SourceSeries& all = coins_[coin];
  auto found = all.find({source, quote});
  if (found != all.end()) return found->second.get();
  if (series_ >= limits_.max_series) {
    if (all.empty()) coins_.erase(coin);
    return nullptr;
  }
  ++series_;
  auto series = std::make_unique<Series>(coin, source, quote, CompleteFromOf(source));
  return all.emplace(std::pair(source, quote), std::move(series)).first->second.get();
}

Timestamp Live::ClosedOf(Name source) const {
  auto found = closed_.find(source);
  return found == closed_.end() ? kNoTime : found->second;
}

void Live::AddProvisional(std::uint64_t batch, const std::vector<Tick>& ticks) {
  {
    std::lock_guard lock(mutex_);
    if (provisional_ + ticks.size() > limits_.max_provisional) return;
    NoteFed(ticks);
    std::size_t added = 0;
    for (const Tick& tick : ticks) {
      if (tick.event_time > tick.ingested + kFutureTolerance) continue;
      Series* series = Find(tick.coin, tick.source, tick.quote);
      if (series != nullptr && series->AddProvisional(tick, batch, ClosedOf(tick.source))) ++added;
    }
    if (!batches_.empty() && batches_.back().number == batch) {
      batches_.back().ticks += added;
    } else {
      batches_.push_back({batch, std::nullopt, added});
    }
    provisional_ += added;
    Finish();
  }
  Notify();
}

void Live::BronzeCommitted(std::uint64_t through_batch, Version bronze_version) {
  {
    std::lock_guard lock(mutex_);
    for (Batch& batch : batches_) {
      if (batch.number <= through_batch && !batch.bronze_version) batch.bronze_version = bronze_version;
    }
    committed_batch_ = std::max(committed_batch_, through_batch);
    for (auto& [coin, all] : coins_) {
      for (auto& [key, series] : all) series->SettleProvisional(committed_batch_, dropped_batch_);
    }
    Finish();
  }
  Notify();
}

void Live::DropConsumed(Version consumed_bronze) {
  while (!batches_.empty() && batches_.front().bronze_version && *batches_.front().bronze_version <= consumed_bronze) {
    dropped_batch_ = batches_.front().number;
    provisional_ -= batches_.front().ticks;
    batches_.pop_front();
  }
  for (auto& [coin, all] : coins_) {
    for (auto& [key, series] : all) series->SettleProvisional(committed_batch_, dropped_batch_);
  }
}

void Live::FoldSilver(const std::vector<Tick>& ticks, std::optional<Version> consumed_bronze) {
  for (const Tick& tick : ticks) {
    if (Series* series = Find(tick.coin, tick.source, tick.quote)) series->AddDurable(tick, ClosedOf(tick.source));
  }
  if (consumed_bronze) DropConsumed(*consumed_bronze);
  Finish();
}

void Live::ApplySilver(const std::vector<Tick>& ticks, std::optional<Version> consumed_bronze) {
  {
    std::lock_guard lock(mutex_);
    NoteFed(ticks);
    FoldSilver(ticks, consumed_bronze);
  }
  Notify();
}

void Live::NoteFed(const std::vector<Tick>& ticks) {
  const Timestamp now = clock_.Now();
  Name last;
  for (const Tick& tick : ticks) {
    if (tick.source == last) continue;
    last = tick.source;
    last_fed_[last] = now;
  }
}

void Live::ReplaceSilverTail(const std::vector<Tick>& ticks, std::optional<Version> consumed_bronze, bool is_news) {
  {
    std::lock_guard lock(mutex_);
    if (is_news) NoteFed(ticks);
    for (auto& [coin, all] : coins_) {
      for (auto& [key, series] : all) series->ForgetDurable();
    }
    FoldSilver(ticks, consumed_bronze);
  }
  Notify();
}

void Live::ApplyGold(const std::vector<GoldRow>& rows, const std::map<std::string, Timestamp>& closed, Version version) {
  {
    std::lock_guard lock(mutex_);
    for (const GoldRow& row : rows) {
      if (Series* series = Find(row.key.coin, row.key.source, row.key.quote)) series->SetGold(row, sequence_ + 1);
    }
    for (const auto& [text, to] : closed) {
      Name source(text);
      Timestamp from = ClosedOf(source);
      if (to <= from) continue;
      closed_[source] = to;
      for (auto& [coin, all] : coins_) {
        for (auto of_source = all.lower_bound({source, Name()}); of_source != all.end() && of_source->first.first == source;
             ++of_source) {
          of_source->second->CloseThrough(from, to, sequence_ + 1);
        }
      }
    }
    gold_version_ = std::max(gold_version_, version);
    Finish();
  }
  Notify();
}

Timestamp Live::CompleteFromOf(Name source) const {
  auto found = complete_from_.find(source);
  return found == complete_from_.end() ? others_complete_from_ : found->second;
}

void Live::SetCompleteFrom(const std::map<std::string, Timestamp>& by_source, Timestamp others) {
  std::lock_guard lock(mutex_);
  complete_from_.clear();
  for (const auto& [source, from] : by_source) complete_from_[Name(source)] = from;
  others_complete_from_ = others;
  for (auto& [coin, all] : coins_) {
    for (auto& [key, series] : all) series->SetCompleteFrom(CompleteFromOf(key.first));
  }
}

void Live::Finish() {
  ++sequence_;
  std::size_t share = std::max<std::size_t>(60, limits_.max_windows / std::max<std::size_t>(1, series_));
  for (auto& [coin, all] : coins_) {
    for (auto& [key, series] : all) {
      series->Refresh(sequence_);
      series->Evict(limits_.keep, std::min(limits_.min_windows, share), share);
    }
  }
}

void Live::Notify() const {
  if (notify_) notify_();
}

}  // namespace cryptostream
