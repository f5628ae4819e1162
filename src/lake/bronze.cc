// The first stage. In: batches from a source, each with the position it reaches. Out: rows in bronze/crypto_raw with that
// position in the same commit. What comes after a quiet second is committed at once; else batches gather for a second or
// 64 MB, several sources in one commit. A message below the table's position was committed before and is dropped: a source
// that repeats itself after a crash does no harm.
#include "lake/bronze.h"

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "market/parse.h"
#include "market/replayed.h"

namespace cryptostream {
namespace {

const StagePoints kPoints{CrashPoint("bronze.after_load"), CrashPoint("bronze.before_commit"), CrashPoint("bronze.after_commit")};

// Messages of one poll come through Kafka one by one, this close together; they shall be in one commit.
constexpr std::chrono::milliseconds kTogether{5};
constexpr std::chrono::seconds kIdleWait{1};
// Of a fast replay: enough that commits cost little, few enough that a batch's memory is used again by the next one.
constexpr std::size_t kMaxRowsPerCommit = 150'000;

std::string BronzeId(const RawBatch& batch) { return AppId(batch.position_id); }

// The first offset of a batch that a position does not cover. Offsets of what is sent again are ids and have no order; such a
// batch, which has a position of its own, is there or it is not.
std::int64_t FirstMissingOffset(const RawBatch& batch, std::int64_t position) {
  if (!batch.position_id.starts_with(kReplayedPosition)) return position;
  constexpr auto kAll = std::numeric_limits<std::int64_t>::max();
  return batch.next_position <= position ? kAll : std::numeric_limits<std::int64_t>::min();
}

// How many offsets from `reached` up to the batch's next position brought neither a row nor a rejection: blank lines, frames that are no
// prices, records that were compacted away. The commit says so, and `verify` then knows of any other one that something is missing.
std::int64_t OffsetsWithoutRow(const RawBatch& batch, std::int64_t reached) {
  if (batch.position_id.starts_with(kReplayedPosition)) return 0;
  std::vector<std::int64_t> offsets = batch.offsets();
  for (const Reject& reject : batch.rejects) offsets.push_back(reject.offset);
  std::ranges::sort(offsets);
  offsets.erase(offsets.begin(), std::ranges::lower_bound(offsets, reached));
  auto doubled = std::ranges::unique(offsets);
  return batch.next_position - reached - (doubled.begin() - offsets.begin());
}

DeadLetter LetterOf(const RawBatch& batch, const RawBatch::Row& row, RejectReason reason) {
  std::optional<std::string> key;
  if (row.key) key = std::string(*row.key);
  return {batch.source, batch.topic,           batch.partition, row.offset, "bronze", std::string(RejectText(reason)),
          key,          std::string(row.value)};
}

// A message that a UTF-8 string column cannot hold, or that is larger than any message may be.
std::optional<RejectReason> Refuse(std::string_view value) {
  if (value.size() > kMaxMessageBytes) return RejectReason::kTooLarge;
  if (!IsUtf8(value)) return RejectReason::kNotUtf8;
  return std::nullopt;
}

}  // namespace

BronzeStage::BronzeStage(Lake& lake, IncomingQueue& input, BronzeHandoff& output) : lake_(lake), input_(input), output_(output) {}

const StagePoints& BronzeStage::points() const { return kPoints; }

Status BronzeStage::Load() {
  CS_ASSIGN(positions_, lake_.bronze().Txns());
  CS_ASSIGN(side_positions_, lake_.quarantine().Txns());
  CS_ASSIGN(Positions gaps, lake_.gaps().Txns());
  side_positions_.merge(gaps);
  return {};
}

// How long more may be gathered; nothing or less: what is pending is due.
std::chrono::steady_clock::duration BronzeStage::UntilDue(StopToken stop) const {
  if (pending_.empty()) return kIdleWait;
  bool now = stop.stop_requested() || pending_.back().batch->end_of_input || pending_bytes_ >= lake_.options().commit_bytes ||
             pending_rows_ >= kMaxRowsPerCommit;
  return now ? std::chrono::steady_clock::duration::zero() : first_pending_ + gather_ - std::chrono::steady_clock::now();
}

// So long that the oldest row is in bronze, and then in silver, by the time that the interval ends, if commits take what the last one took;
// as much again for its way here and from bronze to silver.
std::chrono::steady_clock::duration BronzeStage::GatherTime() const {
  std::chrono::steady_clock::duration interval = lake_.options().commit_every;
  return interval - std::min(3 * last_commit_took_, interval / 4);
}

// The first rows after a quiet interval do not wait for it to end: a poll every 15 s is durable in milliseconds. Sooner than once an
// interval nothing is quiet, so this adds no commits to a steady stream.
void BronzeStage::Take(IncomingBatch incoming) {
  const auto now = std::chrono::steady_clock::now();
  if (pending_.empty()) {
    first_pending_ = now;
    const bool quiet = !last_arrival_ || now - *last_arrival_ >= lake_.options().commit_every;
    gather_ = quiet ? kTogether : GatherTime();
  }
  last_arrival_ = now;
  pending_bytes_ += incoming.batch->bytes();
  pending_rows_ += incoming.batch->rows();
  pending_.push_back(std::move(incoming));
}

Result<std::optional<StageWork>> BronzeStage::Next(StopToken stop) {
  for (auto left = UntilDue(stop); left > left.zero(); left = UntilDue(stop)) {
    if (auto incoming = input_.Pop(stop, left)) {
      Take(*std::move(incoming));
    } else if (pending_.empty()) {
      return std::nullopt;
    }
  }
  return Prepare();
}

// Where the batch's partition stands: in the table, or after the batches before it in the same commit.
std::int64_t BronzeStage::Reached(const RawBatch& batch) const {
  std::string id = BronzeId(batch);
  return PositionOr(committing_positions_, id, PositionOr(positions_, id, 0));
}

// What is new of a batch and can be a row: mostly the whole batch as it is. The rest is below the position, or goes to quarantine.
RawBatchPtr BronzeStage::OnlyNew(const RawBatchPtr& batch, StageWork& work) const {
  std::int64_t position = FirstMissingOffset(*batch, Reached(*batch));
  std::int64_t in_quarantine =
      FirstMissingOffset(*batch, PositionOr(side_positions_, QuarantineId("bronze", batch->position_id), 0));
  bool tell = !dead_letter_topic.empty() && batch->topic == dead_letter_topic;
  auto old = [position](std::int64_t offset) { return offset < position; };
  if (std::ranges::none_of(batch->offsets(), old) && batch->AllText(kMaxMessageBytes)) return batch;
  std::vector<std::size_t> kept;
  kept.reserve(batch->rows());
  for (std::size_t i = 0; i < batch->rows(); ++i) {
    RawBatch::Row row = batch->row(i);
    if (row.offset < position) continue;
    auto reason = Refuse(row.value);
    if (!reason) {
      kept.push_back(i);
      continue;
    }
    if (tell) work.dead_letters.push_back(LetterOf(*batch, row, *reason));
    if (row.offset >= in_quarantine) {
      work.rejects.push_back({batch->source, batch->topic, batch->partition, row.offset, "bronze",
                              std::string(RejectText(*reason)), std::string(row.value.substr(0, Reject::kMaxRejectBytes)),
                              row.received, batch->next_position});
    }
  }
  if (kept.size() == batch->rows()) return batch;
  RawBatch fresh = batch->Like();
  for (std::size_t i : kept) fresh.Add(batch->row(i));
  return std::make_shared<const RawBatch>(std::move(fresh));
}

void BronzeStage::AddSideRows(const RawBatch& batch, StageWork& work) const {
  std::int64_t position = FirstMissingOffset(batch, Reached(batch));
  std::int64_t in_quarantine =
      std::max(position, FirstMissingOffset(batch, PositionOr(side_positions_, QuarantineId("bronze", batch.position_id), 0)));
  bool tell = !dead_letter_topic.empty() && batch.topic == dead_letter_topic;
  for (const Reject& reject : batch.rejects) {
    if (reject.offset >= in_quarantine) work.rejects.push_back(reject);
    if (!tell || reject.offset < position) continue;
    work.dead_letters.push_back(LetterOf(reject));
  }
  std::string gaps_id = GapsId(batch.position_id);
  if (!batch.gaps.empty() && PositionOr(side_positions_, gaps_id, 0) < batch.next_position) {
    work.gaps.insert(work.gaps.end(), batch.gaps.begin(), batch.gaps.end());
    work.gap_positions[gaps_id] = batch.next_position;
  }
}

Result<std::optional<StageWork>> BronzeStage::Prepare() {
  prepared_at_ = std::chrono::steady_clock::now();
  StageWork work;
  committing_.clear();
  committing_positions_.clear();
  std::int64_t without_row = 0;
  for (const IncomingBatch& incoming : pending_) {
    const RawBatch& batch = *incoming.batch;
    if (batch.next_position <= Reached(batch)) continue;
    without_row += OffsetsWithoutRow(batch, Reached(batch));
    AddByDate(OnlyNew(incoming.batch, work), committing_);
    AddSideRows(batch, work);
    committing_positions_[BronzeId(batch)] = batch.next_position;
    work.reject_positions[QuarantineId("bronze", batch.position_id)] = batch.next_position;
    for (const auto& [position_id, begin] : batch.begins) {
      std::string id = AppId(position_id);
      std::int64_t before = PositionOr(committing_positions_, id, PositionOr(positions_, id, 0));
      if (begin <= before) continue;
      committing_positions_[id] = begin;
      if (!position_id.starts_with(kRecordingPosition)) without_row += begin - before;
    }
  }
  if (committing_positions_.empty()) {  // all of it was committed before
    Settle(lake_.bronze().version());
    return std::nullopt;
  }
  work.commit.expected = StandingBefore(positions_, committing_positions_);
  work.commit.positions = committing_positions_;
  work.commit.operation = "bronze append";
  work.commit.commit_info["offsetsWithoutRow"] = std::to_string(without_row);
  CS_ASSIGN(work.commit.rows, BronzeColumns(committing_));
  return work;
}

void BronzeStage::Committed(Version version) {
  last_commit_took_ = std::chrono::steady_clock::now() - prepared_at_;
  BronzeBatchList batches;
  std::size_t count = 0;
  for (auto& [date, of_date] : committing_) {
    for (RawBatchPtr& batch : of_date) {
      count += batch->rows();
      batches.push_back(std::move(batch));
    }
  }
  for (const auto& [id, position] : committing_positions_) positions_[id] = position;
  CountMetric("cryptostream_events_total", "Rows committed by a stage.", {{"stage", "bronze"}}, static_cast<double>(count));
  lake_.tally().AddBronze(static_cast<std::int64_t>(count));
  committing_.clear();
  output_.Give(version, std::move(batches));
  Settle(version);
}

std::vector<RawBatchPtr> BronzeStage::TakeUnwritten() {
  std::vector<RawBatchPtr> left;
  for (IncomingBatch& incoming : std::exchange(pending_, {})) left.push_back(std::move(incoming.batch));
  while (auto incoming = input_.Pop({}, std::chrono::nanoseconds(0))) left.push_back(std::move(incoming->batch));
  return left;
}

// What was taken is in the table now.
void BronzeStage::Settle(Version version) {
  std::uint64_t through = pending_.back().number;
  pending_.clear();
  pending_bytes_ = pending_rows_ = 0;
  if (on_committed) on_committed(through, version);
}

}  // namespace cryptostream
