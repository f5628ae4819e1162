// Which table is made of which, and whether the one at hand is the one that was read. In: a table's positions. Out: leave to go on from them.
#include "lake/lineage.h"

#include <fmt/format.h>

#include <algorithm>

#include "delta/position.h"
#include "market/derived_table.h"

namespace cryptostream {

std::optional<MadeOf> UpstreamOf(const TableLayout& layout) {
  if (&layout == &SilverLayout()) return MadeOf{&BronzeLayout(), AppId("silver/")};
  if (&layout == &SourcesLayout()) return MadeOf{&SilverLayout(), AppId("gold/")};
  for (const DerivedTable* table : DerivedTables()) {
    if (table->layout == &layout) return MadeOf{table->upstream, AppId(table->position) + "/"};
  }
  return std::nullopt;
}

Status CheckLineage(const Table& table, const TableLayout& layout, const Table& upstream) {
  auto of = UpstreamOf(layout);
  if (!of) return {};
  const std::string& before = of->layout->name;
  CS_ASSIGN(Positions positions, table.Txns());
  const std::string own = of->position_prefix + upstream.id();
  bool other = std::ranges::any_of(positions, [&](const auto& entry) { return entry.first.starts_with(of->position_prefix); });
  if (other && !positions.contains(own)) {
    return Corrupt(fmt::format(
        "the table before it was replaced: upstream={} table={} (put the original {} table back, start a new lake with "
        "another --storage, or `cryptostream rebuild {}`)",
        before, table.uri(), before, layout.name));
  }
  std::int64_t position = PositionOr(positions, own, kNoVersion);
  if (position > upstream.version()) {
    return Corrupt(
        fmt::format("the table before it is older than what was read from it: upstream={} version={} consumed={} (was a backup "
                    "restored? put the newer one back, or `cryptostream rebuild {}`)",
                    before, upstream.version(), position, layout.name));
  }
  return {};
}

}  // namespace cryptostream
