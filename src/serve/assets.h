#pragma once

#include <span>
#include <string_view>

namespace cryptostream {

// One file of the page, built into the binary (cmake/embed.cmake). All of it lives as long as the process.
struct Asset {
  std::string_view path;  // exact, as in the URL: "/", "/assets/index-1a2b.js"
  std::string_view content_type;
  std::string_view etag;  // quoted
  std::string_view body;
  std::string_view body_gzip;  // empty where compression gains nothing
};

// Lists the page's files, the page itself under "/" and "/index.html".
std::span<const Asset> Assets();

}  // namespace cryptostream
