// Any bytes as the configuration file: a configuration, or an error that says something.
#include "config/config.h"

#include <unistd.h>

#include <fstream>

#include "test/fuzz/input.h"

using namespace cryptostream;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto path = std::filesystem::temp_directory_path() / ("cryptostream-fuzz-" + std::to_string(::getpid()) + ".toml");
  std::ofstream(path, std::ios::binary | std::ios::trunc) << Text(data, size);
  ConfigSources sources;
  sources.file = path;
  auto config = LoadConfig(sources);
  std::filesystem::remove(path);
  CS_CHECK(config ? !PrintConfig(*config).empty() : !config.error().message.empty());
  return 0;
}
