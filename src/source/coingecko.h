#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "source/coingecko_client.h"
#include "source/markets_decoder.h"
#include "source/poll_pace.h"
#include "source/source.h"

namespace cryptostream {

// Polls CoinGecko's /coins/markets for all coins in one call, for ever. A batch a poll; its position is its sequence number.
// Trouble is said once, waited for and retried; when it ends, a gap row tells from when to when nothing came. One thread.
class CoinGeckoSource final : public Source {
 public:
  explicit CoinGeckoSource(std::shared_ptr<CoinGeckoClient> client);

  std::string position_id() const override { return "bronze/direct/coingecko"; }
  Status Run(std::int64_t position, const SourceOutput& output, StopToken stop) override;

 private:
  // A time without prices: since when and why.
  struct Outage {
    Timestamp since;
    std::string words;
    int attempts = 0;
  };

  bool AwaitTurn(const SourceOutput& output, StopToken stop);
  void OnHeld(std::chrono::milliseconds wait, const SourceOutput& output);
  std::chrono::milliseconds OnAnswer(const HttpAnswer& answer, const SourceOutput& output);
  std::chrono::milliseconds OnTrouble(Trouble trouble, const SourceOutput& output);
  void Begin(const std::string& words, bool needs_a_person = false);
  void EndOutage(RawBatch& batch, Timestamp now);
  void TellAbsence(Timestamp now, const SourceOutput& output);
  bool NoteCoins(const std::vector<SeenCoin>& seen, Timestamp now);
  std::string CoinWords() const;
  std::chrono::milliseconds OnNoCoin(RawBatch batch, const HttpAnswer& answer, const SourceOutput& output);
  void Report(const SourceOutput& output, SourceState state, std::string message, std::chrono::milliseconds wait);
  RawBatch NewBatch() const;
  void Push(RawBatch batch, const SourceOutput& output);

  std::shared_ptr<CoinGeckoClient> client_;
  PollPace pace_;
  MarketsDecoder decoder_;
  std::int64_t position_ = 0;
  bool refused_by_pipeline_ = false;
  std::optional<Timestamp> last_success_;
  std::optional<Outage> outage_;
  std::set<std::string> missing_;  // coins that the last good answer did not have
  std::set<std::string> ahead_;    // coins whose stamps in it lie in the future
};

}  // namespace cryptostream
