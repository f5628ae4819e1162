#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "market/raw_batch.h"
#include "net/http_client.h"
#include "source/coingecko_client.h"
#include "source/source.h"

namespace cryptostream {

// For tests only: the transport's second implementation. Answers requests from a script and keeps what was asked.
class ScriptedTransport final : public HttpTransport {
 public:
  struct Script {
    std::deque<Result<HttpAnswer>> answers;
    std::vector<HttpRequest> requests;
    std::function<void()> when_empty;  // called when nothing is left to answer: the test stops the source here
  };
  explicit ScriptedTransport(Script& script) : script_(script) {}

  Result<HttpAnswer> Get(const HttpRequest& request, StopToken) override {
    script_.requests.push_back(request);
    if (script_.answers.empty()) {
      if (script_.when_empty) script_.when_empty();
      return Cancelled("the script is at its end");
    }
    auto answer = std::move(script_.answers.front());
    script_.answers.pop_front();
    return answer;
  }

 private:
  Script& script_;
};

inline HttpAnswer JsonAnswer(std::string body, int status = 200, std::vector<HttpHeader> headers = {}) {
  headers.push_back({"Content-Type", "application/json; charset=utf-8"});
  return HttpAnswer{status, std::move(headers), std::move(body), ""};
}

// For tests only: a client over a script and a clock that waiting advances, and what a source gave.
struct SourceStage {
  FakeClock clock{FromMicros(1'763'800'000'123'457)};  // 2025-11-22T08:26:40.123457Z
  StopSource stop;
  ScriptedTransport::Script script;
  std::vector<std::chrono::milliseconds> waits;
  std::vector<RawBatch> batches;
  std::vector<SourceReport> reports;

  WaitFunction Wait() {
    return [this](StopToken token, std::chrono::nanoseconds time) {
      if (token.stop_requested()) return false;
      waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(time));
      clock.Advance(std::chrono::duration_cast<std::chrono::microseconds>(time));
      return true;
    };
  }
  std::shared_ptr<CoinGeckoClient> Client(CoinGeckoOptions options) {
    script.when_empty = [this] { stop.request_stop(); };
    return CoinGeckoClient::Create(std::move(options), clock, std::make_unique<ScriptedTransport>(script), Wait()).value();
  }
  SourceOutput Output() {
    return {[this](RawBatch batch) {
              batches.push_back(std::move(batch));
              return true;
            },
            [this](SourceReport report) { reports.push_back(std::move(report)); }};
  }
};

}  // namespace cryptostream
