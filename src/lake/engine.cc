// The stages wired up. Bounded queues between them carry the back-pressure to the source; everything that matters after a
// crash is in the tables.
#include "lake/engine.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "market/replayed.h"

namespace cryptostream {

Engine::Engine(Lake& lake, const Clock& clock, EngineHooks hooks)
    : lake_(lake),
      hooks_(std::move(hooks)),
      bronze_(lake, input_, to_silver_),
      silver_(lake, to_silver_, to_gold_),
      windows_(lake, clock, to_gold_, hooks_.committed, [this](const Error& error) { Fatal(error); }),
      bronze_stage_(
          lake, bronze_, hooks_.committed, [this](const Error& error) { Fatal(error); }, hooks_.dead_letters),
      silver_stage_(lake, silver_, hooks_.committed, [this](const Error& error) { Fatal(error); }, hooks_.dead_letters) {
  bronze_.on_committed = [this](std::uint64_t through, Version version) {
    committed_ = through;
    if (hooks_.bronze_committed) hooks_.bronze_committed(through, version);
  };
  bronze_.dead_letter_topic = silver_.dead_letter_topic = hooks_.dead_letter_topic;
  silver_stage_.Start();
  bronze_stage_.Start();
}

Engine::~Engine() { Stop(); }

void Engine::Fatal(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (!fatal_) fatal_ = error;
  }
  input_.Close();
  if (hooks_.fatal) hooks_.fatal(error);
}

Result<std::int64_t> Engine::Position(const std::string& position_id) {
  CS_ASSIGN(Positions positions, lake_.bronze().Txns());
  std::int64_t position = PositionOr(positions, AppId(position_id), 0);
  if (!position_id.starts_with("bronze/direct/") && !position_id.starts_with(kReplayedPosition)) return position;
  // What a live source said cannot be asked for again, and what is sent again is chosen anew each time. A number whose rejects or gaps were written before a crash is used up, or
  // the next batch under it would have its own taken for written.
  CS_ASSIGN(Positions rejected, lake_.quarantine().Txns());
  CS_ASSIGN(Positions gaps, lake_.gaps().Txns());
  position = std::max(position, PositionOr(rejected, QuarantineId("bronze", position_id), 0));
  return std::max(position, PositionOr(gaps, GapsId(position_id), 0));
}

bool Engine::Push(RawBatch batch, StopToken stop) {
  std::lock_guard lock(push_mutex_);
  std::uint64_t number = pushed_ + 1;
  if (batch.live && hooks_.provisional) {
    std::vector<Tick> ticks;
    Name source(batch.source);
    for (std::size_t i = 0; i < batch.rows(); ++i) {
      auto row = batch.row(i);
      auto tick = parser_.Parse(row.value, source, row.received);
      if (!tick || tick->event_time > row.received + kFutureTolerance) continue;
      if (tick->quote.empty()) tick->quote = lake_.quotes().Configured(tick->source);
      ticks.push_back(*std::move(tick));
    }
    if (!ticks.empty()) hooks_.provisional(number, std::move(ticks));
  }
  auto shared = std::make_shared<const RawBatch>(std::move(batch));
  if (!input_.Push({number, shared}, stop)) {
    not_taken_.push_back(std::move(shared));
    return false;
  }
  pushed_ = number;
  return true;
}

Status Engine::Drain(bool close_windows, StopToken stop) {
  auto wait_for = [&](auto done) { return AwaitWorkedIn(done, [&] { return fatal(); }, stop); };
  CS_TRY(wait_for([&] { return committed_ >= pushed_; }));
  CS_TRY(wait_for([&] { return silver_.consumed() >= lake_.bronze().version(); }));
  return windows_.Drain(close_windows, stop);
}

void Engine::Stop() {
  input_.Close();
  bronze_stage_.Stop();
  NoteUnwritten();
  silver_stage_.Stop();
  windows_.Stop();
}

void Engine::NoteUnwritten() {
  std::lock_guard lock(push_mutex_);
  auto left = bronze_.TakeUnwritten();
  std::ranges::move(std::exchange(not_taken_, {}), std::back_inserter(left));
  for (const RawBatchPtr& batch : left) {
    if (batch->empty()) continue;
    auto same = [&](const Unwritten& known) { return known.source == batch->source && known.position_id == batch->position_id; };
    auto found = std::ranges::find_if(unwritten_, same);
    Unwritten& of_source = found == unwritten_.end() ? unwritten_.emplace_back(batch->source, batch->position_id) : *found;
    of_source.rows += batch->rows() + batch->rejects.size();
    for (Timestamp received : batch->received()) {
      of_source.first = std::min(of_source.first.value_or(received), received);
      of_source.last = std::max(of_source.last.value_or(received), received);
    }
  }
}

std::string Engine::trouble() const {
  for (const Stage* stage : {&bronze_stage_, &silver_stage_}) {
    if (std::string text = stage->trouble(); !text.empty()) return text;
  }
  return windows_.trouble();
}

std::optional<Error> Engine::fatal() const {
  std::lock_guard lock(mutex_);
  return fatal_;
}

}  // namespace cryptostream
