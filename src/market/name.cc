// The table of interned names. One mutex suffices: a parser keeps the names that it has just seen (NameCache). Strings are never freed; kMaxNames and the allow-list of characters bound what a hostile feed can make.
#include "market/name.h"

#include <mutex>
#include <unordered_set>

namespace cryptostream {
namespace {

struct ViewHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

struct Interned {
  std::mutex mutex;
  std::unordered_set<std::string, ViewHash, std::equal_to<>> names;
};

Interned& Table() {
  static Interned* table = new Interned;  // never destroyed: names outlive static destruction
  return *table;
}

}  // namespace

const std::string Name::kEmpty;  // only its address matters to names that are made before it

Name::Name(std::string_view text) : text_(&kEmpty) {
  if (text.empty()) return;
  Interned& table = Table();
  std::lock_guard lock(table.mutex);
  auto found = table.names.find(text);
  if (found == table.names.end()) {
    if (table.names.size() >= kMaxNames) return;
    found = table.names.emplace(text).first;
  }
  text_ = &*found;
}

bool IsValidName(std::string_view text) {
  if (text.empty() || text.size() > 128) return false;
  for (char c : text) {
    bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              std::string_view("._:/+-").find(c) != std::string_view::npos;
    if (!ok) return false;
  }
  return true;
}

}  // namespace cryptostream
