#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace cryptostream {

// A record as it was read from a topic, whoever read it: librdkafka here, Spark for an operator (cluster/). The texts live as long as what
// they were read into.
class ReadRecord {
 public:
  virtual ~ReadRecord() = default;
  // The last header of that name, or nothing.
  virtual std::string_view Header(const char* name) const = 0;

  std::optional<std::string_view> key, value;
  std::int64_t offset = 0;
  std::optional<Timestamp> time;  // the broker's or the producer's
};

}  // namespace cryptostream
