// Files that people hand to a program of this kind and that it does not read, known by their first bytes, with the command that makes
// them readable. Each would otherwise be taken for text and go to quarantine line by line.
#include "source/foreign_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cryptostream {
namespace {

using namespace std::string_view_literals;

struct Mark {
  std::string_view bytes;
  std::string_view name;
  std::string_view unpack;  // the command that gives its text; empty: none
  std::size_t at = 0;
};

constexpr std::array kMarks{
    Mark{"\xfd"
         "7zXZ\0"sv,
         "xz-compressed", "xz -dc"},
    Mark{"BZh"sv, "bzip2-compressed", "bzip2 -dc"},
    Mark{"PK\x03\x04"sv, "a zip archive", "unzip -p"},
    Mark{"PK\x05\x06"sv, "an empty zip archive", ""},
    Mark{"\x04\x22\x4d\x18"sv, "lz4-compressed", "lz4 -dc"},
    Mark{"LZIP"sv, "lzip-compressed", "lzip -dc"},
    Mark{"\x5d\0\0"sv, "lzma-compressed", "xz -dc --format=lzma"},
    Mark{"\x1f\x9d"sv, "compressed by compress", "uncompress -c"},
    Mark{"\xff\x06\0\0sNaPpY"sv, "snappy-compressed", ""},
    Mark{"\xce\xb2\xcf\x81"sv, "brotli-compressed", "brotli -dc"},
    Mark{"7z\xbc\xaf\x27\x1c"sv, "a 7z archive", "7z x -so"},
    Mark{"Rar!\x1a\x07"sv, "a rar archive", "unrar p -inul"},
    Mark{"PAR1"sv, "a Parquet file", ""},
    Mark{"ARROW1"sv, "an Arrow file", ""},
    Mark{"ORC"sv, "an ORC file", ""},
    Mark{"Obj\x01"sv, "an Avro file", ""},
    Mark{"SQLite format 3\0"sv, "an SQLite database", ""},
    Mark{"\x89HDF\r\n"sv, "an HDF5 file", ""},
    Mark{"\x93NUMPY"sv, "a NumPy file", ""},
    Mark{"%PDF"sv, "a PDF", ""},
    Mark{"\x7f"
         "ELF"sv,
         "a program", ""},
    Mark{"ustar"sv, "a tar archive", "tar -xOf", 257},
};

}  // namespace

std::optional<std::string> ForeignForm(std::string_view start) {
  for (const Mark& mark : kMarks) {
    if (start.size() < mark.at || !start.substr(mark.at).starts_with(mark.bytes)) continue;
    if (mark.unpack.empty()) {
      return fmt::format("{}, which is not read (what is read: lines of JSON, plain, gzip or zstd)", mark.name);
    }
    return fmt::format("{}, which is not read; unpack it: {} FILE | cryptostream replay -", mark.name, mark.unpack);
  }
  return std::nullopt;
}

std::optional<std::string> ForeignText(std::string_view start) {
  constexpr std::string_view kConvert = "which is not read; convert it: iconv -f {} -t UTF-8 FILE | cryptostream replay -";
  auto told = [&](std::string_view name) { return fmt::format("{} text, {}", name, fmt::format(fmt::runtime(kConvert), name)); };
  if (start.starts_with("\xff\xfe\0\0"sv) || start.starts_with("\0\0\xfe\xff"sv)) return told("UTF-32");
  if (start.starts_with("\xff\xfe"sv) || start.starts_with("\xfe\xff"sv)) return told("UTF-16");
  // Without a mark: JSON begins with ASCII, of which every second byte is then a zero.
  if (start.size() < 4) return std::nullopt;
  auto zero = [&](std::size_t at) { return start[at] == '\0'; };
  if (!zero(0) && zero(1) && !zero(2) && zero(3)) return told("UTF-16LE");
  if (zero(0) && !zero(1) && zero(2) && !zero(3)) return told("UTF-16BE");
  if (std::ranges::count(start.substr(0, 256), '\0') > 0) {
    return "binary data, which is not read (what is read: lines of JSON, plain, gzip or zstd)";
  }
  return std::nullopt;
}

}  // namespace cryptostream
