#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "delta/table.h"
#include "lake/cut_log.h"
#include "lake/handoff.h"

namespace cryptostream {

// The commits of the table before a stage, in order, each once: from memory when the next one is at hand there, else from the
// table's log. Used by one thread, the stage's.
template <class Batch>
class Upstream {
 public:
  using Item = typename Handoff<Batch>::Item;
  static constexpr std::chrono::milliseconds kMoment{500};  // who hands over or asks for something ends it sooner
  // Reads what a commit of the table holds. A commit that changed no rows gives an empty batch.
  using Read = std::function<Result<Batch>(const CommitActions&)>;

  Upstream(Table& table, Handoff<Batch>& handoff, Read read) : table_(table), handoff_(handoff), read_(std::move(read)) {}

  // Starts after this version, whatever was delivered before.
  void Restart(Version consumed) {
    delivered_ = consumed;
    backlog_.clear();
  }

  // Waits `wait` for the next commit, a moment by default. When stop is requested only what is at hand in memory is still delivered.
  // Errors: as of the table; whatever `read` returns.
  Result<std::optional<Item>> Next(StopToken stop, std::chrono::milliseconds wait = kMoment) {
    if (backlog_.empty()) {
      auto item = handoff_.Take(stop, wait);
      if (item && item->version == delivered_ + 1) {
        delivered_ = item->version;
        return item;
      }
      if (item && item->version <= delivered_) return std::nullopt;
    }
    if (stop.stop_requested()) return std::nullopt;
    if (backlog_.empty()) CS_TRY(FillBacklog());
    if (backlog_.empty()) return std::nullopt;
    CS_ASSIGN(Batch batch, read_(backlog_.front()));
    delivered_ = backlog_.front().version;
    backlog_.pop_front();
    return Item{delivered_, std::move(batch)};
  }

  // True when everything that the table holds was delivered.
  bool CaughtUp() const { return table_.version() <= delivered_; }

 private:
  static constexpr int kCommitsPerRead = 64;

  Status FillBacklog() {
    if (CaughtUp()) return {};
    auto commits = table_.CommitsAfter(delivered_, kCommitsPerRead);
    if (!commits && commits.error().kind == ErrorKind::kNotFound) {
      CS_TRY(CheckNotCut(table_, delivered_, LogNeed::kCommitsAfter));
    }
    if (!commits) return std::unexpected(commits.error());
    backlog_.assign(std::make_move_iterator(commits->begin()), std::make_move_iterator(commits->end()));
    return {};
  }

  Table& table_;
  Handoff<Batch>& handoff_;
  const Read read_;
  Version delivered_ = kNoVersion;
  std::deque<CommitActions> backlog_;
};

}  // namespace cryptostream
