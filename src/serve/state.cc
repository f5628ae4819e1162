// The server's state apart from the lake. Freshness is decided here, in one place, from the data's own time: a poll that
// succeeds says nothing about how old the price is.
#include "serve/state.h"

#include <algorithm>

#include "base/machine_clock.h"
#include "base/secret.h"

namespace cryptostream {

ServerState::ServerState(ServeOptions options)
    : options_(std::move(options)),
      ages_(options_.ages ? options_.ages : std::make_shared<FreshnessAges>(options_.live_age, options_.delayed_age)),
      clock_(options_.clock != nullptr ? *options_.clock : MachineClock()),
      mode_(options_.mode) {}

std::shared_ptr<Backend> ServerState::backend() const {
  std::lock_guard lock(mutex_);
  return backend_;
}

void ServerState::SetBackend(std::shared_ptr<Backend> backend) {
  {
    std::lock_guard lock(mutex_);
    backend_.swap(backend);
  }
  ++revision_;
  // The old one's thread ends here, outside the lock; what still reads from it keeps the rest alive.
  if (backend) backend->follower().Stop();
}

ServeMode ServerState::mode() const {
  std::lock_guard lock(mutex_);
  return mode_;
}

void ServerState::SetMode(ServeMode mode) {
  std::lock_guard lock(mutex_);
  if (mode_ != mode) ++revision_;
  mode_ = mode;
}

std::map<std::string, SourceReport> ServerState::reports() const {
  std::lock_guard lock(mutex_);
  return reports_;
}

void ServerState::SetReport(const SourceReport& told) {
  SourceReport report = told;
  report.message = MaskSecrets(std::move(report.message));  // a provider may quote the key that was sent to it
  std::lock_guard lock(mutex_);
  SourceReport& known = reports_[report.source];
  // What only moves its clock is no news; the next status carries it along.
  if (known.source.empty() || known.state != report.state || known.message != report.message) ++revision_;
  known = report;
}

ServerState::LakeState ServerState::lake() const {
  std::lock_guard lock(mutex_);
  return lake_;
}

void ServerState::SetLake(bool writable, std::string reason) {
  reason = MaskSecrets(std::move(reason));
  std::lock_guard lock(mutex_);
  if (!lake_.known || lake_.writable != writable || lake_.reason != reason) ++revision_;
  lake_ = {true, writable, std::move(reason)};
}

ServerState::SinkState ServerState::sink() const {
  std::lock_guard lock(mutex_);
  return sink_;
}

void ServerState::SetSink(bool trouble, std::string words) {
  words = MaskSecrets(std::move(words));
  std::lock_guard lock(mutex_);
  sink_ = {true, trouble, std::move(words)};
}

std::string ServerState::WithoutPaths(std::string text) const {
  const std::string root = backend()->root().string();
  for (std::size_t at = text.find(root); root.size() > 1 && at != std::string::npos; at = text.find(root, at)) {
    bool slash = at + root.size() < text.size() && text[at + root.size()] == '/';
    text.erase(at, root.size() + (slash ? 1 : 0));
  }
  return text;
}

std::chrono::microseconds ServerState::Age(const CoinView& coin) const {
  // A price cannot be newer than the moment at which it was seen: a stamp from the future says nothing.
  Timestamp since = coin.last_updated == kNoTime ? coin.event_time : std::min(coin.last_updated, coin.event_time);
  return std::max(std::chrono::microseconds(0), now() - since);
}

std::string ServerState::Freshness(const CoinView& coin) const {
  if (mode() == ServeMode::kReplay) {
    Timestamp fed = backend()->live()->LastFed(coin.source);
    return fed != kNoTime && now() - fed <= ages().live() ? "replay" : "stale";
  }
  auto age = Age(coin);
  return age <= ages().live() ? "live" : age <= ages().delayed() ? "delayed" : "stale";
}

}  // namespace cryptostream
