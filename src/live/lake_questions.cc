// SQL over the lake for who asks over the network. In: one SELECT. Out: rows, bounded. It has a DuckDB of its own, so that a question that takes
// all memory takes none from the bars.
#include "live/lake_questions.h"

#include "query/lake_views.h"
#include "query/sql_guard.h"

namespace cryptostream {

Status LakeQuestions::Open() {
  std::vector<PinnedView> views;
  Versions versions;
  const std::string quote = follower_.QuoteSql();
  for (const TableLayout* layout : AllLayouts()) {
    FollowedTable table = follower_.followed(*layout);
    versions[layout] = table.snapshot ? table.snapshot->version() : kNoVersion;
    views.push_back({layout->name, layout, std::move(table.snapshot), std::move(table.root), quote});
  }
  if (views_ && versions == versions_) return {};
  views_.reset();
  CS_ASSIGN(views_, OpenPinnedViews(root_, views, options_));
  versions_ = std::move(versions);
  return {};
}

Result<ArrowResult> LakeQuestions::Ask(const std::string& sql, const ArrowLimits& limits) {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return Conflict("another question is being answered");
  CS_TRY(Open());
  CS_TRY(CheckLakeSelect(*views_, sql, limits.query));
  auto answer = QueryArrow(*views_, sql, {}, limits);
  if (!answer && answer.error().kind == ErrorKind::kNotFound)
    views_.reset();  // a file was vacuumed: the next one opens them anew
  return answer;
}

}  // namespace cryptostream
