// What a recording's lines look like. A file of another format is refused as a whole before anything of it is taken, because else each of
// its lines would go to quarantine, and the run would look like a success.
#include "source/recording_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cryptostream {
namespace {

constexpr std::array kAllFormats{ReplayFormat::kMessages, ReplayFormat::kCoinGeckoMarkets, ReplayFormat::kBinanceFrames,
                                 ReplayFormat::kOhlcvCsv};

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  auto start = text.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kSpace) - start + 1);
}

bool Holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// The frame behind a receive time, where there is one.
std::string_view WithoutStamp(std::string_view line) {
  auto digits = line.find_first_not_of("0123456789.");
  if (digits == 0 || digits == std::string_view::npos || line[digits] != ' ') return line;
  return Trimmed(line.substr(digits));
}

bool IsObject(std::string_view line) { return line.starts_with('{'); }
bool IsMessage(std::string_view line) { return IsObject(line) && Holds(line, "\"coin_id\""); }
// A header or a row of a table: five columns or more, and no JSON.
bool IsBarLine(std::string_view line) {
  auto commas = std::max({std::ranges::count(line, ','), std::ranges::count(line, ';'), std::ranges::count(line, '\t')});
  return !line.starts_with('{') && !line.starts_with('[') && commas >= 4;
}
bool IsRecordedBody(std::string_view line) { return IsObject(line) && Holds(line, "\"body\""); }

}  // namespace

bool MayBe(ReplayFormat format, std::string_view line) {
  line = Trimmed(line);
  switch (format) {
    case ReplayFormat::kMessages: return IsMessage(line);
    case ReplayFormat::kCoinGeckoMarkets: return (line.starts_with('[') && line.ends_with(']')) || IsRecordedBody(line);
    case ReplayFormat::kBinanceFrames: {
      std::string_view frame = WithoutStamp(line);
      return IsObject(frame) && !IsMessage(frame) && !IsRecordedBody(frame);
    }
    case ReplayFormat::kOhlcvCsv: return IsBarLine(line);
  }
  return false;
}

bool MayBegin(ReplayFormat format, std::string_view line) {
  line = Trimmed(line);
  if (format == ReplayFormat::kOhlcvCsv) return true;
  bool json = line.starts_with('{') || line.starts_with('[');
  bool stamp = format == ReplayFormat::kBinanceFrames && line.find_first_not_of("0123456789.") != 0;
  return line.empty() || json || (stamp && !WithoutStamp(line).empty());
}

std::string FormHint(ReplayFormat asked, std::string_view line) {
  std::string_view trimmed = Trimmed(line);
  for (ReplayFormat other : kAllFormats) {
    bool telling = other != ReplayFormat::kBinanceFrames || WithoutStamp(trimmed).size() < trimmed.size() ||
                   Holds(trimmed, "\"stream\"") || Holds(trimmed, "\"e\"");
    if (other != asked && telling && MayBe(other, line)) {
      return fmt::format("it looks like {0}: use --format {0}", FormatName(other));
    }
  }
  std::string looks = fmt::format("it begins \"{}\"", Printable(trimmed, 60));
  if (trimmed == "[" || trimmed == "{")
    looks = "it is JSON over several lines: make one line of each value, as `jq -c '.[]'` does";
  std::string_view wanted;
  switch (asked) {
    case ReplayFormat::kMessages: wanted = "a line is wanted to be a JSON object with timestamp, coin_id and price"; break;
    case ReplayFormat::kCoinGeckoMarkets: wanted = "a line is wanted to be an answer of /coins/markets, a JSON array"; break;
    case ReplayFormat::kBinanceFrames:
      wanted = "a line is wanted to be a receive time and a frame of a WebSocket, a JSON object";
      break;
    case ReplayFormat::kOhlcvCsv: wanted = "a line is wanted to be a bar: time, open, high, low, close"; break;
  }
  return fmt::format("{}; {}", looks, wanted);
}

bool IsWholeValue(std::string_view line) {
  line = Trimmed(line);
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = line.find_first_of("{["); at < line.size(); ++at) {
    char c = line[at];
    if (quoted) {
      if (c == '\\') ++at;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at + 1 == line.size();
    }
  }
  return false;
}

}  // namespace cryptostream
