#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "live/backend.h"
#include "serve/body_cache.h"
#include "serve/server.h"

namespace cryptostream {

class EventRenderer;

// What the routes answer from: the options, the lake that is served now, and what the engine reports. Thread-safe.
class ServerState {
 public:
  explicit ServerState(ServeOptions options);

  const ServeOptions& options() const { return options_; }
  const FreshnessAges& ages() const { return *ages_; }
  Timestamp now() const { return clock_.Now(); }

  std::shared_ptr<Backend> backend() const;
  void SetBackend(std::shared_ptr<Backend> backend);

  ServeMode mode() const;
  void SetMode(ServeMode mode);
  std::map<std::string, SourceReport> reports() const;
  void SetReport(const SourceReport& report);
  struct LakeState {
    bool known = false;  // nobody reports it in `serve` apart from the engine
    bool writable = false;
    std::string reason;
  };
  LakeState lake() const;
  void SetLake(bool writable, std::string reason);
  struct SinkState {
    bool known = false;  // there is none
    bool trouble = false;
    std::string words;
  };
  SinkState sink() const;
  void SetSink(bool trouble, std::string words);
  // Grows when mode, what a report says, or the lake's state changes.
  std::uint64_t revision() const { return revision_; }

  // A message of ours as a client may read it: paths below the storage root begin there, so that nothing is told of the
  // machine's folders.
  std::string WithoutPaths(std::string text) const;

  // Set once, before the first request.
  EventRenderer* events() const { return events_; }
  void SetEvents(EventRenderer* events) { events_ = events; }

  // Rendered answers of the original's route, by coin.
  BodyCache& original_bodies() { return original_bodies_; }

  // How old a coin's price is by its own time, never less than 0.
  std::chrono::microseconds Age(const CoinView& coin) const;
  // "live", "delayed", "stale" or "replay", from the age of the data itself.
  std::string Freshness(const CoinView& coin) const;

 private:
  const ServeOptions options_;
  const std::shared_ptr<const FreshnessAges> ages_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<Backend> backend_;
  ServeMode mode_;
  std::map<std::string, SourceReport> reports_;
  LakeState lake_;
  SinkState sink_;
  std::atomic<std::uint64_t> revision_{0};
  BodyCache original_bodies_;
  EventRenderer* events_ = nullptr;
};

}  // namespace cryptostream
