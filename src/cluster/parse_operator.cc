// Step one of silver on a cluster: a file of bronze at a time, messages to ticks, each to the bucket of those that it may be a duplicate of.
#include <algorithm>
#include <map>
#include <set>

#include "cluster/bronze_file.h"
#include "cluster/operator.h"
#include "cluster/reject_file.h"
#include "cluster/tick_blob.h"
#include "lake/batch_parser.h"

namespace cryptostream {
namespace {

class ParseOperator final : public Operator {
 public:
  explicit ParseOperator(const SilverPlan& plan) : plan_(plan), rejects_(plan_) {}

  Status Take(std::vector<Note> notes, std::vector<Note>& out) override {
    for (const Note& note : notes) {
      CS_ASSIGN(BronzeFile file, BronzeFileOf(note));
      CS_TRY(ParseFile(file, out));
    }
    return {};
  }

  Status End(std::vector<Note>& out) override {
    for (const auto& [source, version] : sources_) {
      out.push_back({.kind = std::string(kSourceNote), .name = source.str(), .a = version});
    }
    return rejects_.End(out);
  }

 private:
  Status ParseFile(const BronzeFile& file, std::vector<Note>& out) {
    CS_ASSIGN(BronzeBatchList batches, ReadBronzeFile(plan_, file));
    ParsedRows parsed = parser_.Parse(batches, plan_.quotes, file.version);
    std::vector<std::int64_t> first_rows{0};
    for (const RawBatchPtr& batch : batches) first_rows.push_back(first_rows.back() + static_cast<std::int64_t>(batch->rows()));
    for (const auto& [origin, reason] : parsed.rejected) {
      rejects_.Add(*batches[origin.batch], origin.row, file.version, reason);
    }
    for (Name source : parsed.sources) {
      Version& first = sources_.try_emplace(source, file.version).first->second;
      first = std::min(first, file.version);
    }
    std::map<std::pair<std::int32_t, Date>, std::vector<OriginTick>> buckets;
    for (std::size_t i = 0; i < parsed.ticks.size(); ++i) {
      const RowOrigin& origin = parsed.origins[i];
      Tick& tick = parsed.ticks[i];
      auto& bucket = buckets[{BucketOf(tick, plan_.buckets), DateOf(tick.event_time)}];
      bucket.push_back(
          {std::move(tick), OrderOf(file.place, first_rows[origin.batch] + origin.row), batches[origin.batch]->partition});
    }
    for (const auto& [key, ticks] : buckets) {
      CS_ASSIGN(std::string bytes, EncodeTicks(ticks));
      out.push_back({.bucket = key.first,
                     .kind = std::string(kTicksNote),
                     .a = static_cast<std::int64_t>(ticks.size()),
                     .bytes = std::move(bytes)});
    }
    return {};
  }

  const SilverPlan plan_;
  BatchParser parser_;
  RejectFile rejects_;
  std::map<Name, Version> sources_;
};

}  // namespace

std::unique_ptr<Operator> MakeParseOperator(const SilverPlan& plan) { return std::make_unique<ParseOperator>(plan); }

}  // namespace cryptostream
