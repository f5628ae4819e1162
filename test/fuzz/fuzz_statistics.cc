// Any bytes as a file's statistics in the log: numbers and bounds, or nothing.
#include "delta/bounds.h"
#include "delta/statistics.h"
#include "test/fuzz/input.h"

using namespace cryptostream;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = Text(data, size);
  CS_CHECK(RowsOf(text) >= -1);
  for (const char* column : {"api_timestamp", "window.start", "timestamp"}) {
    auto bounds = TimeBoundsOf(text, column);
    static_cast<void>(bounds);
  }
  auto bounds = IntegerBoundsOf(text, "trade_id");
  static_cast<void>(bounds);
  CS_CHECK(JsonString(text).size() >= size + 2);
  return 0;
}
