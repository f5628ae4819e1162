// Which recording is which, from nothing but positions in bronze. A recording's position, <prefix><name>, is the number of lines taken. With it go,
// in the same commits: <name>/proof/0 and /1, the chain of exactly these lines, and <name>/mark/<k>, the chain after 2^k lines. A
// position may never go back (every check of the tables relies on it), so a proof is lines * 2^28 + 28 bits of the chain, which grows
// with the lines; a mark never changes. Two proofs make 56 bits. Costs: log2(lines / 64) + 3 positions a recording.
#include "source/taken_recordings.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/text.h"

namespace cryptostream {
namespace {

constexpr int kProofBits = 28;
constexpr std::uint64_t kProofMask = (std::uint64_t{1} << kProofBits) - 1;
constexpr std::int64_t kMostLines = std::int64_t{1} << (63 - kProofBits);

std::uint64_t ProofOf(std::uint64_t chain) { return chain & ((std::uint64_t{1} << (2 * kProofBits)) - 1); }
std::int64_t MarkValue(std::uint64_t chain) { return static_cast<std::int64_t>(chain >> 1); }

}  // namespace

std::vector<TakenRecording> TakenRecordings(const RecordingPositions& positions) {
  std::vector<TakenRecording> all;
  for (auto at = positions.lower_bound(std::string(kRecordingPrefix)); at != positions.end(); ++at) {
    const auto& [id, version] = *at;
    if (!id.starts_with(kRecordingPrefix)) break;
    auto slash = id.find('/', kRecordingPrefix.size());
    if (slash == std::string::npos) {  // comes before all that goes along with it
      all.push_back({id, version, 0, {}});
      continue;
    }
    std::string_view what = std::string_view(id).substr(slash);
    if (all.empty() || id.compare(0, slash, all.back().id) != 0) continue;
    TakenRecording& taken = all.back();
    if (what.starts_with("/proof/")) {
      int shift = what.ends_with('1') ? kProofBits : 0;
      taken.proof |= (static_cast<std::uint64_t>(version) & kProofMask) << shift;
    } else if (what.starts_with("/mark/")) {
      auto power = IntegerOf<int>(what.substr(6));
      if (power && *power >= 0 && *power < 63) taken.marks[std::int64_t{1} << *power] = static_cast<std::uint64_t>(version);
    }
  }
  return all;
}

std::pair<std::string, std::int64_t> MarkOf(const std::string& id, const LineChain& chain) {
  int power = std::countr_zero(static_cast<std::uint64_t>(chain.lines()));
  return {fmt::format("{}/mark/{:02}", id, power), MarkValue(chain.value())};
}

RecordingPositions CompanyOf(const std::string& id, const LineChain& chain, const RecordingPositions& marks) {
  CS_CHECK(chain.lines() < kMostLines);
  RecordingPositions company = marks;
  std::uint64_t proof = ProofOf(chain.value());
  for (int part = 0; part < 2; ++part) {
    auto bits = static_cast<std::int64_t>((proof >> (part * kProofBits)) & kProofMask);
    company[fmt::format("{}/proof/{}", id, part)] = (chain.lines() << kProofBits) | bits;
  }
  return company;
}

RecordingMatch::RecordingMatch(std::vector<TakenRecording> taken) : taken_(std::move(taken)) {
  for (const TakenRecording& one : taken_) {
    if (one.lines > 0) open_.push_back({&one});
  }
}

void RecordingMatch::Add(const LineChain& chain) {
  lines_ = chain.lines();
  if (lines_ <= LineChain::kFirstMark) name_ = chain.value();
  auto settle = [&](Candidate& candidate) {
    const TakenRecording& taken = *candidate.taken;
    bool same = true;
    if (auto mark = taken.marks.find(lines_); mark != taken.marks.end()) {
      same = static_cast<std::int64_t>(mark->second) == MarkValue(chain.value());
    }
    if (lines_ == taken.lines) {
      same = same && taken.proof == ProofOf(chain.value());
      if (same && (!continued_ || continued_->lines < taken.lines)) continued_ = &taken;
      if (same) return true;
    }
    if (same) {
      if (taken.marks.contains(lines_)) candidate.same_lines = lines_;
      return false;
    }
    candidate.differs_before = lines_;
    closed_.push_back(candidate);
    return true;
  };
  // Nothing can be told between marks, and there may be many recordings.
  if (chain.at_mark() || std::ranges::any_of(open_, [&](const Candidate& c) { return c.taken->lines == lines_; })) {
    std::erase_if(open_, settle);
  }
}

std::optional<RecordingMatch::Changed> RecordingMatch::changed() const {
  const Candidate* most = nullptr;
  for (const auto* candidates : {&open_, &closed_}) {
    for (const Candidate& candidate : *candidates) {
      if (candidate.same_lines < LineChain::kFirstMark) continue;
      if (continued_ && candidate.same_lines <= continued_->lines) continue;
      if (!most || candidate.same_lines > most->same_lines) most = &candidate;
    }
  }
  if (!most) return std::nullopt;
  return Changed{most->taken, most->same_lines, most->differs_before};
}

std::string RecordingMatch::NewId() const {
  auto id = [&](int generation) {
    return fmt::format("{}{:016x}{}", kRecordingPrefix, name_, generation == 1 ? "" : fmt::format("~{}", generation));
  };
  int generation = 1;
  auto used = [&](const TakenRecording& taken) { return taken.id == id(generation); };
  while (std::ranges::any_of(taken_, used)) ++generation;
  return id(generation);
}

}  // namespace cryptostream
