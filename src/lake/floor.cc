// Floors: how far everything that reads a table has come. Read from the positions in the readers' own tables, never from
// memory, so that a stage that crashed and will go back to its position is counted where it will start.
#include "lake/floor.h"

#include <algorithm>

#include "delta/outside_reader.h"

namespace cryptostream {

std::vector<LogReader> LogReaders(Lake& lake) {
  std::vector<LogReader> readers{
      {&lake.bronze(), &lake.silver(), SilverPositionId(lake.bronze().id())},
      {&lake.silver(), &lake.sources(), GoldPositionId(lake.silver().id())},
      {&lake.silver(), &lake.sources(), CorrectedId(lake.silver().id())},
  };
  for (const DerivedTable* each : DerivedTables()) {
    Table& upstream = lake.table(*each->upstream);
    readers.push_back({&upstream, &lake.derived(*each), RollupPositionId(each->position, upstream.id())});
  }
  return readers;
}

Result<std::vector<Version>> ReaderPositions(Lake& lake, const Table& table) {
  std::vector<Version> found;
  for (const LogReader& reader : LogReaders(lake)) {
    if (reader.upstream != &table) continue;
    CS_ASSIGN(Positions positions, reader.holder->Txns());
    found.push_back(PositionOr(positions, reader.position_id, kNoVersion));
  }
  for (Version noted : OutsideReaders(lake.options().root, table)) found.push_back(noted);
  if (found.empty()) found.push_back(table.version());
  return found;
}

Result<Version> FloorOf(Lake& lake, const Table& table) {
  CS_ASSIGN(std::vector<Version> positions, ReaderPositions(lake, table));
  return std::min(*std::min_element(positions.begin(), positions.end()), table.version());
}

}  // namespace cryptostream
