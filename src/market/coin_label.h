#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cryptostream {

// What a provider calls a coin. Empty where it did not say.
struct CoinLabel {
  std::string name;    // "Avalanche"
  std::string symbol;  // "avax"
  std::string image;   // address of the logo

  bool empty() const { return name.empty() && symbol.empty() && image.empty(); }
  friend bool operator==(const CoinLabel&, const CoinLabel&) = default;
};

struct LabelledCoin {
  std::string coin_id;
  CoinLabel label;
};

// Longest text of a label that is taken, in bytes; a longer one counts as not said.
inline constexpr std::size_t kMaxLabelBytes = 1024;

// Reads labels out of messages of topic crypto-raw, which carry the provider's own object in "raw". Keeps buffers: one reader a thread.
class CoinLabelReader {
 public:
  CoinLabelReader();
  ~CoinLabelReader();

  // The coin of a message and its label; nullopt where it carries none, or is no JSON.
  std::optional<LabelledCoin> Read(std::string_view message);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace cryptostream
