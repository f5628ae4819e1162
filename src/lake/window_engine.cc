// The stages behind silver, wired up: each is told when the table before it has a new version.
#include "lake/window_engine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace cryptostream {

WindowEngine::WindowEngine(Lake& lake, const Clock& clock, SilverHandoff& input, std::function<void()> committed,
                           std::function<void(const Error&)> fatal)
    : lake_(lake),
      committed_(std::move(committed)),
      on_fatal_(std::move(fatal)),
      gold_(lake, input, clock),
      gold_stage_(lake, gold_, Committed(SourcesLayout()), Fatal()) {
  for (const DerivedTable* table : DerivedTables()) {
    derived_.push_back(std::make_unique<Derived>(lake, *table, clock, Committed(*table->layout), Fatal()));
  }
  for (auto each = derived_.rbegin(); each != derived_.rend(); ++each) (*each)->stage.Start();
  gold_stage_.Start();
}

WindowEngine::~WindowEngine() { Stop(); }

void WindowEngine::Stop() {
  gold_stage_.Stop();
  for (const auto& each : derived_) each->stage.Stop();
}

DerivedStage& WindowEngine::derived(const DerivedTable& table) {
  auto found = std::ranges::find_if(derived_, [&](const auto& each) { return &each->table == &table; });
  CS_CHECK(found != derived_.end());
  return (*found)->logic;
}

std::function<void()> WindowEngine::Committed(const TableLayout& table) {
  return [this, &table] {
    for (const auto& each : derived_) {
      if (each->table.upstream == &table) each->logic.Poke();
    }
    if (committed_) committed_();
  };
}

std::function<void(const Error&)> WindowEngine::Fatal() {
  return [this](const Error& error) {
    {
      std::lock_guard lock(mutex_);
      if (!fatal_) fatal_ = error;
    }
    if (on_fatal_) on_fatal_(error);
  };
}

std::optional<Error> WindowEngine::fatal() const {
  std::lock_guard lock(mutex_);
  return fatal_;
}

Status WindowEngine::Drain(bool close_windows, StopToken stop) {
  auto wait_for = [&](auto done) { return AwaitWorkedIn(done, [&] { return fatal(); }, stop); };
  CS_TRY(wait_for([&] { return gold_.consumed() >= lake_.silver().version(); }));
  if (close_windows) {
    gold_.RequestClose();
    CS_TRY(wait_for([&] { return gold_.CloseDone(); }));
  }
  // Side by side those that are made of the same table, then what is made of them.
  for (const TableLayout* upstream : {&SourcesLayout(), &GoldLayout()}) {
    for (const auto& each : derived_) {
      if (each->table.upstream == upstream) each->logic.RequestAll(close_windows);
    }
    for (const auto& each : derived_) {
      if (each->table.upstream != upstream) continue;
      CS_TRY(wait_for([&] { return each->logic.AllDone() && each->logic.done() >= lake_.table(*upstream).version(); }));
    }
  }
  return {};
}

std::string WindowEngine::trouble() const {
  if (std::string text = gold_stage_.trouble(); !text.empty()) return text;
  for (const auto& each : derived_) {
    if (std::string text = each->stage.trouble(); !text.empty()) return text;
  }
  return "";
}

}  // namespace cryptostream
