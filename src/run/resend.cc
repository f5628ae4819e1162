// Quarantine in, the same messages once more out: into bronze, like any other input, or onto the topic. Which rows are open the tables
// say (query/rejected.cc), so nothing is remembered between runs. Into the lake: the lock first, then everything that an earlier run left half
// done is worked in, and only then is looked what is open; a batch's rows and its number are in one commit of bronze. To the
// topic: what the topic holds already is asked of the topic (kafka/resend.cc), and where it has dropped records of the tables (query/accepted.cc).
//
// A message that silver refused is in bronze already. It is appended again, with a mark, and silver decides on the new row; the old one stays
// refused. So bronze = silver + duplicates + rejected by silver holds before, after and in between (docs/decisions/0017).
#include "run/resend.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "base/log.h"
#include "delta/retained_from.h"
#include "kafka/resend.h"
#include "market/replayed.h"
#include "query/accepted.h"
#include "query/lake_views.h"
#include "run/lake_run.h"
#include "run/pipeline_parts.h"
#include "source/reparse.h"

namespace cryptostream {
namespace {

constexpr std::chrono::days kClocks{1};  // by which those of the machines may differ

// Gathers open rejects into batches of one source, topic and partition each.
class Gatherer {
 public:
  using Take = std::function<Status(RawBatch)>;
  // In: the first day of which bronze has every row; what takes a full batch.
  Gatherer(const Config& config, Timestamp whole_from, Take take)
      : reparser_(config.symbols), whole_from_(whole_from), take_(std::move(take)) {}

  // False when no more is wanted.
  bool Add(const OpenReject& open, QuarantineReplayed& report) {
    const Reject& reject = open.reject;
    // Of older days bronze may have forgotten that a message was sent.
    if (std::min(Timestamp(open.day), reject.received) < whole_from_) {
      ++report.too_old;
      return true;
    }
    auto [at, added] = batches_.try_emplace({reject.source, reject.topic, reject.partition});
    RawBatch& batch = at->second;
    if (added) {
      batch.source = reject.source;
      batch.topic = ReplayedTopic(reject.topic);
      batch.partition = reject.partition;
      batch.live = false;
    }
    switch (reparser_.Reparse(reject, open.id, MachineClock().Now(), batch)) {
      case ReparseOutcome::kCut: ++report.cut; return true;
      case ReparseOutcome::kNotAMessage: ++report.no_message; return true;
      case ReparseOutcome::kSent: break;
    }
    ++report.sent;
    report.bytes += static_cast<std::int64_t>(reject.value.size());
    bytes_ += reject.value.size();
    ++rows_;
    if (bytes_ >= RawBatch::kFullBytes || rows_ >= RawBatch::kFullRows) status_ = Flush();
    return status_.has_value();
  }

  // Hands on what has gathered. Out: also the first error of an earlier hand-over.
  Status Flush() {
    CS_TRY(status_);
    for (auto& [key, batch] : std::exchange(batches_, {})) {
      if (!batch.empty()) CS_TRY(take_(std::move(batch)));
    }
    bytes_ = rows_ = 0;
    return {};
  }

 private:
  Reparser reparser_;
  const Timestamp whole_from_;
  const Take take_;
  std::map<std::tuple<std::string, std::string, std::int32_t>, RawBatch> batches_;
  std::size_t bytes_ = 0, rows_ = 0;
  Status status_;
};

struct TablesSeen {
  std::string quarantine_id;
  Timestamp whole_from = Timestamp::min();
};

Result<TablesSeen> LookAtTables(const std::string& root) {
  std::filesystem::path base = std::filesystem::absolute(root).lexically_normal();
  CS_ASSIGN(auto quarantine, Table::Open((base / QuarantineLayout().path).string()));
  CS_ASSIGN(auto bronze, Table::Open((base / BronzeLayout().path).string()));
  CS_ASSIGN(Positions positions, bronze->Txns());
  return TablesSeen{quarantine->id(), RetainedFrom(positions)};
}

// Reads what is open in the lake as it is now and hands it to `gatherer`; `skip` says what is to be left out.
Status ReadOpen(const Config& config, const RejectedFilter& filter, Gatherer& gatherer, QuarantineReplayed& report,
                StopToken stop, const std::function<bool(const OpenReject&)>& skip = {}) {
  CS_ASSIGN(LakeViews views, OpenLakeViews(config.lake.root));
  CS_TRY(ForEachOpenReject(*views.duck, filter, [&](OpenReject open) {
    if (stop.stop_requested()) return false;
    return (skip && skip(open)) || gatherer.Add(open, report);
  }));
  CS_TRY(gatherer.Flush());
  if (stop.stop_requested()) return Cancelled("stopped before everything was sent (what was sent stays; run it again)");
  return {};
}

// The day of the oldest row: no message was sent again before.
Result<std::optional<Date>> FirstDay(const Config& config) {
  CS_ASSIGN(LakeViews views, OpenLakeViews(config.lake.root));
  CS_ASSIGN(SqlRows rows, views.duck->Query("SELECT min(date) FROM quarantine"));
  const SqlValue& day = rows.rows.front().front();
  return IsSqlNull(day) ? std::nullopt : std::optional(std::get<Date>(day));
}

Result<std::int64_t> RejectedAgain(const Config& config) {
  CS_ASSIGN(LakeViews views, OpenLakeViews(config.lake.root));
  return CountRejectedAgain(*views.duck);
}

// One replay into a lake at work, as an input of it.
Status PlayInto(LakeRun& run, const Config& config, const RejectedFilter& filter, QuarantineReplayed& report, StopToken stop) {
  CS_ASSIGN(TablesSeen tables, LookAtTables(config.lake.root));
  std::string position_id = ReplayedPositionId(tables.quarantine_id);
  CS_ASSIGN(std::int64_t number, run.engine().Position(position_id));
  auto push = [&](RawBatch batch) -> Status {
    batch.position_id = position_id;
    batch.next_position = ++number;
    if (!run.engine().Push(std::move(batch), stop)) return Cancelled("stopped before everything was sent");
    return {};
  };
  Gatherer gatherer(config, tables.whole_from, push);
  CS_TRY(ReadOpen(config, filter, gatherer, report, stop));
  RawBatch last;  // so that bronze commits what it holds at once
  last.position_id = position_id;
  last.next_position = number;
  last.end_of_input = true;
  if (report.sent > 0) run.engine().Push(std::move(last), stop);
  return {};
}

Result<QuarantineReplayed> IntoLake(const Config& config, const RejectedFilter& filter, StopToken stop) {
  QuarantineReplayed report;
  CS_ASSIGN(auto run, LakeRun::Start(config.lake, MachineClock(), nullptr, stop));
  CS_TRY(run->engine().Drain(false, stop));  // what a killed run left half done is settled before anything is chosen
  CS_ASSIGN(std::int64_t before, RejectedAgain(config));
  run->PlayInput("quarantine", LakeRun::Role::kEssential,
                 [&](StopToken ending) { return PlayInto(*run, config, filter, report, ending); });
  CS_TRY(run->Finish(true, stop));
  CS_TRY(run->Stop());
  CS_ASSIGN(std::int64_t after, RejectedAgain(config));
  report.rejected_again = after - before;
  return report;
}

// What could be chosen, gone through without sending anything.
Result<QuarantineReplayed> Look(const Config& config, const RejectedFilter& filter, StopToken stop) {
  QuarantineReplayed report;
  CS_ASSIGN(TablesSeen tables, LookAtTables(config.lake.root));
  Gatherer gatherer(config, tables.whole_from, [&](RawBatch batch) -> Status {
    report.refused_here += static_cast<std::int64_t>(batch.rejects.size());
    return {};
  });
  CS_TRY(ReadOpen(config, filter, gatherer, report, stop));
  return report;
}

// Where the topic's retention has dropped records, the tables are asked: a message that this lake has read out of the topic and taken has
// arrived, whoever sent it, and of equal ones one is enough.
class TablesAsked {
 public:
  TablesAsked(const Config& config, Date from) : config_(config), from_(from) {}

  // Leaves out of `batch` what has arrived.
  Status LeaveOut(RawBatch& batch, QuarantineReplayed& report) {
    if (!views_) {
      CS_ASSIGN(views_, OpenLakeViews(config_.lake.root));
      CS_ASSIGN(bool reads, ReadsTopic(*views_->duck, config_.kafka.topic));
      if (!reads) {
        LogWarn(
            "kafka: the topic has dropped records and this lake does not read it, so what an earlier replay sent before may be "
            "sent "
            "again: topic={} (whoever reads it knows equal messages by their content)",
            config_.kafka.topic);
      }
    }
    std::vector<std::string> messages;
    for (std::size_t i = 0; i < batch.rows(); ++i) messages.emplace_back(batch.row(i).value);
    CS_ASSIGN(auto arrived, FindAccepted(*views_->duck, config_.kafka.topic, from_, messages));
    RawBatch left = batch.Like();
    left.live = batch.live;
    for (std::size_t i = 0; i < batch.rows(); ++i) {
      if (arrived.contains(messages[i]) || !sent_.insert(messages[i]).second) {
        ++report.in_tables;
        --report.sent;
        report.bytes -= static_cast<std::int64_t>(messages[i].size());
      } else {
        left.Add(batch.row(i));
      }
    }
    left.rejects = std::move(batch.rejects);
    batch = std::move(left);
    return {};
  }

 private:
  const Config& config_;
  const Date from_;
  std::optional<LakeViews> views_;
  std::set<std::string> sent_;  // in this run
};

Result<QuarantineReplayed> ToTopic(const Config& config, const QuarantineRequest& request, StopToken stop) {
  QuarantineReplayed report;
  CS_ASSIGN(TablesSeen tables, LookAtTables(config.lake.root));
  std::unique_ptr<TopicResender> resender;
  if (!request.dry_run) {  // first, because it ends what another one has under way
    CS_ASSIGN(resender, TopicResender::Start(config.kafka, tables.quarantine_id));
  }
  CS_ASSIGN(std::optional<Date> first, FirstDay(config));
  if (!first) return report;
  CS_ASSIGN(auto there, FindReplayed(config.kafka, tables.quarantine_id, Timestamp(*first - kClocks), stop));
  TablesAsked tables_asked(config, *first - kClocks);
  auto take = [&](RawBatch batch) -> Status {
    report.refused_here += static_cast<std::int64_t>(batch.rejects.size());
    report.sent -= static_cast<std::int64_t>(batch.rejects.size());
    if (!there.whole) CS_TRY(tables_asked.LeaveOut(batch, report));
    return resender && batch.rows() > 0 ? resender->Send(batch, stop) : Status{};
  };
  // Whatever bronze has forgotten, the topic says what it holds.
  Gatherer gatherer(config, Timestamp::min(), take);
  CS_TRY(ReadOpen(config, request.filter, gatherer, report, stop, [&](const OpenReject& open) {
    auto found = there.times.find(open.id);
    if (found == there.times.end() || found->second == 0) return false;
    --found->second;
    ++report.in_topic;
    return true;
  }));
  return report;
}

}  // namespace

Result<QuarantineReplayed> ReplayQuarantine(const Config& config, const QuarantineRequest& request, StopToken stop) {
  if (!std::filesystem::exists(std::filesystem::path(config.lake.root) / QuarantineLayout().path / "_delta_log")) {
    return NotFound("there is no lake: root=" + config.lake.root + " (give --storage)");
  }
  if (request.to_topic) return ToTopic(config, request, stop);
  return request.dry_run ? Look(config, request.filter, stop) : IntoLake(config, request.filter, stop);
}

}  // namespace cryptostream
