#pragma once

#include <string>

namespace cryptostream {

// The address whose share of connections and streams a client uses up: an IPv4 address as it is, also where it is written as an IPv6 one, and of
// an IPv6 address its /64, because a client has all of these to itself. In: as inet_ntop writes it. Out: "10.0.0.5", "2001:db8::/64".
std::string ClientAddress(const std::string& address);

// The same address as inet_ntop spells it, or the text itself where it is none.
std::string SpelledAddress(const std::string& text);

}  // namespace cryptostream
