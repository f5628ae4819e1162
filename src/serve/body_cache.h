#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace cryptostream {

// Rendered bodies by key, each valid for one tag (version) only. Bounded: starts anew when full. Thread-safe.
class BodyCache {
 public:
  using Body = std::shared_ptr<const std::string>;

  // The body of this key, if it was rendered for this tag; else null.
  Body Find(std::string_view key, std::string_view tag) const {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(key);
    return found != entries_.end() && found->second.tag == tag ? found->second.body : nullptr;
  }

  void Keep(const std::string& key, std::string tag, Body body) {
    std::lock_guard lock(mutex_);
    if (entries_.size() >= kMaxEntries) entries_.clear();
    entries_[key] = {std::move(tag), std::move(body)};
  }

 private:
  static constexpr std::size_t kMaxEntries = 1000;
  struct Entry {
    std::string tag;
    Body body;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace cryptostream
