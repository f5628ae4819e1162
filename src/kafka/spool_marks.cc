// The marks in the spool: what is no message (a body that a source could not read, a time without input) waits here, apart from the
// messages, for a topic of its own. In: marks of batches that were delivered, in the very transaction that lets go of those batches, so a
// mark is neither lost nor taken twice. Out: the oldest ones, until their topic has them.
//
// Apart, because messages must not wait for them: a producer that may not make the marks' topic goes on, and its marks stay here. So their
// room is a small share of its own; what finds none is counted, and the count is a mark too as soon as there is room.
//
// A mark's number is the time of its taking in microseconds, or one more than the last one's. It only grows, even when an old copy of the
// file comes back, so a reader may take a number that it has passed for a mark that was sent twice.
//
// What the state must know of marks lies among its positions under names of their own: an older program keeps what it does not know there.
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "kafka/batch_codec.h"
#include "kafka/spool.h"
#include "kafka/spool_sql.h"

namespace cryptostream {
namespace {

constexpr const char* kMarkTable =
    "create table if not exists mark (number integer primary key, checksum blob not null, body blob not null) strict;";
constexpr const char* kSenderKey = "spool/marks/sender";
constexpr const char* kCountKey = "spool/marks/count";
constexpr const char* kLastKey = "spool/marks/last";
constexpr const char* kDroppedKey = "spool/marks/dropped";
constexpr const char* kDroppedSinceKey = "spool/marks/dropped_since";

constexpr std::uint64_t kLeastMarkBytes = 1 << 20, kMostMarkBytes = 64 << 20;
constexpr std::size_t kMostReadBytes = 4 << 20;  // at once
constexpr std::uint64_t kGapRoom = 1 << 20;      // for gaps alone, which are small and say more

std::int64_t ValueOf(const std::map<std::string, std::int64_t>& state, const char* key) {
  auto found = state.find(key);
  return found == state.end() ? 0 : found->second;
}

// A mark's checksum cannot be a batch's of the same number.
std::int64_t ChecksumNumber(std::int64_t number) { return -number; }

std::int64_t NewSender() {
  std::random_device random;
  std::int64_t value = 0;
  while (value <= 0) value = static_cast<std::int64_t>((std::uint64_t{random()} << 31) ^ random());
  return value;
}

RawBatch DroppedMark(std::int64_t count, Timestamp since, Timestamp now) {
  RawBatch mark;
  mark.source = "kafka";
  Gap gap;
  gap.source = mark.source;
  gap.from_time = since;
  gap.to_time = gap.detected_at = now;
  gap.reason = fmt::format("{} rejected bodies and gaps of the producer were dropped: their room in the spool was full", count);
  mark.gaps.push_back(std::move(gap));
  return mark;
}

}  // namespace

std::uint64_t Spool::max_mark_bytes() const { return std::clamp(max_bytes_ / 8, kLeastMarkBytes, kMostMarkBytes); }

std::size_t Spool::marks() const {
  std::lock_guard lock(mutex_);
  return mark_bytes_.size();
}

std::int64_t Spool::dropped_marks() const {
  std::lock_guard lock(mutex_);
  return ValueOf(state_.positions, kDroppedKey);
}

std::string Spool::sender() const {
  std::lock_guard lock(mutex_);
  return std::to_string(ValueOf(state_.positions, kSenderKey));
}

// At a start: the table is made where an older program left none, and must hold as many marks as the state says.
Status Spool::LoadMarks() {
  {
    SpoolStatement there(db_, "select count(*) from sqlite_schema where name = 'mark'");
    if (there.Step() != SQLITE_ROW) return std::unexpected(Failed("read the spool"));
    if (there.Number(0) == 0 && ValueOf(state_.positions, kCountKey) > 0)
      return std::unexpected(Wrong("its table of marks is missing"));
    if (there.Number(0) == 0) CS_TRY(Execute(kMarkTable));
  }
  SpoolStatement read(db_, "select number, length(body) from mark order by number");
  int step = SQLITE_ROW;
  while ((step = read.Step()) == SQLITE_ROW) {
    mark_bytes_[read.Number(0)] = static_cast<std::uint64_t>(read.Number(1));
    mark_total_ += static_cast<std::uint64_t>(read.Number(1));
  }
  if (step != SQLITE_DONE) return std::unexpected(Failed("read the spool"));
  bool whole = static_cast<std::int64_t>(mark_bytes_.size()) == ValueOf(state_.positions, kCountKey) &&
               (mark_bytes_.empty() || mark_bytes_.rbegin()->first <= ValueOf(state_.positions, kLastKey));
  if (!whole) return std::unexpected(Wrong("a mark is missing or out of place"));
  return {};
}

// Writes marks within a transaction. In: the state that goes with it. Out: what was written, by number.
Status Spool::WriteMarks(const std::vector<RawBatch>& marks, Timestamp now, State& next,
                         std::map<std::int64_t, std::uint64_t>& written) {
  std::uint64_t total = mark_total_;
  for (const RawBatch& mark : marks) {
    std::string body = EncodeBatch(mark);
    std::uint64_t room = max_mark_bytes() + (mark.rejects.empty() ? kGapRoom : 0);
    if (total + body.size() > room) {
      if (++next.positions[kDroppedKey] == 1) next.positions[kDroppedSinceKey] = ToMicros(now);
      continue;
    }
    if (!next.positions.contains(kSenderKey)) next.positions[kSenderKey] = NewSender();
    std::int64_t number = next.positions[kLastKey] = std::max(next.positions[kLastKey] + 1, ToMicros(now));
    std::string checksum = SpoolChecksum(ChecksumNumber(number), body);
    SpoolStatement write(db_, "insert into mark (number, checksum, body) values (?1, ?2, ?3)");
    write.Bind(1, number);
    write.Bind(2, checksum);
    write.Bind(3, body);
    if (write.Step() != SQLITE_DONE) return std::unexpected(Failed("write to the spool"));
    ++next.positions[kCountKey];
    written[number] = body.size();
    total += body.size();
  }
  return {};
}

void Spool::CountMarks(const std::map<std::int64_t, std::uint64_t>& written) {
  for (const auto& [number, bytes] : written) {
    mark_bytes_[number] = bytes;
    mark_total_ += bytes;
  }
}

Result<std::vector<Spool::Mark>> Spool::OldestMarks(std::size_t count) {
  std::lock_guard lock(mutex_);
  std::vector<Mark> marks;
  if (mark_bytes_.empty()) return marks;
  SpoolStatement read(db_, "select number, checksum, body from mark order by number limit ?1");
  read.Bind(1, static_cast<std::int64_t>(count));
  int step = SQLITE_ROW;
  std::size_t bytes = 0;
  while (bytes < kMostReadBytes && (step = read.Step()) == SQLITE_ROW) {
    std::int64_t number = read.Number(0);
    std::string_view body = read.Bytes(2);
    std::string name = "mark " + std::to_string(number);
    if (read.Bytes(1) != SpoolChecksum(ChecksumNumber(number), body))
      return std::unexpected(Wrong("the checksum of " + name + " does not fit"));
    bytes += body.size();
    auto mark = DecodeBatch(body);
    if (!mark) return std::unexpected(Wrong(name + ": " + mark.error().message));
    marks.push_back({number, *std::move(mark)});
  }
  if (step != SQLITE_DONE && step != SQLITE_ROW) return std::unexpected(Failed("read a mark"));
  return marks;
}

Status Spool::RemoveMarks(std::int64_t through, Timestamp now) {
  std::lock_guard lock(mutex_);
  State next = state_;
  auto end = mark_bytes_.upper_bound(through);
  std::int64_t count = std::distance(mark_bytes_.begin(), end);
  std::uint64_t freed = 0;
  for (auto at = mark_bytes_.begin(); at != end; ++at) freed += at->second;
  next.positions[kCountKey] -= count;
  std::map<std::int64_t, std::uint64_t> written;
  std::vector<RawBatch> told;
  if (std::int64_t dropped = ValueOf(state_.positions, kDroppedKey); dropped > 0 && freed > 0) {
    told.push_back(DroppedMark(dropped, FromMicros(ValueOf(state_.positions, kDroppedSinceKey)), now));
    next.positions.erase(kDroppedKey);
    next.positions.erase(kDroppedSinceKey);
  }
  mark_total_ -= freed;
  Status done = Transaction(std::move(next), [&](State& changed) -> Status {
    SpoolStatement write(db_, "delete from mark where number <= ?1");
    write.Bind(1, through);
    if (write.Step() != SQLITE_DONE) return std::unexpected(Failed("remove from the spool"));
    return WriteMarks(told, now, changed, written);
  });
  if (!done) {
    mark_total_ += freed;
    return done;
  }
  mark_bytes_.erase(mark_bytes_.begin(), end);
  CountMarks(written);
  return {};
}

}  // namespace cryptostream
