#pragma once

#include <cstdint>
#include <string>

namespace cryptostream {

// Says which process listens on a TCP port of this machine, "python3 (pid 4711)", or empty when /proc does not tell.
std::string PortHolder(std::uint16_t port);

}  // namespace cryptostream
