#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "live/follower.h"
#include "query/arrow_rows.h"
#include "query/duck.h"

namespace cryptostream {

// Questions in SQL over the views of a lake (query/lake_views.h), each table at the version that the follower has seen. One at a time: a
// question may take all the memory that queries have. Thread-safe.
class LakeQuestions {
 public:
  // In: an absolute storage root.
  LakeQuestions(std::filesystem::path root, const Follower& follower, DuckOptions options)
      : root_(std::move(root)), follower_(follower), options_(std::move(options)) {}

  // Errors: Conflict (another question is being answered), Invalid (refused, in words for who asks), as of QueryArrow.
  Result<ArrowResult> Ask(const std::string& sql, const ArrowLimits& limits);

 private:
  using Versions = std::map<const TableLayout*, Version>;
  // Opens the views anew where a table has a newer version.
  Status Open();

  const std::filesystem::path root_;
  const Follower& follower_;
  const DuckOptions options_;
  std::mutex mutex_;
  Versions versions_;  // guarded by mutex_, as what follows
  std::unique_ptr<Duck> views_;
};

}  // namespace cryptostream
