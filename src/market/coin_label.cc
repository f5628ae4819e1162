// Names, symbols and logos as the provider gives them. In: a message as it is in bronze. Out: the texts of its "raw" object, whatever
// else is in it: a label is a nicety, so nothing here refuses a message that silver would take, nor takes one for granted.
#include "market/coin_label.h"

#include <utility>

#include "market/json.h"

namespace cryptostream {
namespace {

namespace od = simdjson::ondemand;

// The text of a string value; empty for anything else.
std::string TextOf(od::value value) {
  std::string_view text;
  if (value.get_string().get(text) || text.size() > kMaxLabelBytes) return {};
  return std::string(text);
}

}  // namespace

struct CoinLabelReader::Buffers {
  od::parser parser;
  std::string padded;
};

CoinLabelReader::CoinLabelReader() : buffers_(std::make_unique<Buffers>()) {}
CoinLabelReader::~CoinLabelReader() = default;

std::optional<LabelledCoin> CoinLabelReader::Read(std::string_view message) {
  Buffers& b = *buffers_;
  b.padded.assign(message).append(simdjson::SIMDJSON_PADDING, '\0');
  od::document document;
  od::object object;
  simdjson::padded_string_view view(b.padded.data(), message.size(), b.padded.size());
  if (b.parser.iterate(view).get(document) || document.get_object().get(object)) return std::nullopt;
  LabelledCoin coin;
  CoinLabel& label = coin.label;
  auto in_raw = [&](std::string_view key, od::value value) {
    if (key == "name") label.name = TextOf(value);
    if (key == "symbol") label.symbol = TextOf(value);
    if (key == "image") label.image = TextOf(value);
    return simdjson::SUCCESS;
  };
  auto error = VisitFields(object, [&](std::string_view key, od::value value) -> simdjson::error_code {
    od::json_type type;
    if (key == "coin_id") coin.coin_id = TextOf(value);
    if (key != "raw" || value.type().get(type) || type != od::json_type::object) return simdjson::SUCCESS;
    od::object raw;
    if (auto no_object = value.get_object().get(raw)) return no_object;
    return VisitFields(raw, in_raw);
  });
  if (error || coin.coin_id.empty() || label.empty()) return std::nullopt;
  return coin;
}

}  // namespace cryptostream
