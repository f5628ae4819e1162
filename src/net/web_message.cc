// Requests and answers as plain structs, so that whoever answers needs no header of Boost.
#include "net/web_message.h"

#include <cctype>

namespace cryptostream {

std::string_view WebRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

void WebReply::SetBody(std::string text) { SetBody(std::make_shared<const std::string>(std::move(text))); }

void WebReply::SetBody(std::shared_ptr<const std::string> text) {
  body = *text;
  body_gzip = {};
  owner = std::move(text);
}

std::string PercentEncode(std::string_view text) {
  static const char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
    }
  }
  return out;
}

}  // namespace cryptostream
