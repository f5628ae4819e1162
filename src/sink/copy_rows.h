#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "market/name.h"
#include "market/tick.h"
#include "sink/target.h"

namespace cryptostream {

// Takes the next bytes of a COPY.
using PutBytes = std::function<Status(std::string_view)>;

// Rows in PostgreSQL's binary form of COPY. Numbers pass bit for bit. A text that the database would refuse
// (NUL, no UTF-8) comes with those bytes escaped, so that it holds up no other row.
class CopyRows {
 public:
  CopyRows(std::vector<TargetColumn> columns, std::string interval, PutBytes put);

  // Adds the rows of a table that has the columns' `from`. Errors: Corrupt (a column is missing or of another
  // type); those of `put`.
  Status Add(const arrow::Table& rows);
  // Adds a row of `prices`.
  Status Add(const Tick& newest);
  // Ends the COPY's data. Errors: those of `put`.
  Status End();
  std::int64_t rows() const { return rows_; }

 private:
  Status AddBatch(const arrow::RecordBatch& rows);
  Status BeginRow();
  Status Flush();

  const std::vector<TargetColumn> columns_;
  const std::string interval_;
  const PutBytes put_;
  std::string buffer_;
  std::int64_t rows_ = 0;
};

// A text as the database takes it.
std::string PgText(std::string_view text);

}  // namespace cryptostream
