// A first look through a recording, before anything of it is taken. It reads no further than something can still be learnt: 64 lines where
// nothing like it was taken, else up to the end of what was. A recording that was taken under the first versions' name for it (size and both
// ends) is looked up under that name too, also when it has grown since.
#include "source/standing.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "source/file_identity.h"
#include "source/recording_form.h"

namespace cryptostream {
namespace {

constexpr std::string_view kOldPrefix = "bronze/file/";

std::string NameOf(const std::vector<ReplayPart>& parts) {
  std::string names;
  for (const ReplayPart& part : parts) names += (names.empty() ? "" : ",") + part.file.string();
  return names;
}

// Looks for a recording under the name that the first versions gave it.
class OldNames {
 public:
  OldNames(const std::vector<ReplayPart>& parts, RecordingPositions known) : parts_(parts), known_(std::move(known)) {}

  bool open() const { return !known_.empty(); }

  // The position under the name of the files as they are.
  Result<std::int64_t> Whole() const {
    if (known_.empty()) return 0;
    std::string all;
    for (const ReplayPart& part : parts_) {
      CS_ASSIGN(std::string one, FileIdentity(part.file));
      all += (all.empty() ? "" : "+") + one;
    }
    auto found = known_.find(std::string(kOldPrefix) + (parts_.size() == 1 ? all : IdentityOf(all)));
    return found == known_.end() ? 0 : found->second;
  }

  // Whether the file, as it was when it ended with this line, was taken then. In: lines up to and with it.
  bool GrownFrom(const Line& line, std::int64_t lines) const {
    if (parts_.size() != 1 || std::ranges::none_of(known_, [&](const auto& old) { return old.second == lines; })) return false;
    for (std::uint64_t size : {line.next_byte, line.next_byte - 1}) {  // with its line end, or before that was written
      auto name = FileIdentity(parts_.front().file, size);
      auto found = name ? known_.find(std::string(kOldPrefix) + *name) : known_.end();
      if (found != known_.end() && found->second == lines) return true;
    }
    return false;
  }

 private:
  const std::vector<ReplayPart>& parts_;
  const RecordingPositions known_;
};

// What the look found.
struct Look {
  RecordingMatch match;
  std::int64_t old_position = 0;
  std::int64_t lines = 0;
};

Status LookThrough(const std::vector<ReplayPart>& parts, const OldNames& old, Look& look, const StopToken& stop) {
  LineChain chain;
  for (const ReplayPart& part : parts) {
    auto decoder = MakeLineDecoder(part.format, part.source, {});
    CS_ASSIGN(auto reader, LineReader::Open(part.file, decoder->max_line_bytes()));
    chain.Begin(FormatName(part.format));
    while (look.match.open() || old.open()) {
      auto line = reader->Next(stop);
      // Where it breaks off the playing tells; up to there it can be told apart.
      if (!line && line.error().kind == ErrorKind::kInvalid) return {};
      if (!line) return std::unexpected(line.error());
      if (!*line || !IsComplete(**line)) break;
      chain.Add(**line);
      look.match.Add(chain);
      look.lines = chain.lines();
      if (old.open() && reader->plain() && old.GrownFrom(**line, look.lines)) look.old_position = look.lines;
    }
  }
  return {};
}

Error Changed(const std::vector<ReplayPart>& parts, const RecordingMatch::Changed& changed, std::int64_t lines) {
  std::string how = changed.differs_before == 0 ? fmt::format("it is shorter now: lines={}", lines)
                                                : fmt::format("it differs from a line between {} and {} on",
                                                              changed.same_lines + 1, changed.differs_before);
  return {ErrorKind::kInvalid,
          fmt::format("the recording was changed since it was taken: file={} lines_taken={} same_lines={}, {} (nothing was taken "
                      "now; --again takes all of it anew, rows that are the same are recognised)",
                      NameOf(parts), changed.taken->lines, changed.same_lines, how),
          {}};
}

}  // namespace

bool IsComplete(const Line& line) { return line.ended || line.cut_bytes > 0 || IsWholeValue(line.text); }

Result<Standing> FindStanding(const std::vector<ReplayPart>& parts,
                              const std::function<Result<RecordingPositions>(std::string_view prefix)>& positions,
                              StopToken stop) {
  RecordingPositions known, old_known;
  if (positions) {
    CS_ASSIGN(known, positions(kRecordingPrefix));
    CS_ASSIGN(old_known, positions(kOldPrefix));
  }
  std::erase_if(old_known, [](const auto& old) { return old.first.starts_with("bronze/file/stdin-"); });
  OldNames old(parts, std::move(old_known));
  Look look{RecordingMatch(TakenRecordings(known))};
  CS_ASSIGN(look.old_position, old.Whole());
  bool again = std::ranges::any_of(parts, &ReplayPart::again);
  CS_TRY(LookThrough(parts, old, look, stop));
  if (again) return Standing{look.match.NewId(), 0};
  const TakenRecording* continued = look.match.continued();
  if (auto changed = look.match.changed()) return std::unexpected(Changed(parts, *changed, look.lines));
  if (continued && continued->lines >= look.old_position) return Standing{continued->id, continued->lines};
  return Standing{look.match.NewId(), look.old_position};
}

}  // namespace cryptostream
