#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "verify/table_rows.h"

namespace cryptostream {

// When the rows of each file are, and how many there are of each hour.
class EventTimes {
 public:
  // Looks into the rows' column `time` (SQL). Errors: as of the queries.
  static Result<EventTimes> Of(const Duck& duck, const TableRows& rows, const std::string& name, const std::string& time);
  // The files, of `rows.files()`, with rows in [from, until); rows without a time count as the last.
  std::vector<std::size_t> FilesIn(std::int64_t from_us, std::int64_t until_us) const;
  // Where to cut the time from `from_us` on so that about `most` rows lie between two cuts, which are multiples of `align_us`, a minute or more.
  std::vector<std::int64_t> Cuts(std::int64_t from_us, std::int64_t align_us, std::int64_t most) const;
  std::int64_t rows = 0;

 private:
  struct Span {
    std::int64_t low = INT64_MAX, high = INT64_MIN;
    bool timeless = false;
  };
  std::vector<Span> spans_;
  std::map<std::int64_t, std::int64_t> by_hour_;
};

}  // namespace cryptostream
