#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "source/coingecko_client.h"
#include "source/line_decoder.h"
#include "source/line_reader.h"
#include "source/source.h"

namespace cryptostream {

// One recording, and how it is played.
struct ReplayPart {
  std::filesystem::path file;  // .jsonl, .gz or .zst (told by the content), "-" for stdin
  ReplayFormat format = ReplayFormat::kMessages;
  std::string source;                    // bronze's column; empty: the format's own
  double speed = 0;                      // 1: as it was recorded; 60: a minute a second; 0: as fast as it goes
  std::chrono::microseconds at_once{0};  // of the recording's start that is played at full speed, so that there is a history
};

// How far a replay is.
struct ReplayProgress {
  std::int64_t lines = 0;
  std::int64_t rows = 0;
  std::uint64_t bytes_done = 0, bytes_total = 0;  // of the file as it lies, of the part being played
};

struct ReplayOptions {
  std::vector<ReplayPart> parts;  // played one after the other, as one input
  SymbolMap symbols = DefaultSymbols();
  std::function<void(const ReplayProgress&)> progress;
};

// Plays recordings into the pipeline. Position and offset are line numbers (of all parts together), so that a replay goes on where it
// stopped; of stdin nothing can be asked for again, so its position counts for one run only. One thread.
class ReplaySource final : public Source {
 public:
  // Errors: NotFound or Invalid for a part that cannot be played. Requires: `clock` outlives the source.
  static Result<std::unique_ptr<ReplaySource>> Open(ReplayOptions options, const Clock& clock, WaitFunction wait = SleepFor);

  std::string position_id() const override { return position_id_; }
  // Errors: Invalid when a file breaks off (what came before is pushed); Unavailable.
  Status Run(std::int64_t position, const SourceOutput& output, StopToken stop) override;

 private:
  // When the recording's first paced line was due: what the pace is measured from.
  struct Anchor {
    Timestamp stamp;
    std::chrono::steady_clock::time_point due;
  };

  ReplaySource(ReplayOptions options, const Clock& clock, WaitFunction wait, std::string position_id);
  Status PlayPart(const ReplayPart& part, std::int64_t position, const SourceOutput& output, const StopToken& stop);
  void TakeLine(const Line& line, std::int64_t position, const SourceOutput& output, const StopToken& stop);
  void Pace(Timestamp stamp, const SourceOutput& output, const StopToken& stop);
  void Begin(const ReplayPart& part);
  bool IsBatchFull();
  void Flush(const SourceOutput& output, bool end = false);
  void TellEnd(const SourceOutput& output);

  ReplayOptions options_;
  const Clock& clock_;
  const WaitFunction wait_;
  const std::string position_id_;

  const ReplayPart* part_ = nullptr;
  std::unique_ptr<LineDecoder> decoder_;
  std::unique_ptr<LineReader> reader_;
  RawBatch batch_;
  std::size_t rejects_weighed_ = 0, reject_bytes_ = 0;  // of batch_.rejects
  std::int64_t base_ = 0;                               // lines of the parts before
  std::int64_t next_ = 0;                               // the next line's position
  std::int64_t rows_ = 0, rejected_ = 0;
  std::optional<Timestamp> first_stamp_;
  Timestamp received_{};  // of the line in hand
  std::optional<Anchor> anchor_;
  bool live_ = false;
  bool stopped_ = false;
};

}  // namespace cryptostream
