// A check's outcome: sound, wrong, or not checked. In: places, rows of queries, errors. Out: the check. Here
// alone it is decided what an error means: damaged data is wrong; a machine that could not look is not.
#include "market/schema.h"
#include "verify/verify_parts.h"

namespace cryptostream {

void Wrong(Check& check, std::string place) {
  check.ok = false;
  if (check.places.size() < kMaxPlaces) check.places.push_back(std::move(place));
}

void NotChecked(Check& check, const std::string& reason) {
  if (check.not_checked.empty()) check.not_checked = reason;
}

bool IsFaultOfData(const Error& error) {
  return error.kind == ErrorKind::kInvalid || error.kind == ErrorKind::kNotFound || error.kind == ErrorKind::kCorrupt;
}

std::string HowToMend(const std::string& table) {
  for (const TableLayout* layout : {&BronzeLayout(), &QuarantineLayout(), &GapsLayout()}) {
    if (layout->name == table) return "put a backup back: " + table + " is made of no other table";
  }
  return "`cryptostream rebuild " + table + "` makes it anew";
}

void Failed(Check& check, const Error& error, const std::string& where) {
  if (IsFaultOfData(error)) return Wrong(check, where + error.message);
  NotChecked(check, where + error.message);
}

std::size_t WrongRows(Check& check, const Duck& duck, const std::string& sql, const std::vector<SqlValue>& parameters,
                      const std::string& where) {
  auto rows = duck.Query(sql, parameters, Patient(kMaxPlaces + 1));
  if (!rows) {
    Failed(check, rows.error(), where);
    return 1;
  }
  for (const auto& row : rows->rows) Wrong(check, SqlValueText(row[0]));
  return rows->rows.size();
}

Result<std::int64_t> Number(const Duck& duck, const std::string& sql, const std::vector<SqlValue>& parameters) {
  CS_ASSIGN(SqlRows rows, duck.Query(sql, parameters, Patient(1)));
  if (rows.rows.empty() || !std::holds_alternative<std::int64_t>(rows.rows[0][0])) return 0;
  return std::get<std::int64_t>(rows.rows[0][0]);
}

}  // namespace cryptostream
