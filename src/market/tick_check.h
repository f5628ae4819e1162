#pragma once

#include <expected>

#include "market/parse.h"
#include "market/tick.h"

namespace cryptostream {

// What a whole tick must have, after every field was read. Errors: the first reason why silver must refuse it; whether its time lies in the
// future is for who knows when it was received.
std::expected<void, ParseReject> CheckTick(const Tick& tick);

}  // namespace cryptostream
