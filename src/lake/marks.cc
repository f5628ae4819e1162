// Marks into the lake: what a producer could not make a message of, and when its source was silent. In: batches without rows, from a topic
// of their own. Out: rows of quarantine, then rows of gaps, each table with positions of its own, so that bronze has no part in it:
//
//   quarantine   quarantine/marks/<topic identity>/<partition>   next offset
//   gaps         gaps/marks/<topic identity>/<partition>         next offset; reading goes on here
//   gaps         gaps/mark-sender/<topic identity>/<partition>/<sender>   the sender's next number
//
// It is the one loop of all stages with the gaps table as its own: rejects first, and on redo those below quarantine's position are left out.
// A batch of rejects alone is a commit of gaps without rows, or the topic's retention would pass a position that never moves. A mark that its
// sender sent twice has the number that it had; numbers of a sender only grow within a partition, so one that was passed is known.
#include "lake/marks.h"

#include <algorithm>

#include "base/metrics.h"
#include "market/columns.h"

namespace cryptostream {
namespace {

const StagePoints kPoints{CrashPoint("topic.after_marks_load"), CrashPoint("topic.before_marks_commit"),
                          CrashPoint("topic.after_marks_commit")};

constexpr std::chrono::seconds kIdleWait{1};
constexpr std::size_t kMostMarks = 50'000;  // in a commit

std::size_t MarksOf(const RawBatch& batch) { return batch.rows() + batch.rejects.size() + batch.gaps.size(); }

std::string_view PlaceOf(const RawBatch& batch) { return std::string_view(batch.position_id).substr(kMarkPosition.size()); }

std::string SenderId(const RawBatch& batch, const std::string& sender) {
  return AppId("gaps/mark-sender/") + std::string(PlaceOf(batch)) + "/" + sender;
}

// Numbers of senders, as far as they were taken.
class Senders {
 public:
  Senders(const RawBatch& batch, const Positions& known, const Positions& next) : batch_(batch), known_(known), next_(next) {}
  // Whether a mark comes for the first time.
  bool IsNew(const MarkId& mark) {
    if (mark.sender.empty()) return true;
    std::string id = SenderId(batch_, mark.sender);
    auto [at, added] = reached_.try_emplace(id, PositionOr(next_, id, PositionOr(known_, id, 0)));
    if (mark.number < at->second) return false;
    at->second = mark.number + 1;
    return true;
  }
  const Positions& reached() const { return reached_; }

 private:
  const RawBatch& batch_;
  const Positions &known_, &next_;
  Positions reached_;
};

}  // namespace

const StagePoints& MarkStage::points() const { return kPoints; }

Status MarkStage::Load() {
  CS_ASSIGN(positions_, lake_.gaps().Txns());
  CS_ASSIGN(quarantined_, lake_.quarantine().Txns());
  return {};
}

bool MarkStage::Due(StopToken stop) const {
  if (pending_.empty()) return false;
  return stop.stop_requested() || pending_.back()->end_of_input || pending_marks_ >= kMostMarks ||
         std::chrono::steady_clock::now() - first_pending_ >= lake_.options().commit_every;
}

Result<std::optional<StageWork>> MarkStage::Next(StopToken stop) {
  while (!Due(stop)) {
    auto incoming = input_.Pop(stop, kIdleWait);
    if (!incoming) {
      if (pending_.empty()) return std::nullopt;
      continue;
    }
    if (pending_.empty()) first_pending_ = std::chrono::steady_clock::now();
    pending_marks_ += MarksOf(**incoming);
    pending_.push_back(*std::move(incoming));
  }
  return Prepare();
}

void MarkStage::Add(const RawBatch& batch, StageWork& work, std::vector<Gap>& gaps) {
  std::string gaps_id = GapsId(batch.position_id), quarantine_id = QuarantineId("marks", PlaceOf(batch));
  std::int64_t position = PositionOr(next_, gaps_id, PositionOr(positions_, gaps_id, 0));
  if (batch.next_position <= position) return;
  std::int64_t in_quarantine = std::max(position, PositionOr(quarantined_, quarantine_id, 0));
  Senders of_rejects(batch, positions_, next_), of_gaps(batch, positions_, next_);
  auto reject = [&](const Reject& one) {
    if (one.offset >= in_quarantine) work.rejects.push_back(one);
    if (tell_dead_letters) work.dead_letters.push_back(LetterOf(one));
  };
  for (const Reject& one : batch.rejects) {
    if (one.offset >= position && of_rejects.IsNew(one.mark)) reject(one);
  }
  for (std::size_t i = 0; i < batch.rows(); ++i) {  // somebody else's record
    RawBatch::Row row = batch.row(i);
    std::optional<std::string> key;
    if (row.key) key = std::string(*row.key);
    reject({batch.source, batch.topic, batch.partition, row.offset, "source", "not_a_mark",
            std::string(row.value.substr(0, Reject::kMaxRejectBytes)), row.received, batch.next_position, std::move(key)});
  }
  for (const Gap& gap : batch.gaps) {
    if (of_gaps.IsNew(gap.mark)) gaps.push_back(gap);
  }
  next_[gaps_id] = batch.next_position;
  for (const auto& [position_id, begin] : batch.begins) {
    std::string id = GapsId(position_id);
    if (begin > PositionOr(next_, id, PositionOr(positions_, id, 0))) next_[id] = begin;
  }
  work.reject_positions[quarantine_id] = batch.next_position;
  for (const Senders* senders : {&of_rejects, &of_gaps}) {
    for (const auto& [id, number] : senders->reached()) next_[id] = std::max(next_[id], number);
  }
}

Result<std::optional<StageWork>> MarkStage::Prepare() {
  StageWork work;
  std::vector<Gap> gaps;
  next_.clear();
  for (const RawBatchPtr& batch : pending_) Add(*batch, work, gaps);
  if (next_.empty()) {  // all of it was committed before
    Committed(lake_.gaps().version());
    return std::nullopt;
  }
  work.commit.expected = StandingBefore(positions_, next_);
  work.commit.positions = next_;
  work.commit.operation = "marks gaps";
  if (!gaps.empty()) {
    CS_ASSIGN(work.commit.rows, GapColumns(gaps));
  }
  return work;
}

void MarkStage::Committed(Version) {
  for (const auto& [id, position] : next_) positions_[id] = position;
  next_.clear();
  std::size_t batches = pending_.size();
  pending_.clear();
  pending_marks_ = 0;
  if (on_committed) on_committed(batches);
}

MarkIntake::MarkIntake(Lake& lake, std::function<void()> committed, std::function<void(const Error&)> fatal,
                       DeadLetterBox dead_letters)
    : lake_(lake), logic_(lake, input_), stage_(lake, logic_, std::move(committed), std::move(fatal), dead_letters) {
  logic_.tell_dead_letters = static_cast<bool>(dead_letters);
  logic_.on_committed = [this](std::size_t batches) { settled_ += batches; };
  stage_.Start();
}

MarkIntake::~MarkIntake() {
  input_.Close();
  stage_.Stop();
}

Result<std::map<std::string, std::int64_t>> MarkIntake::TopicPositions() {
  CS_ASSIGN(Positions positions, lake_.gaps().Txns());
  return PositionsBelow(positions, GapsId(kMarkPosition));
}

bool MarkIntake::Push(RawBatch batch, StopToken stop) {
  if (!input_.Push(std::make_shared<const RawBatch>(std::move(batch)), stop)) return false;
  ++pushed_;
  return true;
}

}  // namespace cryptostream
