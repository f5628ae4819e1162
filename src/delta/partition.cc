// The names of partition folders, and how the log writes a path. Readers that know nothing of Delta find the values in them, so the escapes are those
// of Hive (ExternalCatalogUtils.escapePathName in Spark), not those of a URL.
#include "delta/partition.h"

#include <cstdlib>

#include <fmt/format.h>

namespace cryptostream {
namespace {

// Percent-encodes control characters and those of `encoded`; everything beyond ASCII too if `ascii_only`.
std::string Escaped(std::string_view text, std::string_view encoded, bool ascii_only) {
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || encoded.find(c) != encoded.npos || (ascii_only && byte > 0x7f)) {
      out += fmt::format("%{:02X}", byte);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string HiveEscaped(std::string_view text) { return Escaped(text, "\"#%'*/:=?\\{[]^", false); }

}  // namespace

std::string PartitionFolder(const std::vector<PartitionValue>& partition) {
  std::string folder;
  for (const PartitionValue& value : partition) {
    if (!folder.empty()) folder.push_back('/');
    bool null = !value.value || value.value->empty();  // Hive cannot tell an empty text from null
    folder += HiveEscaped(value.name) + "=" + (null ? "__HIVE_DEFAULT_PARTITION__" : HiveEscaped(*value.value));
  }
  return folder;
}

std::string EncodeUriPath(std::string_view path) { return Escaped(path, " \"#%<>?[\\]^`{|}", true); }

namespace {

std::optional<int> PartitionNumber(const DataFile& file, const std::string& name) {
  for (const PartitionValue& value : file.partition) {
    if (value.name == name && value.value) return std::atoi(value.value->c_str());
  }
  return std::nullopt;
}

}  // namespace

std::optional<Date> PartitionDay(const DataFile& file) {
  for (const PartitionValue& value : file.partition) {
    if (value.name != "date" || !value.value) continue;
    auto time = ParseRfc3339(*value.value + "T00:00:00Z");
    if (time) return DateOf(*time);
  }
  auto year = PartitionNumber(file, "year"), month = PartitionNumber(file, "month"), day = PartitionNumber(file, "day");
  if (!year || !month || !day) return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                   std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Date(date);
}

}  // namespace cryptostream
