#pragma once

#include <memory>
#include <string>

#include "base/machine_clock.h"
#include "config/config.h"
#include "run/lake_run.h"
#include "run/pipeline.h"
#include "source/coingecko_client.h"
#include "source/source.h"

namespace cryptostream {

// What the ways with and without a topic (pipeline.cc, topic_pipeline.cc) share.

// The API and the page over the lake at `root`.
Result<std::unique_ptr<Server>> StartServer(const Config& config, ServeMode mode, const std::string& root);
// CoinGecko with the plan, key and budget of the configuration.
Result<std::shared_ptr<CoinGeckoClient>> ConnectCoinGecko(const Config& config);
// The lake's options with an idle time that fits the pace of polling.
LakeOptions PolledLake(const Config& config, CoinGeckoClient& client);
// Fetches a new lake's history beside everything else.
Status PlayBackfill(const Config& config, LakeRun& run, const std::shared_ptr<CoinGeckoClient>& client);
// Whether a run was stopped before its input's end; and what it then returns, once what is in hand is written. In: whether it was to reach
// that end, as a job of cron is: then it did not do its work.
bool IsStopped(const Status& finished);
Status StoppedEarly(LakeRun& run, const Status& finished, bool to_its_end);
// The recording that was asked for, or the bundled one.
Result<std::unique_ptr<Source>> OpenRecording(const Config& config, const RunOptions& options);

}  // namespace cryptostream
