// Recordings in, batches out. At full speed batches are large (4 MB or 50,000 rows), because the engine's cost is per commit; at a
// pace they leave as soon as the next line is not due, because then somebody watches. The pace follows the records' own stamps
// against the monotonic clock, from an anchor and not from line to line, so that it does not drift.
#include "source/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "market/parse.h"
#include "source/file_identity.h"
#include "source/reject.h"

namespace cryptostream {
namespace {

constexpr std::size_t kRoomForALine = 16 << 10;         // most lines are shorter, so that the last of a batch still fits
constexpr std::int64_t kLinesALook = 64;                // at full speed the clock is looked at once in so many lines
constexpr std::chrono::milliseconds kShortestWait{20};  // lines due sooner go together

bool HasStdin(const ReplayOptions& options) {
  return std::ranges::any_of(options.parts, [](const ReplayPart& part) { return part.file == "-"; });
}

Result<std::string> PositionId(const ReplayOptions& options) {
  if (HasStdin(options)) return "bronze/file/stdin-" + RandomHexId();
  std::string all;
  for (const auto& part : options.parts) {
    CS_ASSIGN(std::string one, FileIdentity(part.file));
    all += (all.empty() ? "" : "+") + one;
  }
  return "bronze/file/" + (options.parts.size() == 1 ? all : IdentityOf(all));
}

// The file's name as bronze's column `topic` can hold it.
std::string TopicOf(const std::filesystem::path& file) {
  std::string name = file == "-" ? "stdin" : file.filename().string();
  return IsUtf8(name) ? name : Printable(name);
}

std::string Named(const ReplayPart& part) { return part.file == "-" ? "stdin" : part.file.filename().string(); }

}  // namespace

Result<std::unique_ptr<ReplaySource>> ReplaySource::Open(ReplayOptions options, const Clock& clock, WaitFunction wait) {
  if (options.parts.empty()) return Invalid("nothing to replay");
  if (HasStdin(options) && options.parts.size() > 1) return Invalid("stdin cannot be one of several recordings");
  for (const auto& part : options.parts) {
    if (!(part.speed >= 0)) return Invalid(fmt::format("speed must be max or a positive number: speed={}", part.speed));
  }
  CS_ASSIGN(std::string id, PositionId(options));
  return std::unique_ptr<ReplaySource>(new ReplaySource(std::move(options), clock, std::move(wait), std::move(id)));
}

ReplaySource::ReplaySource(ReplayOptions options, const Clock& clock, WaitFunction wait, std::string position_id)
    : options_(std::move(options)), clock_(clock), wait_(std::move(wait)), position_id_(std::move(position_id)) {}

Status ReplaySource::Run(std::int64_t position, const SourceOutput& output, StopToken stop) {
  base_ = next_ = rows_ = rejected_ = 0;
  stopped_ = false;
  if (position > 0) LogInfo("replay: going on at line {}", position);
  for (const auto& part : options_.parts) {
    Begin(part);
    if (output.report) {
      output.report({std::string(decoder_->source()), SourceState::kReplaying, "replay of " + Named(part), {}, {}});
    }
    auto played = PlayPart(part, position, output, stop);
    if (!played && played.error().kind != ErrorKind::kCancelled) {
      Flush(output);
      return played;
    }
    if (stopped_ || stop.stop_requested()) return {};
    if (&part != &options_.parts.back()) Flush(output);
    base_ = next_;
  }
  Flush(output, true);
  TellEnd(output);
  return {};
}

void ReplaySource::Begin(const ReplayPart& part) {
  part_ = &part;
  decoder_ = MakeLineDecoder(part.format, part.source, options_.symbols);
  first_stamp_.reset();
  anchor_.reset();
  live_ = false;
  batch_ = RawBatch();
  rejects_weighed_ = reject_bytes_ = 0;
}

Status ReplaySource::PlayPart(const ReplayPart& part, std::int64_t position, const SourceOutput& output, const StopToken& stop) {
  CS_ASSIGN(reader_, LineReader::Open(part.file, decoder_->max_line_bytes()));
  while (!stopped_) {
    CS_ASSIGN(auto line, reader_->Next(stop));
    if (!line) break;
    next_ = base_ + line->number;
    if (next_ >= position || !first_stamp_) TakeLine(*line, position, output, stop);
    next_ = base_ + line->number + 1;
  }
  return {};
}

// Plays one line, waiting for its time first. A line before `position` is only looked at, for the recording's first stamp.
void ReplaySource::TakeLine(const Line& line, std::int64_t position, const SourceOutput& output, const StopToken& stop) {
  if (line.text.empty()) return;
  bool paced = part_->speed > 0;
  bool whole = line.cut_bytes == 0;
  auto stamp = whole ? decoder_->Read(line.text, paced) : std::nullopt;
  if (!first_stamp_) first_stamp_ = paced ? stamp : clock_.Now();
  if (next_ < position) return;
  if (paced && stamp) Pace(*stamp, output, stop);
  if (stopped_) return;
  if (paced || batch_.empty() || next_ % kLinesALook == 0) received_ = clock_.Now();
  if (batch_.empty()) {
    batch_.source = decoder_->source();
    batch_.topic = TopicOf(part_->file);
    batch_.position_id = position_id_;
    batch_.live = live_;
    if (!paced) batch_.Reserve(RawBatch::kFullRows, RawBatch::kFullBytes + kRoomForALine);
  }
  if (whole) {
    decoder_->Append(next_, received_, batch_);
  } else {
    auto reason = fmt::format("{}: {} bytes", RejectText(RejectReason::kTooLarge), line.text.size() + line.cut_bytes);
    AddReject(batch_, next_, reason, line.text, received_);
  }
  ++next_;
  if (IsBatchFull()) Flush(output);
}

bool ReplaySource::IsBatchFull() {
  for (; rejects_weighed_ < batch_.rejects.size(); ++rejects_weighed_) {
    reject_bytes_ += batch_.rejects[rejects_weighed_].value.size();
  }
  return batch_.bytes() + reject_bytes_ >= RawBatch::kFullBytes || batch_.rows() + rejects_weighed_ >= RawBatch::kFullRows;
}

// Waits until a line with this stamp is due, with everything before it pushed.
void ReplaySource::Pace(Timestamp stamp, const SourceOutput& output, const StopToken& stop) {
  if (first_stamp_ && stamp < *first_stamp_ + part_->at_once) return;
  if (!live_) Flush(output);
  live_ = true;
  auto now = clock_.Steady();
  if (!anchor_) anchor_ = Anchor{stamp, now};
  std::chrono::duration<double, std::micro> since = stamp - anchor_->stamp;
  auto due = anchor_->due + std::chrono::duration_cast<std::chrono::nanoseconds>(since / part_->speed);
  if (due < now + kShortestWait) return;
  Flush(output);
  if (!stopped_ && !wait_(stop, due - now)) stopped_ = true;
}

// Pushes what was gathered; at the end also when that is nothing, so that the pipeline learns of the end.
void ReplaySource::Flush(const SourceOutput& output, bool end) {
  if (stopped_ || (batch_.empty() && !end)) return;
  if (end) {
    batch_.source = decoder_->source();
    batch_.position_id = position_id_;
  }
  rows_ += static_cast<std::int64_t>(batch_.rows());
  rejected_ += static_cast<std::int64_t>(batch_.rejects.size());
  batch_.next_position = next_;
  batch_.end_of_input = end;
  stopped_ = !output.push(std::exchange(batch_, RawBatch()));
  rejects_weighed_ = reject_bytes_ = 0;
  if (options_.progress) options_.progress({next_, rows_, reader_->bytes_done(), reader_->bytes_total()});
}

void ReplaySource::TellEnd(const SourceOutput& output) {
  std::string words = fmt::format("replay ended: {} lines, {} messages", next_, rows_);
  if (rejected_ > 0) words += fmt::format(", {} refused", rejected_);
  for (const auto& [kind, count] : decoder_->skipped()) {
    words += fmt::format(", {} {} skipped", count, kind);
    CountMetric("cryptostream_replay_skipped_total", "lines of a recording that are no prices", {{"kind", kind}},
                static_cast<double>(count));
  }
  LogInfo("{}", words);
  if (output.report) output.report({std::string(decoder_->source()), SourceState::kDone, words, {}, {}});
}

}  // namespace cryptostream
