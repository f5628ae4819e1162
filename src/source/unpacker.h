#pragma once

#include <memory>
#include <string_view>

#include "source/byte_stream.h"

namespace cryptostream {

// What unpacks bytes that start so; nullptr when they are not gzip or zstd.
std::unique_ptr<Unpacker> UnpackerFor(std::string_view start);

}  // namespace cryptostream
