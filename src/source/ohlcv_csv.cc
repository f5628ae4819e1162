// Tables of bars as people have them: CSV of an exchange's archive, of a data set, of a spreadsheet. In: lines. Out: a message a bar, its
// figures with the file's own digits. A table says neither its unit of time nor how long a bar is; both are told by the numbers and
// checked, because a wrong one gives prices that look right at the wrong time.
#include "source/ohlcv_csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "base/stop.h"
#include "base/text.h"
#include "market/decimal.h"
#include "market/json.h"
#include "market/message.h"
#include "market/quote.h"
#include "source/line_reader.h"
#include "source/reject.h"
#include "source/stamp.h"

namespace cryptostream {
namespace {

constexpr std::size_t kMostLineBytes = 64 << 10;
constexpr std::chrono::seconds kLongest{60};

struct Known {
  BarColumn column;
  std::string_view name;                // as --columns calls it
  std::vector<std::string_view> names;  // as files call it, in lower case without spaces and underscores
};
const std::vector<Known>& KnownColumns() {
  static const std::vector<Known> known{
      {BarColumn::kTime, "time", {"opentime", "date", "time", "timestamp", "datetime", "unix", "start", "starttime"}},
      {BarColumn::kEnd, "end", {"closetime", "end", "endtime"}},
      {BarColumn::kSymbol, "symbol", {"symbol", "ticker", "pair", "market", "coin"}},
      {BarColumn::kOpen, "open", {"open"}},
      {BarColumn::kHigh, "high", {"high"}},
      {BarColumn::kLow, "low", {"low"}},
      {BarColumn::kClose, "close", {"close"}},
      {BarColumn::kVolume, "volume", {"volume", "basevolume", "vol"}},
      {BarColumn::kTurnover, "turnover", {"quotevolume", "quoteassetvolume", "turnover"}},
      {BarColumn::kVwap, "vwap", {"vwap"}},
      {BarColumn::kTrades, "trades", {"trades", "count", "numberoftrades", "tradecount", "tradescount"}}};
  return known;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kAround = " \t\r\"";
  auto begin = text.find_first_not_of(kAround);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kAround) - begin + 1);
}

std::string Plain(std::string_view name) {
  std::string plain;
  for (char c : Trimmed(name)) {
    if (c != ' ' && c != '_') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

void Split(std::string_view line, char comma, std::vector<std::string_view>& cells) {
  cells.clear();
  for (std::size_t from = 0; from <= line.size();) {
    auto to = std::min(line.find(comma, from), line.size());
    cells.push_back(Trimmed(line.substr(from, to - from)));
    from = to + 1;
  }
}

std::optional<Timestamp> TimeOf(std::string_view text) {
  if (auto stamp = StampOf(text)) return stamp;
  std::string time(text);
  if (time.size() == 10) time += "T00:00:00";
  if (time.size() > 10 && time[10] == ' ') time[10] = 'T';
  if (time.size() == 16) time += ":00";
  if (auto whole = ParseRfc3339(time)) return *whole;
  auto utc = ParseRfc3339(time + "Z");
  return utc ? std::optional(*utc) : std::nullopt;
}

// "time=Date, volume=Vol BTC": file's name -> column.
Result<std::map<std::string, BarColumn>> NamesOf(const std::string& names) {
  std::map<std::string, BarColumn> columns;
  for (const Known& known : KnownColumns()) {
    for (std::string_view name : known.names) columns[std::string(name)] = known.column;
  }
  std::vector<std::string_view> pairs;
  if (!names.empty()) Split(names, ',', pairs);
  for (std::string_view pair : pairs) {
    auto equals = pair.find('=');
    auto known = std::ranges::find(KnownColumns(), Trimmed(pair.substr(0, equals)), &Known::name);
    if (equals == pair.npos || known == KnownColumns().end()) {
      std::vector<std::string_view> all;
      for (const Known& each : KnownColumns()) all.push_back(each.name);
      return Invalid(fmt::format("bad --columns: \"{}\" (wanted COLUMN=NAME IN THE FILE, where COLUMN is one of {})",
                                 Printable(pair, 60), fmt::join(all, ", ")));
    }
    std::erase_if(columns, [&](const auto& entry) { return entry.second == known->column; });
    columns[Plain(pair.substr(equals + 1))] = known->column;
  }
  return columns;
}

// A number as a message has it: JSON's own form, else a text for silver to judge.
std::string JsonNumber(std::string_view text) {
  if (text.empty() || IsJsonNumber(text)) return std::string(text);
  std::string out = "\"";
  for (char c : text) out += c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ' ? '?' : c;
  return out + "\"";
}

// The mean price of a bar of which the turnover is known; nothing where that is none (another unit, rounded at its source).
std::string VwapOf(std::string_view turnover, std::string_view volume, std::string_view low, std::string_view high) {
  auto paid = NearestDouble(turnover), amount = NearestDouble(volume), least = NearestDouble(low), most = NearestDouble(high);
  if (!paid || !amount || !least || !most || !(*amount > 0)) return "";
  double mean = *paid / *amount;
  return mean >= *least && mean <= *most ? fmt::format("{}", mean) : "";
}

}  // namespace

std::string_view BarTable::Cell(const std::vector<std::string_view>& cells, BarColumn column) const {
  auto place = static_cast<std::size_t>(Of(column));  // -1 is beyond any
  return place < cells.size() ? cells[place] : std::string_view();
}

Result<BarTable> BarTableOf(std::string_view first_line, const std::string& names) {
  CS_ASSIGN(auto columns, NamesOf(names));
  BarTable table;
  table.at.fill(-1);
  for (char comma : {';', '\t'}) {
    if (std::ranges::count(first_line, comma) > std::ranges::count(first_line, table.comma)) table.comma = comma;
  }
  std::vector<std::string_view> cells;
  Split(first_line, table.comma, cells);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    auto found = columns.find(Plain(cells[i]));
    if (found == columns.end()) continue;
    int& at = table.at[static_cast<std::size_t>(found->second)];
    if (at < 0) at = static_cast<int>(i);
    table.has_header = true;
  }
  bool numbers = std::ranges::all_of(cells, [](std::string_view cell) { return IsJsonNumber(cell); });
  if (!table.has_header && numbers && cells.size() >= 6) {
    constexpr BarColumn kOrder[] = {BarColumn::kTime, BarColumn::kOpen,     BarColumn::kHigh,
                                    BarColumn::kLow,  BarColumn::kClose,    BarColumn::kVolume,
                                    BarColumn::kEnd,  BarColumn::kTurnover, BarColumn::kTrades};
    for (std::size_t i = 0; i < std::min(cells.size(), std::size(kOrder)); ++i) {
      table.at[static_cast<std::size_t>(kOrder[i])] = static_cast<int>(i);
    }
    return table;
  }
  std::vector<std::string_view> missing;
  for (const Known& known : KnownColumns()) {
    bool needed = known.column == BarColumn::kTime || (known.column >= BarColumn::kOpen && known.column <= BarColumn::kClose);
    if (needed && table.Of(known.column) < 0) missing.push_back(known.name);
  }
  if (missing.empty()) return table;
  return Invalid(
      fmt::format("not a table of bars: its first line has no column for {} (it has: {}; name them with --columns {}=...)",
                  fmt::join(missing, ", "), Printable(fmt::format("{}", fmt::join(cells, ", ")), 200), missing[0]));
}

namespace {

// What the first lines of a file tell.
struct Beginning {
  bool is_table = false, says_symbol = false;
  std::optional<std::chrono::seconds> distance;  // the least one of two bars of a symbol
};

Result<Beginning> LookAt(const std::filesystem::path& file, const BarForm& form) {
  constexpr int kMostLines = 20'000;
  CS_ASSIGN(auto reader, LineReader::Open(file, kMostLineBytes));
  Beginning seen;
  BarTable table;
  std::map<std::string, Timestamp, std::less<>> last;
  std::vector<std::string_view> cells;
  for (int i = 0; i < kMostLines; ++i) {
    CS_ASSIGN(auto line, reader->Next({}));
    if (!line) break;
    if (line->text.empty()) continue;
    if (!seen.is_table) {
      CS_ASSIGN(table, BarTableOf(line->text, form.columns));
      seen.is_table = true;
      seen.says_symbol = table.Of(BarColumn::kSymbol) >= 0;
      if (table.has_header) continue;
    }
    Split(line->text, table.comma, cells);
    auto time = TimeOf(table.Cell(cells, BarColumn::kTime));
    if (!time) continue;
    auto [before, first] = last.try_emplace(std::string(table.Cell(cells, BarColumn::kSymbol)), *time);
    auto distance = std::chrono::floor<std::chrono::seconds>(std::chrono::abs(*time - std::exchange(before->second, *time)));
    if (distance.count() > 0) seen.distance = std::min(seen.distance.value_or(distance), distance);
  }
  return seen;
}

}  // namespace

Result<BarForm> WholeBarForm(const std::filesystem::path& file, BarForm form, const SymbolMap& symbols) {
  if (file != "-") {
    CS_ASSIGN(Beginning seen, LookAt(file, form));
    if (!form.length) form.length = seen.distance;
    std::string name = file.filename().string();
    std::string first = name.substr(0, name.find_first_of("-_. "));
    if (form.symbol.empty() && !seen.says_symbol && symbols.contains(first)) form.symbol = first;
    if (form.symbol.empty() && !seen.says_symbol && seen.is_table) {
      return Invalid("no column says the symbol of the bars: file=" + name + " (give --symbol, as BTCUSDT)");
    }
  }
  if (!form.length) form.length = kLongest;
  if (*form.length <= std::chrono::seconds(0) || *form.length > kLongest) {
    return Invalid(
        fmt::format("bars of {} s cannot be taken, only those of up to a minute: file={} (--bar says how long they are)",
                    form.length->count(), file.filename().string()));
  }
  return form;
}

OhlcvCsvDecoder::OhlcvCsvDecoder(std::string source, const SymbolMap& symbols, BarForm form)
    : source_(std::move(source)), symbols_(WithQuotes(symbols)), form_(std::move(form)) {}

std::size_t OhlcvCsvDecoder::max_line_bytes() const { return kMostLineBytes; }

std::string_view OhlcvCsvDecoder::Cell(BarColumn column) const { return table_->Cell(cells_, column); }

// Reads the cells of the line; false once error_ says why it is no bar.
bool OhlcvCsvDecoder::ReadBar() {
  auto time = TimeOf(Cell(BarColumn::kTime));
  if (!time) {
    error_ = "malformed_line: no time where a bar begins";
    return false;
  }
  start_ = *time;
  seconds_ = form_.length.value_or(kLongest).count();
  if (auto end = TimeOf(Cell(BarColumn::kEnd)); end && *end > start_) {
    seconds_ = std::chrono::ceil<std::chrono::seconds>(*end - start_).count();
  }
  if (seconds_ <= kLongest.count() &&
      start_.time_since_epoch() % std::chrono::microseconds(std::chrono::seconds(seconds_)) != Timestamp::duration(0)) {
    error_ = fmt::format("bad_bar: it begins at {}, within a period of {} s", FormatRfc3339(start_), seconds_);
    return false;
  }
  return true;
}

std::optional<Timestamp> OhlcvCsvDecoder::Read(std::string_view line, bool) {
  line_ = line;
  error_.clear();
  is_header_ = false;
  if (!table_) {
    auto table = BarTableOf(line, form_.columns);
    if (!table) {
      error_ = "malformed_line: " + table.error().message;
      return std::nullopt;
    }
    table_ = *std::move(table);
    is_header_ = table_->has_header;
  }
  if (is_header_) return std::nullopt;
  Split(line, table_->comma, cells_);
  if (!ReadBar()) return std::nullopt;
  return start_ + std::chrono::seconds(seconds_);
}

void OhlcvCsvDecoder::Append(std::int64_t offset, Timestamp now, RawBatch& batch) {
  if (is_header_) return;
  if (error_.empty() && simdjson::validate_utf8(line_.data(), line_.size()) == false) error_ = RejectText(RejectReason::kNotUtf8);
  if (!error_.empty()) return AddReject(batch, offset, error_, line_, now);
  std::string symbol(Cell(BarColumn::kSymbol));
  if (symbol.empty()) symbol = form_.symbol;
  auto found = symbols_.find(symbol);
  for (std::size_t i = 0; i < kBarColumns; ++i) numbers_[i] = JsonNumber(Cell(static_cast<BarColumn>(i)));
  auto number = [&](BarColumn column) -> std::string& { return numbers_[static_cast<std::size_t>(column)]; };
  if (number(BarColumn::kVwap).empty())
    number(BarColumn::kVwap) =
        VwapOf(Cell(BarColumn::kTurnover), Cell(BarColumn::kVolume), Cell(BarColumn::kLow), Cell(BarColumn::kHigh));
  BarFields bar{.end = start_ + std::chrono::seconds(seconds_) - std::chrono::milliseconds(1), .seconds = seconds_};
  bar.source = source_;
  bar.symbol = IsValidName(symbol) ? std::string_view(symbol) : std::string_view();
  if (found != symbols_.end()) {
    bar.coin_id = found->second.coin;
    bar.quote = found->second.quote;
  }
  bar.open = number(BarColumn::kOpen);
  bar.high = number(BarColumn::kHigh);
  bar.low = number(BarColumn::kLow);
  bar.close = number(BarColumn::kClose);
  bar.volume = number(BarColumn::kVolume);
  bar.vwap = number(BarColumn::kVwap);
  bar.trades = number(BarColumn::kTrades);
  message_.clear();
  AppendBarMessage(bar, message_);
  if (found == symbols_.end()) {
    auto reason = fmt::format("{}: {}", RejectText(RejectReason::kUnmappedSymbol), Printable(symbol, 64));
    return AddReject(batch, offset, reason, message_, now);
  }
  batch.Add({bar.coin_id, message_, now, offset});
}

}  // namespace cryptostream
