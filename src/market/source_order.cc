// The choice among rows of one coin and window. Pure functions of what the tables say: whoever computes them at any time, from any order of
// arrival, comes to the same row. A change of the order is one more record; the records before it stay, so what was chosen under them is
// still what they give.
#include "market/source_order.h"

#include <algorithm>

namespace cryptostream {
namespace {

// What is listed by its place; the rest behind it, by name.
auto Rank(const std::vector<std::string>& listed, Name name) {
  auto place = static_cast<std::size_t>(std::ranges::find(listed, name.str()) - listed.begin());
  return std::tuple(place, place == listed.size() ? name : Name());
}

auto Rank(const SourceOrder& order, const WindowKey& row) {
  return std::tuple(Rank(order.sources, row.source), Rank(order.quotes, row.quote));
}

}  // namespace

SourceOrders::SourceOrders(const SourceOrderSettings& otherwise) {
  Add({0, "", Timestamp::min(), otherwise.order});
  for (const auto& [coin, order] : otherwise.by_coin) Add({0, coin, Timestamp::min(), order});
}

void SourceOrders::Add(Record record) {
  records_.insert(std::ranges::upper_bound(records_, record.n, {}, &Record::n), std::move(record));
}

const SourceOrder& SourceOrders::At(Name coin, Timestamp start) const {
  static const SourceOrder none;
  for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
    if (record->from <= start && (record->coin.empty() || record->coin == coin.str())) return record->order;
  }
  return none;
}

bool SourceOrders::Before(const WindowKey& a, const WindowKey& b) const {
  const SourceOrder& order = At(a.coin, a.start);
  return Rank(order, a) < Rank(order, b);
}

bool SourceOrders::QuoteBefore(Name coin, Timestamp start, Name a, Name b) const {
  const std::vector<std::string>& quotes = At(coin, start).quotes;
  return Rank(quotes, a) < Rank(quotes, b);
}

// The order that holds for windows still to come; nullptr: there is no record.
const SourceOrder* SourceOrders::Newest(const std::string& coin) const {
  for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
    if (record->coin.empty() || record->coin == coin) return &record->order;
  }
  return nullptr;
}

std::vector<SourceOrders::Record> SourceOrders::ChangesTo(const SourceOrderSettings& wanted, Timestamp from) const {
  SourceOrders with = *this;
  std::vector<Record> changes;
  auto want = [&](const std::string& coin, const SourceOrder& order) {
    const SourceOrder* now = with.Newest(coin);
    if (now != nullptr && *now == order) return;
    Record record{with.records_.empty() ? 1 : with.records_.back().n + 1, coin, from, order};
    with.Add(record);
    changes.push_back(std::move(record));
  };
  // A record for every coin overrules those of single ones before it, so these come again behind it.
  auto for_all = std::ranges::find_if(records_.rbegin(), records_.rend(), [](const Record& r) { return r.coin.empty(); });
  if (for_all == records_.rend() || for_all->order != wanted.order) {
    Record record{records_.empty() ? 1 : records_.back().n + 1, "", from, wanted.order};
    with.Add(record);
    changes.push_back(std::move(record));
  }
  for (const auto& [coin, order] : wanted.by_coin) want(coin, order);
  for (const Record& record : records_) {
    if (!record.coin.empty() && !wanted.by_coin.contains(record.coin)) want(record.coin, wanted.order);
  }
  return changes;
}

Timestamp ChosenThrough(const std::map<Name, Timestamp>& closed, bool everything) {
  Timestamp greatest = Timestamp::min();
  for (const auto& [source, time] : closed) greatest = std::max(greatest, time);
  if (everything || greatest == Timestamp::min()) return greatest;
  Timestamp least = greatest;
  for (const auto& [source, time] : closed) {
    if (time >= greatest - kChosenSlack) least = std::min(least, time);
  }
  return least;
}

}  // namespace cryptostream
