#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "live/follower.h"
#include "live/gold_store.h"
#include "live/lake_questions.h"
#include "live/live.h"
#include "query/duck.h"

namespace cryptostream {

struct BackendOptions {
  std::filesystem::path root;
  LiveLimits limits;
  SourceOrderSettings order;  // where the lake has not recorded one
  QuoteSettings quotes;       // currencies of sources, where the lake has not recorded them
  std::chrono::milliseconds poll_interval{1000};
  std::chrono::milliseconds query_timeout{10'000};
  int query_threads = 2;
  std::uint64_t query_memory_mb = 512;
  const Clock* clock = nullptr;
  std::function<void()> on_change;
  std::function<void()> on_replaced;  // as of FollowerOptions: it is time to open another one
};

// Everything that belongs to one lake: its live memory, the follower that feeds it, and the door to older rows. Switching to
// another lake is switching to another Backend; requests in flight keep the old one until they are answered.
class Backend {
 public:
  // Errors: Internal (DuckDB).
  static Result<std::shared_ptr<Backend>> Open(const BackendOptions& options);

  const std::shared_ptr<Live>& live() const { return live_; }
  Follower& follower() { return *follower_; }
  GoldStore& store() { return *store_; }
  LakeQuestions& questions() { return *questions_; }
  const Duck& duck() const { return *duck_; }
  std::chrono::milliseconds query_timeout() const { return query_timeout_; }
  const std::filesystem::path& root() const { return root_; }  // absolute
  const std::string& epoch() const { return epoch_; }          // tells this memory's sequence numbers from any other's

 private:
  Backend() = default;

  std::filesystem::path root_;
  std::string epoch_;
  std::chrono::milliseconds query_timeout_{};
  std::shared_ptr<Live> live_;
  std::unique_ptr<Duck> duck_;
  std::unique_ptr<Follower> follower_;
  std::unique_ptr<GoldStore> store_;
  std::unique_ptr<LakeQuestions> questions_;
};

}  // namespace cryptostream
