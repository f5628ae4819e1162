#pragma once

#include <arrow/filesystem/type_fwd.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace cryptostream {

// Where a table's data files are: the seam between local disks and object stores. Only what a local disk needs for
// durability (hidden name, fsync, rename) asks for `local`.
struct Place {
  std::shared_ptr<arrow::fs::FileSystem> files;
  std::string uri;   // for people and messages, ends with "/"
  std::string root;  // within `files`: of a local one its absolute path
  bool local = false;
  // On this machine; empty for an object store.
  std::string local_root() const { return local ? root : std::string(); }
  // The path of a data file within `files`.
  std::string Full(const std::string& path) const { return root.empty() ? path : root + "/" + path; }
};

// Opens the place of a path or URL; nothing needs to be there. Errors: Invalid (a URL that this build of
// Arrow does not know).
Result<Place> OpenPlace(const std::string& root);

// True when a table's log is there. Errors: Invalid, Unavailable.
Result<bool> HasLog(const Place& place);

}  // namespace cryptostream
