// HTTP GET over libcurl: a request goes in; the answer with its bytes, or the reason why there is none, comes out.
//
// One easy handle inside a multi handle, so that a stop request wakes the wait at once (curl_multi_wakeup) instead of at the
// next tick of a progress callback. libcurl's errors are translated here and nowhere else, by one question: did an answer
// begin? If not, the server was not reached (Unavailable); if so, the caller gets what came and why it is not whole.
// Redirects are not followed: an API that moves is a matter for a person, and a followed redirect could carry a key to
// another host. Both the bytes on the wire and the decompressed body are bounded, so a gzip bomb ends at the bound.
#include "net/http_client.h"

#include <curl/curl.h>
#include <fmt/core.h>
#include <strings.h>

#include <array>

#include "net/url.h"

namespace cryptostream {
namespace {

// What one transfer collects.
struct Transfer {
  HttpAnswer answer;
  std::size_t max_body_bytes = 0;
  std::size_t header_bytes = 0;
  bool too_large = false;
  std::array<char, CURL_ERROR_SIZE> error{};
};

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

constexpr std::size_t kMaxHeaderBytes = 256 << 10;

std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* user) {
  constexpr std::size_t kMaxHeaders = 200;
  auto& transfer = *static_cast<Transfer*>(user);
  auto& answer = transfer.answer;
  transfer.header_bytes += size;
  if (transfer.header_bytes > kMaxHeaderBytes) return 0;
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) {  // the status line of this answer, or of the one after a 1xx
    answer.headers.clear();
    return size;
  }
  auto colon = line.find(':');
  if (colon != std::string_view::npos && answer.headers.size() < kMaxHeaders) {
    answer.headers.push_back({std::string(line.substr(0, colon)), std::string(Trimmed(line.substr(colon + 1)))});
  }
  return size;
}

std::size_t OnBody(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::size_t room = transfer.max_body_bytes - transfer.answer.body.size();
  transfer.answer.body.append(data, std::min(size, room));
  if (size <= room) return size;
  transfer.too_large = true;
  return 0;
}

int OnProgress(void* user, curl_off_t, curl_off_t received, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (received <= static_cast<curl_off_t>(transfer.max_body_bytes)) return 0;
  transfer.too_large = true;
  return 1;
}

// The name of a failure in words; libcurl's own text goes behind it.
std::string_view FailureName(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return "name not found";
    case CURLE_COULDNT_CONNECT: return "no connection";
    case CURLE_OPERATION_TIMEDOUT: return "timed out";
    case CURLE_PEER_FAILED_VERIFICATION: return "TLS certificate refused";
    case CURLE_SSL_CONNECT_ERROR: return "TLS handshake failed";
    case CURLE_SSL_CACERT_BADFILE: return "TLS certificate file unreadable";
    case CURLE_PARTIAL_FILE: return "cut short";
    case CURLE_BAD_CONTENT_ENCODING: return "compression broken";
    case CURLE_GOT_NOTHING: return "empty reply";
    default: return "transfer broke";
  }
}

std::string FailureText(CURLcode code, const Transfer& transfer) {
  const char* detail = transfer.error[0] != '\0' ? transfer.error.data() : curl_easy_strerror(code);
  return fmt::format("{}: {}", FailureName(code), detail);
}

}  // namespace

std::optional<std::string_view> HttpAnswer::Header(std::string_view name) const {
  for (const auto& header : headers) {
    if (header.name.size() == name.size() && strncasecmp(header.name.data(), name.data(), name.size()) == 0) {
      return header.value;
    }
  }
  return std::nullopt;
}

struct CurlTransport::Handles {
  CURLM* multi = curl_multi_init();
  CURL* easy = curl_easy_init();

  ~Handles() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }

  void Prepare(const HttpClientOptions& options, const HttpRequest& request, Transfer& transfer, curl_slist* headers);
  std::optional<CURLcode> Run(StopToken stop);
  Result<HttpAnswer> Conclude(std::optional<CURLcode> code, Transfer& transfer);
};

void CurlTransport::Handles::Prepare(const HttpClientOptions& options, const HttpRequest& request, Transfer& transfer,
                                     curl_slist* headers) {
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  // What is sent in the clear to this machine stays on it, whatever proxy the environment names.
  if (auto url = ParseUrl(request.url); url && url->scheme == "http" && IsLoopbackHost(url->host))
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // do not wait for a name look-up that hangs
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error.data());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &transfer);
}

// Drives the transfer to its end. Out: libcurl's verdict, or nullopt when stopped.
std::optional<CURLcode> CurlTransport::Handles::Run(StopToken stop) {
  std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi); });
  curl_multi_add_handle(multi, easy);
  std::optional<CURLcode> code;
  while (!code && !stop.stop_requested()) {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) code = CURLE_FAILED_INIT;
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    if (!code) curl_multi_poll(multi, nullptr, 0, 1'000, nullptr);
  }
  curl_multi_remove_handle(multi, easy);
  return code;
}

Result<HttpAnswer> CurlTransport::Handles::Conclude(std::optional<CURLcode> code, Transfer& transfer) {
  if (!code) return Cancelled("request given up: the program is stopping");
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status == 0) return Unavailable(FailureText(*code, transfer));
  transfer.answer.status = static_cast<int>(status);
  // libcurl has no name of its own for a line beyond its 100 KB: it calls it "Out of memory".
  if (transfer.header_bytes > kMaxHeaderBytes || (*code == CURLE_OUT_OF_MEMORY && transfer.answer.body.empty())) {
    transfer.answer.damage = fmt::format("header too large: more than {} bytes, or a line of more than 100 KB", kMaxHeaderBytes);
  } else if (transfer.too_large) {
    transfer.answer.damage = fmt::format("too large: more than {} bytes", transfer.max_body_bytes);
  } else if (*code != CURLE_OK) {
    transfer.answer.damage = FailureText(*code, transfer);
  }
  return std::move(transfer.answer);
}

CurlTransport::CurlTransport(HttpClientOptions options) : options_(std::move(options)) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);  // once, whoever comes first
  (void)initialised;
  if (options_.user_agent.empty()) options_.user_agent = "cryptostream/" CRYPTOSTREAM_VERSION;
}

CurlTransport::~CurlTransport() = default;

Result<HttpAnswer> CurlTransport::Get(const HttpRequest& request, StopToken stop) {
  std::unique_ptr<Handles> handles;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      handles = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!handles) handles = std::make_unique<Handles>();
  if (handles->easy == nullptr || handles->multi == nullptr) return Internal("libcurl has no memory for a handle");
  Transfer transfer;
  transfer.max_body_bytes = options_.max_body_bytes;
  curl_slist* headers = curl_slist_append(nullptr, "Accept: application/json");
  if (!request.secret_header.empty()) {
    headers = curl_slist_append(headers, (request.secret_header + ": " + request.secret.Reveal()).c_str());
  }
  handles->Prepare(options_, request, transfer, headers);
  auto answer = handles->Conclude(handles->Run(stop), transfer);
  curl_slist_free_all(headers);
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(handles));
  return answer;
}

}  // namespace cryptostream
