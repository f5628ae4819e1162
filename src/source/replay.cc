// Recordings in, batches out. At full speed batches are large (4 MB or 50,000 rows), because the engine's cost is per commit; at a
// pace they leave as soon as the next line is not due, because then somebody watches. The pace follows the records' own stamps
// against the monotonic clock, from an anchor and not from line to line, so that it does not drift. Which recording it is, and what was
// taken of it, its own lines say (source/standing); nothing leaves before a line of the format was seen.
#include "source/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "market/parse.h"
#include "source/ohlcv_csv.h"
#include "source/recording_form.h"
#include "source/reject.h"
#include "source/standing.h"

namespace cryptostream {
namespace {

constexpr std::size_t kRoomForALine = 16 << 10;         // most lines are shorter, so that the last of a batch still fits
constexpr std::int64_t kLinesALook = 64;                // at full speed the clock is looked at once in so many lines
constexpr std::chrono::milliseconds kShortestWait{20};  // lines due sooner go together
constexpr std::int64_t kMostLooks = 1'000;              // lines of another format at the beginning, until it is refused
constexpr std::size_t kMostLooksBytes = 1 << 20;

bool HasStdin(const ReplayOptions& options) {
  return std::ranges::any_of(options.parts, [](const ReplayPart& part) { return part.file == "-"; });
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
  for (const auto& part : options.parts) {  // a file that cannot be read is told before a lake is made for it
    if (part.file != "-") CS_TRY(LineReader::Open(part.file, 1));
  }
  for (auto& part : options.parts) {
    if (part.format != ReplayFormat::kOhlcvCsv) continue;
    CS_ASSIGN(part.bars, WholeBarForm(part.file, std::move(part.bars), options.symbols));
  }
  return std::unique_ptr<ReplaySource>(new ReplaySource(std::move(options), clock, std::move(wait)));
}

ReplaySource::ReplaySource(ReplayOptions options, const Clock& clock, WaitFunction wait)
    : options_(std::move(options)),
      clock_(clock),
      wait_(std::move(wait)),
      stdin_(HasStdin(options_)),
      position_id_(stdin_ ? "bronze/file/stdin-" + RandomHexId() : std::string(kRecordingPrefix)) {}

// Finds out which recording it is and where it stands.
Status ReplaySource::Identify(std::int64_t position, const SourceOutput& output, const StopToken& stop) {
  position_ = position;
  if (stdin_) return {};
  CS_ASSIGN(Standing standing, FindStanding(options_.parts, output.positions, stop));
  position_id_ = standing.id;
  position_ = std::max(position, standing.position);
  return {};
}

Status ReplaySource::Run(std::int64_t position, const SourceOutput& output, StopToken stop) {
  base_ = next_ = rows_ = rejected_ = unmapped_ = 0;
  stopped_ = false;
  chain_ = LineChain();
  marks_.clear();
  CS_TRY(Identify(position, output, stop));
  if (position_ > 0) LogInfo("replay: {} lines were taken before, going on behind them", position_);
  for (const auto& part : options_.parts) {
    Begin(part);
    if (output.report) {
      output.report({std::string(decoder_->source()),
                     SourceState::kReplaying,
                     options_.about.empty() ? "replay of " + Named(part) : options_.about,
                     {},
                     {}});
    }
    auto played = PlayPart(part, output, stop);
    if (!played && played.error().kind != ErrorKind::kCancelled) {
      Flush(output);
      if (next_ == base_ || !recognised_) return played;
      return Fail(played.error().kind,
                  fmt::format("{} (the {} whole lines before it are taken)", played.error().message, next_ - base_));
    }
    if (stopped_ || stop.stop_requested()) return {};
    if (&part != &options_.parts.back()) Flush(output);
    base_ = next_;
  }
  Flush(output, true);
  TellEnd(output);
  return CheckTaken();
}

void ReplaySource::Begin(const ReplayPart& part) {
  part_ = &part;
  decoder_ = MakeLineDecoder(part.format, part.source, options_.symbols, part.bars);
  first_stamp_.reset();
  anchor_.reset();
  live_ = false;
  batch_ = RawBatch();
  rejects_weighed_ = reject_bytes_ = 0;
  chain_.Begin(FormatName(part.format));
  recognised_ = false;
  looked_at_ = 0;
  looked_at_bytes_ = 0;
  first_look_.clear();
}

Status ReplaySource::PlayPart(const ReplayPart& part, const SourceOutput& output, const StopToken& stop) {
  CS_ASSIGN(reader_, LineReader::Open(part.file, decoder_->max_line_bytes()));
  while (!stopped_) {
    CS_ASSIGN(auto line, reader_->Next(stop));
    if (!line) break;
    if (!stdin_ && !IsComplete(*line)) {
      if (!MayBegin(part.format, line->text)) CS_TRY(Recognise(*line));
      LogWarn(
          "replay: the last line has no end and is not whole, it is left for when the file has grown: file={} line={} bytes={}",
          Named(part), line->number + 1, line->text.size());
      break;
    }
    next_ = base_ + line->number;
    if (next_ >= position_) CS_TRY(Recognise(*line));
    if (next_ >= position_ || !first_stamp_) TakeLine(*line, output, stop);
    if (stopped_) break;
    chain_.Add(*line);
    if (!stdin_ && chain_.at_mark()) marks_.insert(MarkOf(position_id_, chain_));
    ++next_;
    if (IsBatchFull()) Flush(output);
  }
  return recognised_ || looked_at_ == 0 ? Status{} : Unrecognised();
}

// Looks at lines until one is of the part's format. Errors: Invalid when none of so many is.
Status ReplaySource::Recognise(const Line& line) {
  if (recognised_ || line.text.empty()) return {};
  recognised_ = position_ > base_ || line.cut_bytes > 0 || MayBe(part_->format, line.text);
  if (recognised_) return {};
  if (looked_at_++ == 0) first_look_ = line.text.substr(0, 64 << 10);
  looked_at_bytes_ += line.text.size();
  return looked_at_ < kMostLooks && looked_at_bytes_ < kMostLooksBytes ? Status{} : Unrecognised();
}

Status ReplaySource::Unrecognised() const {
  return Invalid(fmt::format("not a recording of this format: file={} format={} lines_looked_at={} ({}; nothing was taken)",
                             Named(*part_), FormatName(part_->format), looked_at_, FormHint(part_->format, first_look_)));
}

// Plays one line, waiting for its time first. A line that was taken before is only looked at, for the recording's first stamp.
void ReplaySource::TakeLine(const Line& line, const SourceOutput& output, const StopToken& stop) {
  if (line.text.empty()) return;
  bool paced = part_->speed > 0;
  bool whole = line.cut_bytes == 0;
  auto stamp = whole ? decoder_->Read(line.text, paced) : std::nullopt;
  if (!first_stamp_) first_stamp_ = paced ? stamp : clock_.Now();
  if (next_ < position_) return;
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
  if (stopped_ || (batch_.empty() && !end) || (!recognised_ && looked_at_ > 0)) return;
  if (end) {
    batch_.source = decoder_->source();
    batch_.position_id = position_id_;
  }
  rows_ += static_cast<std::int64_t>(batch_.rows());
  rejected_ += static_cast<std::int64_t>(batch_.rejects.size());
  unmapped_ += std::ranges::count(batch_.rejects, RejectText(RejectReason::kUnmappedSymbol), &Reject::reason);
  batch_.next_position = next_;
  batch_.end_of_input = end;
  if (!stdin_ && next_ > 0) batch_.begins = CompanyOf(position_id_, chain_, std::exchange(marks_, {}));
  stopped_ = !output.push(std::exchange(batch_, RawBatch()));
  rejects_weighed_ = reject_bytes_ = 0;
  if (options_.progress) {
    options_.progress({next_, std::min(next_, position_), rows_, reader_->bytes_done(), reader_->bytes_total()});
  }
}

void ReplaySource::TellEnd(const SourceOutput& output) {
  std::string words = fmt::format("replay ended: {} lines, {} messages", next_, rows_);
  if (position_ > 0) words += fmt::format(", {} lines were taken before", std::min(next_, position_));
  if (rejected_ > 0) words += fmt::format(", {} refused", rejected_);
  for (const auto& [kind, count] : decoder_->skipped()) {
    words += fmt::format(", {} {} skipped", count, kind);
    CountMetric("cryptostream_replay_skipped_total", "lines of a recording that are no prices", {{"kind", kind}},
                static_cast<double>(count));
  }
  if (next_ == 0) words += " (the recording is empty, or has no whole line yet)";
  LogLine(rejected_ > 0 || next_ == 0 ? LogLevel::kWarn : LogLevel::kInfo, words);
  if (output.report) output.report({std::string(decoder_->source()), SourceState::kDone, words, {}, {}});
}

// An input of which nothing could be taken is no success.
Status ReplaySource::CheckTaken() const {
  std::int64_t skipped = 0;
  for (const auto& [kind, count] : decoder_->skipped()) skipped += count;
  if (stopped_ || rows_ > 0 || unmapped_ > 0 || rejected_ + skipped == 0) return {};
  return Invalid(
      fmt::format("nothing was taken: lines={} refused={} skipped={} (`cryptostream quarantine list` shows what was refused "
                  "and why)",
                  next_ - std::min(next_, position_), rejected_, skipped));
}

}  // namespace cryptostream
