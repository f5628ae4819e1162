#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cryptostream {

// An interned identifier (coin id, source, symbol): equal texts share one immutable string that lives as long as the
// process, so a Name is one pointer, compares in one instruction for equality and is free to copy. Thread-safe.
// Names come only from allow-listed characters and are bounded in number (kMaxNames).
class Name {
 public:
  static constexpr std::size_t kMaxNames = 200'000;

  Name() : text_(&kEmpty) {}
  // Interns `text`. When kMaxNames are in use a new one gives the empty Name: the caller rejects the row.
  explicit Name(std::string_view text);

  const std::string& str() const { return *text_; }
  bool empty() const { return text_->empty(); }
  const void* id() const { return text_; }

  friend bool operator==(Name a, Name b) { return a.text_ == b.text_; }
  // Orders by text, so that output does not depend on the order of arrival.
  friend std::strong_ordering operator<=>(Name a, Name b) {
    return a.text_ == b.text_ ? std::strong_ordering::equal : *a.text_ <=> *b.text_;
  }

 private:
  static const std::string kEmpty;
  const std::string* text_;
};

// The names that one thread has just seen: most rows have the same few, and looking here needs no lock.
class NameCache {
 public:
  // The name, or the empty one when it was not kept or gave way to another.
  Name Find(std::string_view text) const {
    Name kept = names_[Slot(text)];
    return kept.str() == text ? kept : Name();
  }
  void Keep(Name name) { names_[Slot(name.str())] = name; }

 private:
  static constexpr std::size_t kSlots = 256;  // as many as a byte has values
  static std::size_t Slot(std::string_view text) {
    if (text.empty()) return 0;
    auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    std::uint32_t mixed =
        byte(0) | byte(text.size() / 2) << 8 | byte(text.size() - 1) << 16 | static_cast<std::uint32_t>(text.size()) << 24;
    return mixed * 0x9E3779B1u >> 24;
  }
  std::array<Name, kSlots> names_;
};

// What may be a coin id, a source or a symbol; ECMAScript.
inline constexpr std::string_view kNamePattern = "[A-Za-z0-9._:/+\\-]{1,128}";
// True for a text of this pattern.
bool IsValidName(std::string_view text);

}  // namespace cryptostream

template <>
struct std::hash<cryptostream::Name> {
  std::size_t operator()(cryptostream::Name name) const noexcept { return std::hash<const void*>()(name.id()); }
};
