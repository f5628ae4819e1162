// Finds Arrow's file system for a table's root: a path of this machine, or a URL (s3://, gs://, az:// where Arrow has them).
#include "delta/place.h"

#include <arrow/filesystem/api.h>

#include <algorithm>

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

Result<bool> HasLog(const std::string& root) {
  CS_ASSIGN(Place place, OpenPlace(root));
  arrow::fs::FileSelector log;
  log.base_dir = place.Full("_delta_log");
  log.allow_not_found = true;
  auto files = place.files->GetFileInfo(log);
  if (!files.ok()) return std::unexpected(delta_internal::FromArrow("look for table " + root, files.status()));
  // Commits and checkpoints; not what a crash may leave beside them ("...json#1").
  return std::ranges::any_of(*files, [](const arrow::fs::FileInfo& file) {
    return file.base_name().starts_with('0') && (file.extension() == "json" || file.extension() == "parquet");
  });
}

}  // namespace cryptostream
