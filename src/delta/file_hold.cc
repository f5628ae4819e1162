// The registry of files that are in use without being in the newest version. A process-wide multiset of paths: the same file may be
// read by many queries. Files of other processes are not here; for them vacuum waits until a file is older than its retention.
#include "delta/file_hold.h"

#include <filesystem>
#include <mutex>
#include <unordered_map>

namespace cryptostream {
namespace {

struct Registry {
  std::mutex mutex;
  std::unordered_map<std::string, int> holders;  // guarded by mutex
};

Registry& TheRegistry() {
  static Registry registry;
  return registry;
}

std::string Normal(const std::string& path) { return std::filesystem::path(path).lexically_normal().string(); }

}  // namespace

void FileHold::Add(const std::string& path) {
  std::string normal = Normal(path);
  Registry& registry = TheRegistry();
  std::lock_guard lock(registry.mutex);
  ++registry.holders[normal];
  paths_.push_back(std::move(normal));
}

FileHold::~FileHold() {
  Registry& registry = TheRegistry();
  std::lock_guard lock(registry.mutex);
  for (const std::string& path : paths_) {
    auto found = registry.holders.find(path);
    if (--found->second == 0) registry.holders.erase(found);
  }
}

bool FileHold::Held(const std::string& path) {
  Registry& registry = TheRegistry();
  std::lock_guard lock(registry.mutex);
  return registry.holders.contains(Normal(path));
}

}  // namespace cryptostream
