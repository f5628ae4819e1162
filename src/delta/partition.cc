// The names of partition folders. Readers that know nothing of Delta find the values in them, so the escapes are those
// of Hive (ExternalCatalogUtils.escapePathName in Spark), not those of a URL.
#include "delta/partition.h"

#include <fmt/format.h>

namespace cryptostream {
namespace {

std::string Escaped(const std::string& text) {
  static constexpr std::string_view kEscaped = "\"#%'*/:=?\\\x7f{[]^";
  std::string out;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || kEscaped.find(c) != kEscaped.npos) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

std::string PartitionFolder(const std::vector<PartitionValue>& partition) {
  std::string folder;
  for (const PartitionValue& value : partition) {
    if (!folder.empty()) folder.push_back('/');
    bool null = !value.value || value.value->empty();  // Hive cannot tell an empty text from null
    folder += Escaped(value.name) + "=" + (null ? "__HIVE_DEFAULT_PARTITION__" : Escaped(*value.value));
  }
  return folder;
}

}  // namespace cryptostream
