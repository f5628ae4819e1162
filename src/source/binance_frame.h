#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/line_decoder.h"

namespace cryptostream {

// Decodes recorded frames of Binance's streams: "<receive time> <frame>", or a frame alone. Trades become messages, everything else is
// skipped and counted by its kind. A trade of a symbol that is not mapped to a coin is refused with its bytes, so that it can be
// replayed once it is mapped.
class BinanceFrameDecoder final : public LineDecoder {
 public:
  BinanceFrameDecoder(std::string source, SymbolMap symbols);
  ~BinanceFrameDecoder() override;

  std::optional<Timestamp> Read(std::string_view line, bool want_stamp) override;
  void Append(std::int64_t offset, Timestamp now, RawBatch& batch) override;
  std::string_view source() const override { return source_; }
  std::size_t max_line_bytes() const override;

 private:
  struct Frame;

  const std::string source_;
  const SymbolMap symbols_;
  std::string_view line_;
  std::string message_;
  std::unique_ptr<Frame> frame_;
};

}  // namespace cryptostream
