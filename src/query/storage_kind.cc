// Whose storage is it? The original project keeps its tables in the same folders under the same names, so a
// reader that only looks for tables finds some, and shows columns of nulls or nothing. Ours carry the
// property cryptostream.format; the original's bronze is known by its columns. Read from the tables' metadata
// alone: no row is looked at.
#include "query/storage_kind.h"

#include <arrow/type.h>

#include <algorithm>
#include <vector>

#include "base/system_error.h"
#include "delta/table.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

bool IsOurs(const Table& table) { return table.properties().contains(kFormatProperty); }

bool HasColumns(const Table& table, const std::vector<const char*>& names) {
  return std::ranges::all_of(names, [&](const char* name) { return table.schema()->GetFieldByName(name) != nullptr; });
}

// A table of the original: its columns at the place of ours.
bool IsOriginals(const Table& table, const TableLayout& layout) {
  if (layout.path == BronzeLayout().path) return HasColumns(table, {"key", "value", "timestamp"});
  if (layout.path == SilverLayout().path) return HasColumns(table, {"coin_id", "price", "api_timestamp"});
  return layout.path == GoldLayout().path && HasColumns(table, {"window", "coin_id", "avg_price"});
}

StorageFinding Foreign(std::string words) { return {StorageKind::kForeign, std::move(words)}; }

// A folder in which nothing was made yet may hold what a start leaves before its first table: hidden files,
// empty folders, the spool.
Result<bool> HasOtherFiles(const fs::path& root) {
  std::error_code error;
  fs::directory_iterator entries(root, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::string name = entries->path().filename().string();
    bool known =
        name.starts_with('.') || name.starts_with("spool") || name == "state" || name == "lost+found" ||
        std::ranges::any_of(AllLayouts(), [&](const TableLayout* layout) { return layout->path.starts_with(name + "/"); });
    if (!known) return true;
  }
  if (error) return Unavailable("cannot list the storage: path=" + root.string() + " reason=" + SystemReason(error.value()));
  return false;
}

Result<StorageFinding> WithoutTables(const fs::path& root) {
  if (fs::exists(root / "_delta_log")) {
    return Foreign("this is a single table, not a storage: path=" + root.string() +
                   " (give the folder that holds bronze/, silver/, gold/)");
  }
  CS_ASSIGN(bool others, HasOtherFiles(root));
  if (others) return Foreign("there is no lake, but other files: path=" + root.string() + " (is --storage the right folder?)");
  return StorageFinding{StorageKind::kEmpty, "there is no lake yet: path=" + root.string() + " (start `cryptostream run` first)"};
}

}  // namespace

Result<StorageFinding> WhatIsThere(const fs::path& given) {
  fs::path root = fs::absolute(given).lexically_normal();
  std::error_code error;
  auto status = fs::status(root, error);
  if (status.type() == fs::file_type::not_found) {
    return StorageFinding{StorageKind::kMissing, "there is no lake, and no such folder: path=" + root.string() +
                                                     " (give --storage, or start `cryptostream run` first)"};
  }
  if (error) return Unavailable("cannot look at the storage: path=" + root.string() + " reason=" + SystemReason(error.value()));
  if (!fs::is_directory(status)) return Foreign("the storage is a file: path=" + root.string() + " (give a folder)");
  bool ours = false, originals = false;
  std::string other;
  for (const TableLayout* layout : AllLayouts()) {
    auto table = Table::Open((root / layout->path).string());
    if (!table && table.error().kind == ErrorKind::kNotFound) continue;
    if (!table) return std::unexpected(table.error());
    if (IsOurs(**table)) {
      ours = true;
    } else if (IsOriginals(**table, *layout)) {
      originals = true;
    } else {
      other = (*table)->uri();
    }
  }
  if (!ours && originals) {
    return StorageFinding{StorageKind::kOriginal, "these are the original project's tables: path=" + root.string() +
                                                      " (`cryptostream import " + root.string() +
                                                      " --storage NEW` takes them over)"};
  }
  if (originals || !other.empty()) {
    return Foreign("a table there was made by another program: path=" + (other.empty() ? root.string() : other) +
                   " (choose another --storage)");
  }
  if (!ours) return WithoutTables(root);
  return StorageFinding{StorageKind::kOurs, ""};
}

Status CheckIsLake(const fs::path& root) {
  CS_ASSIGN(StorageFinding found, WhatIsThere(root));
  switch (found.kind) {
    case StorageKind::kOurs: return {};
    case StorageKind::kMissing:
    case StorageKind::kEmpty: return NotFound(found.words);
    case StorageKind::kOriginal:
    case StorageKind::kForeign: return Invalid(found.words);
  }
  return {};
}

}  // namespace cryptostream
