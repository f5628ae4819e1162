// One lake as the server sees it. In: a storage root. Out: its memory and its older rows, the follower running.
#include "live/backend.h"

#include "base/file.h"

namespace cryptostream {

Result<std::shared_ptr<Backend>> Backend::Open(const BackendOptions& options) {
  std::shared_ptr<Backend> backend(new Backend);
  backend->root_ = std::filesystem::absolute(options.root).lexically_normal();
  if (!backend->root_.has_filename()) backend->root_ = backend->root_.parent_path();
  backend->epoch_ = RandomHexId().substr(0, 8);
  backend->query_timeout_ = options.query_timeout;
  DuckOptions duck;
  duck.directories = {backend->root_.string() + "/"};
  duck.threads = options.query_threads;
  duck.memory_mb = options.query_memory_mb;
  CS_ASSIGN(backend->duck_, Duck::Open(duck));
  backend->live_ = std::make_shared<Live>(options.limits, SourceOrders(options.order), options.clock);
  backend->live_->OnChange(options.on_change);
  backend->follower_ = std::make_unique<Follower>(options.root, backend->live_,
                                                  FollowerOptions{.poll_interval = options.poll_interval,
                                                                  .keep = options.limits.keep,
                                                                  .quotes = options.quotes,
                                                                  .order = options.order,
                                                                  .on_replaced = options.on_replaced});
  backend->store_ = std::make_unique<GoldStore>(*backend->duck_, *backend->follower_, options.query_timeout);
  backend->questions_ = std::make_unique<LakeQuestions>(
      backend->root_, *backend->follower_, DuckOptions{.threads = options.query_threads, .memory_mb = options.query_memory_mb});
  backend->follower_->Start();
  return backend;
}

}  // namespace cryptostream
