// Requests and answers as plain structs, so that whoever answers needs no header of Boost.
#include "net/web_message.h"

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

}  // namespace cryptostream
