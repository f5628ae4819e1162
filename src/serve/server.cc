// The server as the program sees it: one HTTP server, one state, one lake at a time. In: options. Out: a running API.
#include "serve/server.h"

#include <arpa/inet.h>

#include <array>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "market/name.h"
#include "net/http_server.h"
#include "net/url.h"
#include "serve/event_renderer.h"
#include "serve/router.h"
#include "serve/state.h"

namespace cryptostream {
namespace {

bool IsAddress(const std::string& address) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return ::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1 || ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
}

// "http://host" or "https://host:port", as browsers write it: lower case, no path, no pattern.
bool IsOrigin(const std::string& text) {
  const std::size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : std::string::npos;
  if (scheme == std::string::npos || scheme == text.size()) return false;
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:[]", scheme) == std::string::npos;
}

HttpServerOptions HttpOptions(const ServeOptions& options) {
  HttpServerOptions http;
  http.address = options.address;
  http.port = options.port;
  http.worker_threads = options.query_threads;
  http.max_connections = options.max_connections;
  http.stream_gap = std::chrono::milliseconds(50);  // the renderer keeps the pace; this holds for who lags behind it
  http.max_connections_per_address = options.max_connections_per_address;
  http.max_streams_per_address = options.max_streams_per_address;
  http.max_requests_per_second = options.max_requests_per_second;
  http.requests_advice = "ask more slowly; serve.max_requests_per_second allows more, serve.proxies any number to a proxy";
  http.proxies = options.proxies;
  http.streams_advice = "end one of them; serve.max_streams_per_address allows more, serve.proxies any number to a proxy";
  // A page of anywhere can make a browser ask us under its own name (DNS rebinding): on loopback only our names count, elsewhere only
  // those that somebody has named.
  if (IsLoopbackHost(options.address) || !options.allowed_hosts.empty()) {
    http.allowed_hosts = {"localhost", "127.0.0.1", "[::1]", options.address};
    http.host_advice = "names of a proxy or of this machine are allowed by the setting serve.allowed_hosts";
    http.allowed_hosts.insert(http.allowed_hosts.end(), options.allowed_hosts.begin(), options.allowed_hosts.end());
  }
  return http;
}

}  // namespace

struct Server::Impl {
  explicit Impl(ServeOptions options) : state(std::move(options)), events(state, [this] { WakeStreams(); }) {
    state.SetEvents(&events);
  }

  ServerState state;
  std::mutex http_mutex;  // the follower may call Wake before Start is done
  EventRenderer events;
  std::unique_ptr<HttpServer> http;
  std::string url;

  // Something changed: it is rendered, and then the streams look.
  void Wake() { events.Poke(); }
  void WakeStreams() {
    std::lock_guard lock(http_mutex);
    if (http) http->Wake();
  }
  Status OpenBackend(const std::filesystem::path& root);

  // Opens the lake that lies at the path now. On a thread of its own: SetBackend waits for that of the follower who asks for it.
  void Reopen(const std::filesystem::path& root);
  void StopReopening();
  std::mutex reopen_mutex;
  bool stopping = false;  // guarded by reopen_mutex, as what follows
  std::jthread reopener;
};

void Server::Impl::Reopen(const std::filesystem::path& root) {
  LogWarn("the tables were removed, or others lie in their place: they are read anew: path={}", root.string());
  std::lock_guard lock(reopen_mutex);
  if (stopping) return;
  reopener = std::jthread([this, root] {
    if (Status opened = OpenBackend(root); !opened) LogError("cannot open the tables anew: {}", opened.error().message);
    Wake();
  });
}

void Server::Impl::StopReopening() {
  std::jthread last;
  {
    std::lock_guard lock(reopen_mutex);
    stopping = true;
    last = std::move(reopener);
  }
}

Status Server::Impl::OpenBackend(const std::filesystem::path& root) {
  const ServeOptions& options = state.options();
  BackendOptions backend;
  backend.root = root;
  backend.limits = options.live_limits;
  backend.quotes = options.quotes;
  backend.order = state.options().order;
  backend.poll_interval = options.poll_interval;
  backend.query_timeout = options.query_timeout;
  backend.query_threads = options.query_threads;
  backend.query_memory_mb = options.query_memory_mb;
  backend.clock = options.clock;
  backend.on_change = [this] { Wake(); };
  backend.on_replaced = [this, root] { Reopen(root); };
  CS_ASSIGN(auto opened, Backend::Open(backend));
  state.SetBackend(std::move(opened));
  return {};
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Stop(); }

SettingProblems ServeProblems(const ServeOptions& options) {
  SettingProblems found;
  if (!IsAddress(options.address)) {
    found.push_back(
        {"serve.address is no IP address: value=" + options.address + " (as 127.0.0.1, ::1 or 0.0.0.0)", {"serve.address"}});
  } else if (!IsLoopbackHost(options.address) && !options.allow_remote) {
    found.push_back({"will not bind to an address that others can reach: serve.address=" + options.address +
                         " (there is no login yet; serve.allow_remote=true allows it, if a proxy guards it)",
                     {"serve.address", "serve.allow_remote"}});
  }
  if (options.live_age > options.delayed_age) {
    found.push_back({"serve.live_age is above serve.delayed_age: live_age=" + FormatDuration(options.live_age) +
                         " delayed_age=" + FormatDuration(options.delayed_age) + " (a price is live, then delayed, then stale)",
                     {"serve.live_age", "serve.delayed_age"}});
  }
  for (const std::string& origin : options.allowed_origins) {
    if (IsOrigin(origin)) continue;
    found.push_back(
        {"serve.allowed_origins has what is no origin: value=" + origin + " (as https://charts.example.org, without a path)",
         {"serve.allowed_origins"}});
  }
  for (const std::string& proxy : options.proxies) {
    if (IsAddress(proxy)) continue;
    found.push_back({"serve.proxies has what is no IP address: value=" + proxy + " (as 10.0.0.5)", {"serve.proxies"}});
  }
  return found;
}

Result<std::unique_ptr<Server>> Server::Start(ServeOptions options) {
  CS_TRY(StatusOf(ServeProblems(options)));
  auto impl = std::make_unique<Impl>(std::move(options));
  const std::string address = impl->state.options().address;
  CS_TRY(impl->OpenBackend(impl->state.options().storage_root));
  auto http = HttpServer::Start(HttpOptions(impl->state.options()),
                                [raw = impl.get()](const WebRequest& request) { return Dispatch(request, raw->state); });
  if (!http) {
    impl->state.SetBackend(nullptr);
    return std::unexpected(std::move(http).error());
  }
  impl->url = HttpAddress(address, (*http)->port());
  {
    std::lock_guard lock(impl->http_mutex);
    impl->http = *std::move(http);
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::url() const { return impl_->url; }
std::uint16_t Server::port() const { return impl_->http->port(); }

Status Server::SetStorage(const std::filesystem::path& root) {
  CS_TRY(impl_->OpenBackend(root));
  impl_->Wake();
  return {};
}

std::shared_ptr<Live> Server::live() const { return impl_->state.backend()->live(); }

void Server::Poke() { impl_->state.backend()->follower().Poke(); }

void Server::SetMode(ServeMode mode) {
  impl_->state.SetMode(mode);
  impl_->Wake();
}

void Server::SetSourceReport(const SourceReport& report) {
  impl_->state.SetReport(report);
  impl_->Wake();
}

void Server::SetSinkState(bool trouble, std::string words) { impl_->state.SetSink(trouble, std::move(words)); }

void Server::SetLakeState(bool writable, std::string reason) {
  impl_->state.SetLake(writable, std::move(reason));
  impl_->Wake();
}

void Server::Stop() {
  impl_->StopReopening();
  // First who calls: the follower the renderer, the renderer the HTTP server; then the connections, whose answers use
  // all of them.
  if (auto backend = impl_->state.backend()) backend->follower().Stop();
  impl_->events.Stop();
  impl_->http->Stop();
}

}  // namespace cryptostream
