#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/correction.h"
#include "lake/lake.h"
#include "lake/silver_reader.h"
#include "market/derived_table.h"
#include "market/source_order.h"

namespace cryptostream {

// The parts of a range by day, of the days in which one of the tables has files. Errors: as of the tables.
Result<std::vector<TimeRange>> DaysIn(const std::vector<TableView>& tables, TimeRange range);

// A table of windows beside what it is made of: says what it must hold, and what it lacks of that. One of every source's windows is made of
// silver, the others of such a table. Reads only.
class MadeTable {
 public:
  // As of which version of upstream it is looked at: the one that the table has read, or the newest.
  enum class AsOf { kRead, kNewest };

  // Errors: NotFound (upstream's version was cleaned up), as of the tables.
  static Result<MadeTable> Of(Lake& lake, const TableLayout& layout, AsOf as_of);

  // False for a table that has read nothing yet.
  bool has_read() const { return has_read_; }
  // From when on upstream has all that the table was made of: what lies before stays as it is.
  Timestamp whole_from() const { return whole_from_; }
  // A range, widened to whole periods, less what lies before whole_from().
  TimeRange Whole(TimeRange range) const;
  // The parts of a range by day, of the days in which the table or upstream has files.
  Result<std::vector<TimeRange>> Days(TimeRange range) const;
  // What has to change in the table so that its periods that begin in `range` are what upstream says. In: the paths of files of the table
  // that are taken for empty.
  Result<Correction> Compare(TimeRange range, const std::set<std::string>& without = {}) const;

  std::chrono::minutes period() const { return derived_ == nullptr ? kWindow : derived_->period; }

 private:
  MadeTable(Lake& lake, const TableLayout& layout) : lake_(&lake), layout_(&layout) {}
  struct Rows {
    std::set<WindowKey> keys;
    WindowRows rows;
  };
  Result<Rows> OfSilver(TimeRange range) const;
  Result<Rows> OfWindows(TimeRange range) const;
  bool IsClosed(const WindowKey& key) const;
  RowPer row_per() const { return derived_ == nullptr ? RowPer::kSeries : derived_->rows; }

  Lake* lake_;
  const TableLayout* layout_;
  const DerivedTable* derived_ = nullptr;  // of the windows of every source: none
  TableView upstream_;
  std::map<Name, Timestamp> closed_;
  SourceOrders orders_;
  Timestamp whole_from_ = Timestamp::min();
  bool has_read_ = false;
};

}  // namespace cryptostream
