#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "live/candle_fold.h"

namespace cryptostream {

// The columns of bars: those of WriteCandle (render.h), in its order.
const std::shared_ptr<arrow::Schema>& CandleColumns();
// Bars as such columns.
std::shared_ptr<arrow::Table> CandleRows(const std::vector<Candle>& candles);

}  // namespace cryptostream
