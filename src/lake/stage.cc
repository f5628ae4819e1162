// The one exactly-once loop. Order within a batch, and why: first quarantine and gaps (own positions, so a redo skips what is
// there already), then the dead letters (whoever repeats the batch tells them again), then data files, then the one commit that holds rows and positions, and only then the hand-over to the
// next stage. Whatever fails in between, the next Load() sees either none of it or all of it.
#include "lake/stage.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "base/threads.h"
#include "market/columns.h"

namespace cryptostream {
namespace {

const CrashPoint kBeforeQuarantine("quarantine.before_commit");
const CrashPoint kAfterQuarantine("quarantine.after_commit");
const CrashPoint kBeforeGaps("gaps.before_commit");
const CrashPoint kAfterGaps("gaps.after_commit");

constexpr std::chrono::milliseconds kFirstPause{250};
constexpr std::chrono::milliseconds kLongestPause{10'000};
constexpr int kConflictsAtOnce = 3;

// A panic in a library may have been bad luck (no thread, no memory at that moment), so it gets so many more attempts.
constexpr int kInternalRetries = 3;

// What can never pass is not tried again: a table that another program has given properties under which we
// cannot write it, say.
bool EndsTheStage(const Error& error, int internal_errors) {
  return error.kind == ErrorKind::kFenced || error.kind == ErrorKind::kCorrupt || error.kind == ErrorKind::kInvalid ||
         internal_errors > kInternalRetries;
}

}  // namespace

Stage::Stage(Lake& lake, StageLogic& logic, std::function<void()> committed, std::function<void(const Error&)> fatal,
             DeadLetterBox dead_letters)
    : lake_(lake),
      logic_(logic),
      committed_(std::move(committed)),
      fatal_(std::move(fatal)),
      dead_letters_(std::move(dead_letters)) {}

Stage::~Stage() { Stop(); }

void Stage::Start() {
  thread_ = std::jthread([this](StopToken stop) {
    NameThread(logic_.name().c_str());
    Run(stop);
  });
}

void Stage::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::string Stage::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

void Stage::SetTrouble(std::string what) {
  logic_.SetTrouble(!what.empty());
  std::lock_guard lock(mutex_);
  if (!what.empty() && trouble_ != what) LogWarn("{} waits and tries again: {}", logic_.name(), what);
  if (what.empty() && !trouble_.empty()) LogInfo("{} works again", logic_.name());
  trouble_ = std::move(what);
}

void Stage::Run(StopToken stop) {
  auto pause = kFirstPause;
  int internal_errors = 0;
  int conflicts = 0;
  while (true) {
    Status ended = Session(stop);
    if (ended) return;
    if (std::exchange(progressed_, false)) {
      pause = kFirstPause;
      internal_errors = 0;
      conflicts = 0;
    }
    if (ended.error().kind == ErrorKind::kInternal) ++internal_errors;
    if (EndsTheStage(ended.error(), internal_errors)) {
      LogError("{} stops: {}", logic_.name(), ended.error().message);
      SetTrouble(ended.error().message);
      fatal_(ended.error());
      return;
    }
    // Another commit came first, as when compaction replaced a file that was to be corrected: look again at once.
    if (ended.error().kind == ErrorKind::kConflict && ++conflicts <= kConflictsAtOnce) continue;
    SetTrouble(ended.error().message);
    if (!SleepFor(stop, pause)) return;
    pause = std::min(pause * 2, kLongestPause);
  }
}

Status Stage::Session(StopToken stop) {
  CS_TRY(logic_.table().Refresh());
  checked_ = logic_.table().version();
  CS_ASSIGN(Positions now, logic_.table().Txns());
  CS_TRY(CheckNotFenced(logic_.table(), now, lake_.epoch()));
  CS_TRY(logic_.Load());
  logic_.points().after_load.Reach();
  const auto loaded = std::chrono::steady_clock::now();
  while (true) {
    CS_ASSIGN(std::optional<StageWork> work, logic_.Next(stop));
    // What could not be committed comes again as work, soon. Only what could not be read is mended by reading
    // on.
    if (!work && (!commit_failed_ || std::chrono::steady_clock::now() - loaded > kLongestPause)) SetTrouble("");
    if (work) {
      Version version = kNoVersion;
      commit_failed_ = true;
      CS_TRY(MakeDurable(*work, &version, stop));
      commit_failed_ = false;
      progressed_ = true;
      logic_.Committed(version);
      if (committed_) committed_();
      SetTrouble("");
    } else if (stop.stop_requested()) {
      return {};
    }
  }
}

Status Stage::MakeDurable(StageWork& work, Version* version, StopToken stop) {
  if (!work.rejects.empty()) {
    kBeforeQuarantine.Reach();
    CS_ASSIGN(auto rows,
              QuarantineColumns(work.rejects, std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())));
    CS_TRY(CommitSide(lake_.quarantine(), QuarantineLayout(),
                      {.rows = std::move(rows), .positions = work.reject_positions, .operation = logic_.name() + " quarantine"},
                      lake_.epoch()));
    for (const Reject& reject : work.rejects) {
      std::string_view code = std::string_view(reject.reason).substr(0, reject.reason.find(':'));
      CountMetric("cryptostream_quarantined_total", "Messages that were put into quarantine.", {{"reason", code}});
      if (logic_.RejectsInput()) lake_.tally().AddRejected(code);
    }
    kAfterQuarantine.Reach();
  }
  if (!work.dead_letters.empty() && dead_letters_) CS_TRY(dead_letters_(work.dead_letters, stop));
  if (!work.gaps.empty()) {
    kBeforeGaps.Reach();
    CS_ASSIGN(auto rows, GapColumns(work.gaps));
    CS_TRY(CommitSide(lake_.gaps(), GapsLayout(),
                      {.rows = std::move(rows), .positions = work.gap_positions, .operation = logic_.name() + " gaps"},
                      lake_.epoch()));
    kAfterGaps.Reach();
  }
  logic_.points().before_commit.Reach();
  work.commit.checked = checked_;
  CS_ASSIGN(*version, CommitOnce(logic_.table(), logic_.layout(), std::move(work.commit), lake_.epoch()));
  checked_ = *version;
  logic_.points().after_commit.Reach();
  return {};
}

Status AwaitWorkedIn(const std::function<bool()>& done, const std::function<std::optional<Error>()>& fatal, StopToken stop) {
  constexpr std::chrono::milliseconds kPollInterval{10};
  while (!done()) {
    if (auto error = fatal()) return std::unexpected(*error);
    if (!SleepFor(stop, kPollInterval)) return Cancelled("stopped before everything was worked in");
  }
  return {};
}

}  // namespace cryptostream
