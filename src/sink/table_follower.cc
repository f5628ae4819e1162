// Opening and following a table from outside of the engine, as live/follower.cc does: the log is the only
// interface.
#include "sink/table_follower.h"

#include "delta/lake_place.h"

namespace cryptostream {

Result<bool> TableFollower::Look() {
  if (table_ && watch_->IsReplaced()) {
    watch_.reset();
    table_ = nullptr;
  }
  if (table_) {
    CS_TRY(watch_->Look([&] { return table_->Refresh(); }));
    return true;
  }
  auto place = PlaceOf(root_, layout_);
  if (!place) return false;
  auto opened = Table::Open(place->string());
  if (!opened) {
    if (opened.error().kind == ErrorKind::kNotFound) return false;
    return std::unexpected(opened.error());
  }
  if (FormatOf((*opened)->properties()) < kTableFormat) {
    return Unavailable("the lake is of an earlier format: table=" + layout_.name +
                       " (`cryptostream upgrade` brings it to this one; so does the next `run`)");
  }
  table_ = *std::move(opened);
  ++opened_;
  watch_.emplace(std::filesystem::path(table_->root_path()) / "_delta_log");
  return true;
}

}  // namespace cryptostream
