// Finds Arrow's file system for a table's root: a path of this machine, or a URL (s3://, gs://, az:// where
// Arrow has them). A path is never read as a URL: names of folders mean nothing.
#include "delta/place.h"

#include <arrow/filesystem/api.h>

#include <algorithm>
#include <filesystem>

#include "base/local_path.h"
#include "delta/border.h"

namespace cryptostream {

namespace {

Result<Place> OpenObjectStore(const std::string& url) {
  Place place;
  place.uri = url.ends_with('/') ? url : url + "/";
  auto files = arrow::fs::FileSystemFromUri(url, &place.root);
  if (!files.ok()) return std::unexpected(delta_internal::FromArrow("open the place of table " + url, files.status()));
  place.files = *files;
  return place;
}

}  // namespace

Result<Place> OpenPlace(const std::string& root) {
  if (root.empty()) return Invalid("table has no path");
  Place place;
  if (!IsUrl(root) || root.starts_with("file:")) {
    CS_ASSIGN(std::filesystem::path path, LocalPath(root));
    place.root = std::filesystem::absolute(path).lexically_normal().string();
    place.local = true;
    place.files = std::make_shared<arrow::fs::LocalFileSystem>();
  } else {
    CS_ASSIGN(place, OpenObjectStore(root));
  }
  while (place.root.size() > 1 && place.root.ends_with('/')) place.root.pop_back();
  if (place.local) place.uri = place.root + "/";
  return place;
}

Result<bool> HasLog(const Place& place) {
  arrow::fs::FileSelector log;
  log.base_dir = place.Full("_delta_log");
  log.allow_not_found = true;
  auto files = place.files->GetFileInfo(log);
  if (!files.ok()) return std::unexpected(delta_internal::FromArrow("look for table " + place.uri, files.status()));
  // Commits and checkpoints; not what a crash may leave beside them ("...json#1").
  return std::ranges::any_of(*files, [](const arrow::fs::FileInfo& file) {
    return file.base_name().starts_with('0') && (file.extension() == "json" || file.extension() == "parquet");
  });
}

}  // namespace cryptostream
