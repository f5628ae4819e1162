#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/replayed.h"
#include "source/line_chain.h"

namespace cryptostream {

// Ids of positions, without "cryptostream/", and their versions.
using RecordingPositions = std::map<std::string, std::int64_t>;

// What the positions say of one recording that was taken, or begun (docs/decisions/0013-recordings.md).
struct TakenRecording {
  std::string id;                               // of its position: "bronze/recording/<name>"
  std::int64_t lines = 0;                       // that were taken
  std::uint64_t proof = 0;                      // 56 bits of the chain after them
  std::map<std::int64_t, std::uint64_t> marks;  // 63 bits of the chain after so many lines
};

inline constexpr std::string_view kRecordingPrefix = kRecordingPosition;

// All that the positions know.
std::vector<TakenRecording> TakenRecordings(const RecordingPositions& positions);

// What goes along with the position of the recording `id` when it stands at `chain`; `marks` are those passed since it last did.
RecordingPositions CompanyOf(const std::string& id, const LineChain& chain, const RecordingPositions& marks);
// The mark at which the chain stands. Requires: chain.at_mark().
std::pair<std::string, std::int64_t> MarkOf(const std::string& id, const LineChain& chain);

// Compares a recording, line by line as it is read, with those that were taken.
class RecordingMatch {
 public:
  explicit RecordingMatch(std::vector<TakenRecording> taken);

  // The recording's chain went on by a line.
  void Add(const LineChain& chain);
  // True while a line more could change what is known.
  bool open() const { return !open_.empty() || lines_ < LineChain::kFirstMark; }
  // The longest that was taken and that this recording begins with; nullptr: none. Its lines are all there.
  const TakenRecording* continued() const { return continued_; }
  // A longer one that begins as this recording does, for 64 lines at least, and goes on otherwise or for longer.
  struct Changed {
    const TakenRecording* taken;
    std::int64_t same_lines;      // the same up to here at least
    std::int64_t differs_before;  // and no longer here; 0: the recording has ended
  };
  std::optional<Changed> changed() const;
  // The id of a recording that is new: from its first lines, so that a second attempt has the same; another one when it is in use.
  std::string NewId() const;

 private:
  struct Candidate {
    const TakenRecording* taken;
    std::int64_t same_lines = 0;
    std::int64_t differs_before = 0;
  };

  const std::vector<TakenRecording> taken_;
  std::vector<Candidate> open_, closed_;
  const TakenRecording* continued_ = nullptr;
  std::int64_t lines_ = 0;
  std::uint64_t name_ = 0;  // the chain after the first 64 lines, or all
};

}  // namespace cryptostream
