// Who counts as one client. In: addresses as text. Out: the name that its places are counted under.
// Rejected: the header X-Forwarded-For, which anybody can write; a proxy is named in the settings instead and bounds its clients itself.
#include "net/client_address.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace cryptostream {

namespace ip = boost::asio::ip;

std::string ClientAddress(const std::string& text) {
  boost::system::error_code error;
  ip::address address = ip::make_address(text, error);
  if (error || address.is_v4()) return text;
  if (address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6()).to_string();
  if (address.is_loopback()) return text;
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + bytes.size() / 2, bytes.end(), 0);
  return ip::address_v6(bytes).to_string() + "/64";
}

std::string SpelledAddress(const std::string& text) {
  boost::system::error_code error;
  ip::address address = ip::make_address(text, error);
  return error ? text : address.to_string();
}

}  // namespace cryptostream
