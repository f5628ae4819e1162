#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "source/coingecko_client.h"
#include "source/line_decoder.h"
#include "source/line_reader.h"
#include "source/replay_part.h"
#include "source/source.h"
#include "source/taken_recordings.h"

namespace cryptostream {

// How far a replay is.
struct ReplayProgress {
  std::int64_t lines = 0;
  std::int64_t taken_before = 0;  // of these lines
  std::int64_t rows = 0;
  std::uint64_t bytes_done = 0, bytes_total = 0;  // of the file as it lies, of the part being played
};

struct ReplayOptions {
  std::vector<ReplayPart> parts;  // played one after the other, as one input
  SymbolMap symbols = DefaultSymbols();
  std::string about;  // what is played, in words for the page; empty: the file's name
  std::function<void(const ReplayProgress&)> progress;
};

// Plays recordings into the pipeline. Position and offset are line numbers (of all parts together), so that a replay goes on where it
// stopped, and one that has grown where it ended; of stdin nothing can be asked for again, so its position counts for one run only. A file of
// another format is refused before anything of it is taken. One thread.
class ReplaySource final : public Source {
 public:
  // Errors: NotFound or Invalid for a part that cannot be played. Requires: `clock` outlives the source.
  static Result<std::unique_ptr<ReplaySource>> Open(ReplayOptions options, const Clock& clock, WaitFunction wait = SleepFor);

  // Of a file: that of all recordings, until Run knows which one it is.
  std::string position_id() const override { return position_id_; }
  // Errors: Invalid when a file breaks off (whole lines before it are pushed), is of another format, was changed since it was taken, or when
  // nothing of it could be taken; Unavailable.
  Status Run(std::int64_t position, const SourceOutput& output, StopToken stop) override;

 private:
  // When the recording's first paced line was due: what the pace is measured from.
  struct Anchor {
    Timestamp stamp;
    std::chrono::steady_clock::time_point due;
  };

  ReplaySource(ReplayOptions options, const Clock& clock, WaitFunction wait);
  Status Identify(std::int64_t position, const SourceOutput& output, const StopToken& stop);
  Status PlayPart(const ReplayPart& part, const SourceOutput& output, const StopToken& stop);
  void TakeLine(const Line& line, const SourceOutput& output, const StopToken& stop);
  void Pace(Timestamp stamp, const SourceOutput& output, const StopToken& stop);
  void Begin(const ReplayPart& part);
  Status Recognise(const Line& line);
  Status Unrecognised() const;
  Status CheckTaken() const;
  bool IsBatchFull();
  void Flush(const SourceOutput& output, bool end = false);
  void TellEnd(const SourceOutput& output);

  ReplayOptions options_;
  const Clock& clock_;
  const WaitFunction wait_;
  const bool stdin_;
  std::string position_id_;
  std::int64_t position_ = 0;  // the first line that was not taken before

  const ReplayPart* part_ = nullptr;
  std::unique_ptr<LineDecoder> decoder_;
  std::unique_ptr<LineReader> reader_;
  RawBatch batch_;
  LineChain chain_;             // of the lines up to next_
  RecordingPositions marks_;    // passed since the last batch left
  bool recognised_ = false;     // a line of the part was of its format: until then no batch leaves
  std::int64_t looked_at_ = 0;  // lines until then
  std::size_t looked_at_bytes_ = 0;
  std::string first_look_;                              // the first of them
  std::size_t rejects_weighed_ = 0, reject_bytes_ = 0;  // of batch_.rejects
  std::int64_t base_ = 0;                               // lines of the parts before
  std::int64_t next_ = 0;                               // the next line's position
  std::int64_t rows_ = 0, rejected_ = 0;
  std::int64_t unmapped_ = 0;  // of the rejected: whole, and waiting for a symbol
  std::optional<Timestamp> first_stamp_;
  Timestamp received_{};  // of the line in hand
  std::optional<Anchor> anchor_;
  bool live_ = false;
  bool stopped_ = false;
};

}  // namespace cryptostream
