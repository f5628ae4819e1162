// Currencies of prices. A unit that is not recorded is a wrong number: prices of one coin in two currencies are two series. Messages say
// theirs; what does not (the original's four keys, old recordings, rows from before there was the column) is in its source's, and which
// that is lies in the lake, so that a changed setting changes only what comes later.
#include "market/quote.h"

#include <algorithm>

#include "base/text.h"

namespace cryptostream {
namespace {

// What exchanges quote in. A longer one first where one ends like another ("usdt" before "usd" does not matter: they end differently;
// "fdusd" before "usd" does).
constexpr std::string_view kKnown[] = {"fdusd", "rlusd", "usdt", "usdc", "busd", "tusd", "usdp", "usd1", "usde",
                                       "eurc",  "usd",   "eur",  "gbp",  "jpy",  "try",  "brl",  "aud",  "cad",
                                       "chf",   "krw",   "pln",  "mxn",  "zar",  "ars",  "uah",  "ngn",  "idr",
                                       "dai",   "btc",   "xbt",  "eth",  "bnb",  "sol",  "trx",  "doge", "xrp"};

bool IsSeparator(char c) { return c == '/' || c == '-' || c == '_' || c == ':' || c == '.'; }

}  // namespace

bool IsQuote(std::string_view text) {
  return !text.empty() && text.size() <= 16 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::string LowerQuote(std::string_view text) { return LowerCase(text); }

std::string QuoteOfSymbol(std::string_view symbol) {
  std::string text = LowerQuote(symbol);
  auto cut = std::find_if(text.rbegin(), text.rend(), IsSeparator);
  if (cut != text.rend()) {
    std::string after(cut.base(), text.end());
    return std::ranges::find(kKnown, after) == std::end(kKnown) ? "" : after == "xbt" ? "btc" : after;
  }
  for (std::string_view known : kKnown) {
    if (text.size() > known.size() && text.ends_with(known)) return known == "xbt" ? "btc" : std::string(known);
  }
  return "";
}

SourceQuotes::SourceQuotes(const QuoteSettings& configured) {
  for (const auto& [source, quote] : configured) configured_[Name(source)] = Name(quote);
}

void SourceQuotes::Add(Name source, const Record& record) {
  std::vector<Record>& of_source = records_[source];
  auto place = std::ranges::lower_bound(of_source, record.n, {}, &Record::n);
  if (place == of_source.end() || place->n != record.n) of_source.insert(place, record);
}

const SourceQuotes::Record* SourceQuotes::Newest(Name source) const {
  auto found = records_.find(source);
  return found == records_.end() ? nullptr : &found->second.back();
}

Name SourceQuotes::Configured(Name source) const {
  static const Name usd("usd"), usdt("usdt");
  auto found = configured_.find(source);
  if (found != configured_.end()) return found->second;
  return source.str().starts_with("binance") ? usdt : usd;
}

Name SourceQuotes::At(Name source, std::int64_t bronze_version) const {
  auto found = records_.find(source);
  if (found == records_.end()) return Configured(source);
  Name quote = found->second.front().quote;  // of what is older than the first record, too
  for (const Record& record : found->second) {
    if (record.from <= bronze_version) quote = record.quote;
  }
  return quote;
}

Name SourceQuotes::OfOldRow(Name source) const {
  auto found = records_.find(source);
  return found == records_.end() ? Configured(source) : found->second.front().quote;
}

}  // namespace cryptostream
