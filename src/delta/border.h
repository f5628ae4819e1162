#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "delta/place.h"
#include "delta/snapshot.h"
#include "delta_shim.h"
#include "rust/cxx.h"

// The C++ side of the border to the Rust shim, for the files of this folder only.
namespace cryptostream::delta_internal {

// An error text of the shim, "kind|message", with what the caller was doing put before it.
Error FromShim(std::string_view what, std::string_view text);
// Arrow's status as our error: bad data is Invalid, input and output Unavailable, the rest Internal.
Error FromArrow(std::string_view what, const arrow::Status& status);

// Calls into the shim; its error becomes ours.
template <class F>
auto Call(std::string_view what, F&& entry) -> Result<decltype(entry())> {
  try {
    if constexpr (std::is_void_v<decltype(entry())>) {
      entry();
      return {};
    } else {
      return entry();
    }
  } catch (const rust::Error& error) {
    return std::unexpected(FromShim(what, error.what()));
  }
}

// What a version of a table says about itself; shared by the snapshots between which it did not change.
struct TableFacts {
  std::string uri;
  std::string id;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> properties;
};

// The storage of one table: the kernel's view of it, and where it is in our own words.
struct TableStore {
  Place place;
  rust::Box<shim::Store> shim;
};
using StorePtr = std::shared_ptr<TableStore>;

struct SnapshotHandle {
  StorePtr store;
  rust::Box<shim::Snapshot> snapshot;
  std::shared_ptr<const TableFacts> facts;
  shim::Store& shim_store() const { return *store->shim; }
};

// Wraps a snapshot of the shim and reads its facts, or takes those of `same` when the metadata cannot have changed.
// Errors: Invalid for a table that this program must not touch (see CheckSupported).
Result<std::shared_ptr<const Snapshot>> MakeSnapshot(const StorePtr& store, rust::Box<shim::Snapshot> snapshot,
                                                     std::shared_ptr<const TableFacts> same = nullptr);
// Refuses what this program would read or write wrongly, saying what to do about it. Errors: Invalid.
Status CheckSupported(const TableFacts& facts);

// The name of a type in Delta's schema. Errors: Invalid (a nested type, or one that no table of ours has).
Result<std::string> DeltaType(const arrow::DataType& type);

// One Add as JSON, in the shape that the kernel asks for (path as a URI, partition values, size, time, statistics).
std::string AddJson(const DataFile& file);

}  // namespace cryptostream::delta_internal
