// Finds Arrow's file system for a table's root: a path of this machine, or a URL (s3://, gs://, az:// where Arrow has them).
#include "delta/place.h"

#include <arrow/filesystem/api.h>

#include "delta/border.h"

namespace cryptostream {

Result<Place> OpenPlace(const std::string& root) {
  Place place;
  auto files = arrow::fs::FileSystemFromUriOrPath(root, &place.root);
  if (!files.ok()) return std::unexpected(delta_internal::FromArrow("open the place of table " + root, files.status()));
  place.files = *files;
  place.local = place.files->type_name() == "local";
  while (place.root.ends_with('/')) place.root.pop_back();
  return place;
}

}  // namespace cryptostream
