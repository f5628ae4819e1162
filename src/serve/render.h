#pragma once

#include <string>
#include <vector>

#include "live/candle_fold.h"
#include "serve/json_writer.h"
#include "serve/state.h"

namespace cryptostream {

// Shapes that more than one route sends, and the JSON Schema of a candle.
std::string CandleSchema();
void WriteCandle(JsonWriter& json, const Candle& candle);
void WriteCoin(JsonWriter& json, const CoinView& coin, const ServerState& state);
// The answer of /api/v1/status, and the data of the stream's `status` event.
std::string RenderStatus(const ServerState& state);

}  // namespace cryptostream
