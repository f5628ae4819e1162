#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cryptostream {

// What went wrong, named by what the caller has to do about it.
enum class ErrorKind {
  kInvalid,      // the input is at fault: fix it, or quarantine the row
  kNotFound,     // the thing asked for does not exist
  kUnavailable,  // try again later (after `retry_after`, where it is known)
  kConflict,     // somebody else was faster: reload, look, decide
  kFenced,       // another writer took over: stop
  kCorrupt,      // stop, keep the files, tell a person
  kCancelled,    // asked to stop
  kInternal,     // a bug, or a foreign library's failure that has no better name
};

std::string_view ErrorKindName(ErrorKind kind);

struct Error {
  ErrorKind kind;
  std::string message;  // lower case, static text first, key=value last, then what to do
  std::optional<std::chrono::milliseconds> retry_after;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

inline std::unexpected<Error> Fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error{kind, std::move(message), std::nullopt});
}
inline std::unexpected<Error> Invalid(std::string message) { return Fail(ErrorKind::kInvalid, std::move(message)); }
inline std::unexpected<Error> NotFound(std::string message) { return Fail(ErrorKind::kNotFound, std::move(message)); }
inline std::unexpected<Error> Unavailable(std::string message) { return Fail(ErrorKind::kUnavailable, std::move(message)); }
inline std::unexpected<Error> Conflict(std::string message) { return Fail(ErrorKind::kConflict, std::move(message)); }
inline std::unexpected<Error> Fenced(std::string message) { return Fail(ErrorKind::kFenced, std::move(message)); }
inline std::unexpected<Error> Corrupt(std::string message) { return Fail(ErrorKind::kCorrupt, std::move(message)); }
inline std::unexpected<Error> Cancelled(std::string message) { return Fail(ErrorKind::kCancelled, std::move(message)); }
inline std::unexpected<Error> Internal(std::string message) { return Fail(ErrorKind::kInternal, std::move(message)); }

// Returns the error of `expr` (a Status or Result) from the enclosing function.
#define CS_TRY(expr)                                         \
  do {                                                       \
    if (auto cs_status_ = (expr); !cs_status_) {             \
      return std::unexpected(std::move(cs_status_).error()); \
    }                                                        \
  } while (false)

#define CS_CONCAT_INNER_(a, b) a##b
#define CS_CONCAT_(a, b) CS_CONCAT_INNER_(a, b)
#define CS_ASSIGN_(name, lhs, expr)                           \
  auto name = (expr);                                         \
  if (!name) return std::unexpected(std::move(name).error()); \
  lhs = *std::move(name)

// Assigns the value of a Result to `lhs` (which may declare a variable), or returns its error.
#define CS_ASSIGN(lhs, ...) CS_ASSIGN_(CS_CONCAT_(cs_result_, __LINE__), lhs, (__VA_ARGS__))

}  // namespace cryptostream
