// Any bytes as a recording's file, plain or packed: the reader gives lines within its limit, ends, and a plain file's lines are its bytes.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "source/foreign_form.h"
#include "source/line_reader.h"
#include "source/unpacker.h"
#include "test/fuzz/input.h"

using namespace cryptostream;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostLineBytes = 300;
  static const auto path = std::filesystem::temp_directory_path() / ("cryptostream-fuzz-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << Text(data, size);
  auto reader = LineReader::Open(path, kMostLineBytes);
  std::filesystem::remove(path);
  if (!reader) return 0;
  std::string_view rest = Text(data, size);
  bool plain = !UnpackerFor(rest) && !ForeignForm(rest) && !ForeignText(rest);
  if (plain && rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  std::int64_t number = 0;
  while (true) {
    auto line = (*reader)->Next(StopToken());
    if (!line) {
      CS_CHECK(!line.error().message.empty() && !plain);
      return 0;
    }
    if (!*line) break;
    CS_CHECK((*line)->number == number++ && (*line)->text.size() <= kMostLineBytes);
    if (plain) CS_CHECK(rest.starts_with((*line)->text.substr(0, kMostLineBytes / 2)));
    if (plain) rest.remove_prefix(std::min(rest.size(), rest.find('\n') == rest.npos ? rest.size() : rest.find('\n') + 1));
  }
  CS_CHECK(!plain || rest.empty());
  return 0;
}
