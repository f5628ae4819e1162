// The page's files, built by Vite and compiled into the program (cmake/embed.cmake), so that one binary serves everything and
// a page can never be of another version than its server.
#pragma once

#include <span>
#include <string_view>

namespace cryptostream {

struct Asset {
  std::string_view path;          // exact URL path; the page itself is both "/" and "/index.html"
  std::string_view content_type;  // with the charset
  std::string_view etag;          // quoted, of the content
  std::string_view body;
  std::string_view body_gzip;  // empty where gzip saves nothing
};

// Gives all files of the page; they live as long as the program.
std::span<const Asset> Assets();

}  // namespace cryptostream
