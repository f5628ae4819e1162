#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/setting_problem.h"
#include "base/time.h"
#include "live/live.h"
#include "market/quote.h"
#include "market/source_order.h"
#include "market/status.h"
#include "serve/assets.h"

namespace cryptostream {

enum class ServeMode { kLive, kReplay };

// The ages that part "live" from "delayed" and "stale", which may change while the server runs. Thread-safe.
class FreshnessAges {
 public:
  FreshnessAges(std::chrono::seconds live, std::chrono::seconds delayed) : live_(live), delayed_(delayed) {}
  void Set(std::chrono::seconds live, std::chrono::seconds delayed) {
    live_ = live;
    delayed_ = delayed;
  }
  std::chrono::seconds live() const { return live_; }
  std::chrono::seconds delayed() const { return delayed_; }

 private:
  std::atomic<std::chrono::seconds> live_, delayed_;
};

struct ServeOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8000;  // 0: any free one
  bool allow_remote = false;  // must be set to bind to anything but loopback
  // Further values of the Host header. Empty: on a loopback bind no others, elsewhere any.
  std::vector<std::string> allowed_hosts;
  // Origins whose pages may read every answer in a browser, as "https://charts.example.org".
  std::vector<std::string> allowed_origins;
  std::filesystem::path storage_root;
  std::string version = "0.0.0";
  ServeMode mode = ServeMode::kLive;
  std::span<const Asset> assets;                  // the page: Assets(); empty: no page
  std::vector<std::string> coins;                 // listed first, in this order
  SourceOrderSettings order;                      // by which rows are chosen, where the lake has not recorded one
  QuoteSettings quotes;                           // currencies of sources, where the lake has not recorded them
  std::chrono::seconds live_age{120};             // up to this age a price is "live",
  std::chrono::seconds delayed_age{600};          // up to this "delayed", then "stale"
  std::shared_ptr<FreshnessAges> ages;            // nullptr: these two, for good
  std::chrono::milliseconds poll_interval{1000};  // of the tables' logs
  std::chrono::milliseconds query_timeout{10'000};
  int query_threads = 2;
  std::uint64_t query_memory_mb = 512;
  int max_connections = 512;
  int max_connections_per_address = 128;
  int max_streams_per_address = 32;
  int max_requests_per_second = 100;                        // of one address, proxies excepted; 0: any number
  std::vector<std::string> proxies = {"127.0.0.1", "::1"};  // may have any number of streams: many clients are behind each
  LiveLimits live_limits;
  const Clock* clock = nullptr;  // nullptr: the machine's
};

// Returns all for which Start would refuse these options, without opening anything.
SettingProblems ServeProblems(const ServeOptions& options);

// The API and the page: one HTTP server over one lake. It only reads tables, so it works the same beside the engine in one
// process and in a process of its own. Life: Start binds the port and begins to follow the tables; tables that do not exist yet are waited for; Stop (or the destructor) closes all
// connections and joins the threads. Thread-safe.
class Server {
 public:
  // Errors: Conflict (the port is taken; says by whom), Invalid (address, host not loopback), Internal.
  static Result<std::unique_ptr<Server>> Start(ServeOptions options);
  ~Server();

  // "http://127.0.0.1:8000", with the port that was bound.
  const std::string& url() const;
  std::uint16_t port() const;

  // Serves another lake from now on (demo -> real): answers come from the old one until this returns.
  Status SetStorage(const std::filesystem::path& root);
  // Where the engine puts ticks that are not durable yet. Ask again after SetStorage.
  std::shared_ptr<Live> live() const;
  // Says that something was committed, so that the follower looks now and not at its next poll. Cheap; never blocks.
  void Poke();

  void SetMode(ServeMode mode);
  void SetSourceReport(const SourceReport& report);
  // What /readyz says of the lake; `reason` in words when it cannot be written.
  void SetLakeState(bool writable, std::string reason = {});
  // What /readyz says of the sink into a database, in words.
  void SetSinkState(bool trouble, std::string words);

  void Stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cryptostream
