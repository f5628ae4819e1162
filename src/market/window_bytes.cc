// A window's state on its way between two processes of one version of the program, on machines of one kind: members one after the other
// as memory has them, lists with their length before them.
#include <cstring>
#include <type_traits>

#include "market/window.h"

namespace cryptostream {
namespace {

constexpr std::uint32_t kLongestList = 1 << 24;

struct Writer {
  std::string& out;

  template <class T>
    requires std::is_trivially_copyable_v<T>
  void operator()(const T& value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <class T>
  void operator()(const std::vector<T>& list) {
    (*this)(static_cast<std::uint32_t>(list.size()));
    for (const T& each : list) (*this)(each);
  }
  void operator()(const ExactSum& sum) {
    (*this)(static_cast<std::uint32_t>(sum.partials().size()));
    for (double partial : sum.partials()) (*this)(partial);
  }
};

struct Reader {
  std::string_view& bytes;
  bool good = true;

  template <class T>
    requires std::is_trivially_copyable_v<T>
  void operator()(T& value) {
    good = good && bytes.size() >= sizeof value;
    if (!good) return;
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes.remove_prefix(sizeof value);
  }
  std::uint32_t Length() {
    std::uint32_t length = 0;
    (*this)(length);
    good = good && length <= kLongestList;
    return length;
  }
  template <class T>
  void operator()(std::vector<T>& list) {
    for (std::uint32_t i = 0, length = Length(); good && i < length; ++i) (*this)(list.emplace_back());
  }
  void operator()(ExactSum& sum) {
    for (std::uint32_t i = 0, length = Length(); good && i < length; ++i) {
      double partial = 0;
      (*this)(partial);
      if (good) sum.Add(partial);
    }
  }
};

}  // namespace

template <class Self, class Visit>
void WindowAccumulator::VisitState(Self& self, Visit visit) {
  visit(self.bars_);
  visit(self.rows_);
  visit(self.samples_);
  visit(self.trades_);
  visit(self.counted_bars_);
  visit(self.sums_.price);
  visit(self.sums_.price_squared);
  visit(self.sums_.traded.quantity);
  visit(self.sums_.traded.turnover);
  visit(self.sums_.traded.has_volume);
  visit(self.sums_.traded.lacks_turnover);
  visit(self.min_);
  visit(self.max_);
  visit(self.first_);
  visit(self.last_);
  visit(self.first_event_);
  visit(self.last_event_);
  visit(self.last_updated_);
  visit(self.volume_24h_);
  visit(self.market_cap_);
  visit(self.max_source_age_s_);
}

void WindowAccumulator::AppendTo(std::string& out) const {
  Writer writer{out};
  VisitState(*this, [&](const auto& member) { writer(member); });
}

Result<WindowAccumulator> WindowAccumulator::TakeFrom(std::string_view& bytes) {
  WindowAccumulator read;
  Reader reader{bytes};
  VisitState(read, [&](auto& member) { reader(member); });
  if (!reader.good) return Corrupt("a window's state is cut off");
  return read;
}

}  // namespace cryptostream
