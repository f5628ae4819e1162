#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace cryptostream {

// A prepared statement of the spool for the life of this object. For the spool's own files only.
class SpoolStatement {
 public:
  SpoolStatement(sqlite3* db, const char* sql) { sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr); }
  ~SpoolStatement() { sqlite3_finalize(statement_); }
  SpoolStatement(const SpoolStatement&) = delete;
  SpoolStatement& operator=(const SpoolStatement&) = delete;

  void Bind(int at, std::int64_t number) { sqlite3_bind_int64(statement_, at, number); }
  // Requires: the bytes outlive the statement.
  void Bind(int at, std::string_view bytes) { sqlite3_bind_blob64(statement_, at, bytes.data(), bytes.size(), SQLITE_STATIC); }
  int Step() { return statement_ ? sqlite3_step(statement_) : SQLITE_ERROR; }
  std::int64_t Number(int at) const { return sqlite3_column_int64(statement_, at); }
  std::string_view Bytes(int at) const {
    const void* data = sqlite3_column_blob(statement_, at);
    return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, at))};
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

// Over what the bytes are, too: a body under another number is not the one that was written there.
std::string SpoolChecksum(std::int64_t number, std::string_view body);

}  // namespace cryptostream
