// Step two of silver on a cluster: a bucket at a time. Its rows in bronze's order, without those that silver has or that came twice, as
// silver's files; and the windows that they make, so that nobody need read them again for gold. What may be a duplicate lies in the same
// bucket, so each decides alone.
#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "cluster/bronze_file.h"
#include "cluster/operator.h"
#include "cluster/reject_file.h"
#include "cluster/tick_blob.h"
#include "delta/table.h"
#include "lake/dedup.h"
#include "lake/silver_reader.h"
#include "market/parse.h"

namespace cryptostream {
namespace {

class DedupOperator final : public Operator {
 public:
  explicit DedupOperator(const SilverPlan& plan) : plan_(plan), rejects_(plan_) {}

  Status Take(std::vector<Note> notes, std::vector<Note>& out) override {
    for (Note& note : notes) {
      if (note.kind == kInputNote) {
        CS_ASSIGN(BronzeFile file, BronzeFileOf(note));
        inputs_[file.place] = std::move(file);
      } else if (note.kind != kTicksNote) {
        out.push_back(std::move(note));
      } else {
        if (!ticks_.empty() && note.bucket != bucket_) CS_TRY(EndBucket(out));
        bucket_ = note.bucket;
        CS_TRY(DecodeTicks(note.bytes, plan_.quotes, ticks_));
      }
    }
    return {};
  }

  Status End(std::vector<Note>& out) override {
    CS_TRY(EndBucket(out));
    for (const auto& [key, time] : watermarks_) {
      out.push_back({.kind = std::string(kWatermarkNote), .name = key.first.str(), .a = key.second, .b = ToMicros(time)});
    }
    out.push_back({.kind = std::string(kCountNote), .name = std::string(kKeptCount), .a = kept_});
    out.push_back({.kind = std::string(kCountNote), .name = std::string(kDuplicatesCount), .a = duplicates_});
    return rejects_.End(out);
  }

 private:
  Status EndBucket(std::vector<Note>& out) {
    if (ticks_.empty()) return {};
    std::ranges::sort(ticks_, {}, &OriginTick::order);
    CS_TRY(DropDuplicates());
    if (!ticks_.empty()) {
      std::vector<Tick> rows;
      rows.reserve(ticks_.size());
      for (OriginTick& each : ticks_) rows.push_back(std::move(each.tick));
      CS_ASSIGN(auto columns, SilverColumns(rows));
      CS_TRY(WriteFiles(plan_, SilverLayout(), columns, out));
      out.push_back(Windows(rows));
    }
    ticks_.clear();
    return {};
  }

  // Nothing is remembered from batch to batch: every row is looked up in silver.
  Status DropDuplicates() {
    DuplicateFilter filter;
    std::vector<DuplicateFilter::Key> keys;
    std::set<Timestamp> minutes;
    std::set<std::int64_t> trade_ids;
    keys.reserve(ticks_.size());
    for (const auto& [tick, order, partition] : ticks_) {
      filter.SetFloor(tick.source, Timestamp::max());
      if (tick.is_trade()) filter.RememberTradeId(tick.source, tick.symbol, std::numeric_limits<std::int64_t>::max());
      keys.push_back(DuplicateFilter::KeyOf(tick));
      filter.Want(keys.back());
      if (tick.is_trade()) {
        trade_ids.insert(tick.trade_id);
      } else {
        minutes.insert(WindowStart(tick.event_time));
      }
    }
    CS_TRY(OfferSilver(filter, minutes, trade_ids));
    std::size_t kept = 0;
    for (std::size_t i = 0; i < ticks_.size(); ++i) {
      switch (filter.Check(ticks_[i].tick, keys[i])) {
        case Duplicate::kYes: ++duplicates_; continue;
        case Duplicate::kConflict: CS_TRY(Reject(ticks_[i].order)); continue;
        case Duplicate::kNo: break;
      }
      const auto& [tick, order, partition] = ticks_[i];
      Timestamp& mark = watermarks_.try_emplace({tick.source, partition}, tick.event_time).first->second;
      mark = std::max(mark, tick.event_time);
      if (kept != i) ticks_[kept] = std::move(ticks_[i]);
      ++kept;
    }
    ticks_.resize(kept);
    kept_ += static_cast<std::int64_t>(kept);
    return {};
  }

  Status OfferSilver(DuplicateFilter& filter, const std::set<Timestamp>& minutes, const std::set<std::int64_t>& trade_ids) {
    if (!silver_) {
      CS_ASSIGN(auto table, Table::Open(FolderOf(plan_, SilverLayout()), {.version = plan_.silver_version}));
      silver_ = table->view();
    }
    auto offer = [&](const std::vector<Tick>& ticks) -> Status {
      for (const Tick& tick : ticks) filter.Offer(tick);
      return {};
    };
    if (!minutes.empty()) CS_TRY(ReadSilverMinutes(*silver_, plan_.quotes, minutes, offer));
    if (trade_ids.empty()) return {};
    return ReadSilverTrades(*silver_, plan_.quotes, trade_ids, offer);
  }

  // A row that is at odds with one that came before it. Its message lies in bronze.
  Status Reject(std::int64_t order) {
    auto input = inputs_.find(FileOfOrder(order));
    if (input == inputs_.end()) return Invalid("a conflicting row comes from a file that the plan does not name");
    if (read_place_ != input->first) {
      CS_ASSIGN(read_, ReadBronzeFile(plan_, input->second));
      read_place_ = input->first;
    }
    auto row = static_cast<std::size_t>(RowOfOrder(order));
    for (const RawBatchPtr& batch : read_) {
      if (row < batch->rows()) {
        rejects_.Add(*batch, row, input->second.version, std::string(RejectText(RejectReason::kConflictingDuplicate)));
        return {};
      }
      row -= batch->rows();
    }
    return Corrupt("a file of bronze has fewer rows than before: " + input->second.file.path);
  }

  static Note Windows(const std::vector<Tick>& ticks) {
    std::unordered_map<WindowKey, WindowAccumulator> windows;
    for (const Tick& tick : ticks) windows[WindowOf(tick)].Add(tick);
    Note note{.kind = std::string(kWindowsNote), .a = static_cast<std::int64_t>(windows.size())};
    for (const auto& [key, window] : windows) AppendWindow(key, window, note.bytes);
    return note;
  }

  const SilverPlan plan_;
  RejectFile rejects_;
  std::map<std::int32_t, BronzeFile> inputs_;
  std::optional<TableView> silver_;
  std::int32_t bucket_ = 0;
  std::vector<OriginTick> ticks_;  // of the bucket
  std::map<std::pair<Name, std::int32_t>, Timestamp> watermarks_;
  std::int64_t kept_ = 0, duplicates_ = 0;
  std::int32_t read_place_ = -1;
  BronzeBatchList read_;
};

}  // namespace

std::unique_ptr<Operator> MakeDedupOperator(const SilverPlan& plan) { return std::make_unique<DedupOperator>(plan); }

}  // namespace cryptostream
