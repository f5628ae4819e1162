#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/line_decoder.h"

namespace cryptostream {

// What a column of a table of bars holds.
enum class BarColumn { kTime, kEnd, kSymbol, kOpen, kHigh, kLow, kClose, kVolume, kTurnover, kVwap, kTrades };
inline constexpr std::size_t kBarColumns = 11;

// Where the columns of a table of bars are: -1 where there is none.
struct BarTable {
  std::array<int, kBarColumns> at{};
  char comma = ',';
  bool has_header = false;
  int Of(BarColumn column) const { return at[static_cast<std::size_t>(column)]; }
  // What a line has in the column; empty where it has none. In: the cells of the line.
  std::string_view Cell(const std::vector<std::string_view>& cells, BarColumn column) const;
};

// Reads a table's columns off its first line: by the names in it, or, where these are numbers, as Binance's files without a header have them
// (open time, open, high, low, close, volume, close time, quote volume, count, ...). In: the user's own names, "time=Date,volume=Vol BTC".
// Errors: Invalid, naming what is missing and what there is.
Result<BarTable> BarTableOf(std::string_view first_line, const std::string& names = "");

// Completes what is known of a table from its first lines and its file's name: the length of a bar is the least distance of two of one
// symbol, the symbol what the name begins with ("BTCUSDT-1m-2024-01.csv"). Of stdin ("-") nothing can be asked; a bar is then a minute.
// Errors: as of LineReader and BarTableOf; Invalid where nobody says the symbol, or the bars are longer than a minute.
Result<BarForm> WholeBarForm(const std::filesystem::path& file, BarForm form, const SymbolMap& symbols);

// Decodes lines of CSV, a bar each, into messages. The header is looked for in the first line; times are of any unit (source/stamp.h), or text
// (RFC 3339, or with a space and no zone: UTC), and say when a bar begins. A bar of a symbol that is not mapped to a coin is refused as
// its message without a coin, so that it can be replayed once it is mapped.
class OhlcvCsvDecoder final : public LineDecoder {
 public:
  OhlcvCsvDecoder(std::string source, const SymbolMap& symbols, BarForm form);

  std::optional<Timestamp> Read(std::string_view line, bool want_stamp) override;
  void Append(std::int64_t offset, Timestamp now, RawBatch& batch) override;
  std::string_view source() const override { return source_; }
  std::size_t max_line_bytes() const override;

 private:
  std::string_view Cell(BarColumn column) const;
  bool ReadBar();

  const std::string source_;
  const SymbolMap symbols_;
  const BarForm form_;
  std::optional<BarTable> table_;
  std::string table_error_;  // why the first line gives none

  std::string_view line_;
  std::vector<std::string_view> cells_;
  std::string error_;  // why the line is no bar
  bool is_header_ = false;
  Timestamp start_{};
  std::int64_t seconds_ = 0;
  std::string message_;
  std::array<std::string, kBarColumns> numbers_;  // as JSON text
};

}  // namespace cryptostream
