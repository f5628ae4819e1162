// A plan as lines of words between tabs. The first line is the program's version: rules travel with the binary, and a driver and executors of
// two versions must not make one table.
#include "cluster/plan.h"

#include <fmt/format.h>

#include <vector>

#include "base/text.h"
#include "base/version.h"

namespace cryptostream {
namespace {

std::vector<std::string_view> Split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (std::size_t end = text.find(at); end != std::string_view::npos; end = text.find(at)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

class Words {
 public:
  explicit Words(std::vector<std::string_view> words) : words_(std::move(words)) {}
  std::string_view At(std::size_t i) {
    good_ = good_ && i < words_.size();
    return good_ ? words_[i] : std::string_view();
  }
  std::string TextAt(std::size_t i) {
    std::string text;
    good_ = PercentDecode(At(i), false, text) && good_;
    return text;
  }
  template <class Integer>
  void Read(std::size_t i, Integer& into) {
    auto value = IntegerOf<Integer>(At(i));
    good_ = good_ && value.has_value();
    if (value) into = *value;
  }
  bool good() const { return good_; }

 private:
  std::vector<std::string_view> words_;
  bool good_ = true;
};

}  // namespace

std::string SilverPlan::Encode() const {
  std::string text = fmt::format("cryptostream\t{}\nroot\t{}\nsilver\t{}\t{}\t{}\t{}", kVersion, PercentEncode(root),
                                 silver_version, quarantined, buckets, fsync ? 1 : 0);
  for (const auto& [source, quote] : quotes.configured()) text += fmt::format("\nquote\t{}\t{}", source.str(), quote.str());
  for (const auto& [source, records] : quotes.records()) {
    for (const auto& each : records) {
      text += fmt::format("\nrecord\t{}\t{}\t{}\t{}", source.str(), each.n, each.from, each.quote.str());
    }
  }
  return text;
}

Result<SilverPlan> SilverPlan::Parse(std::string_view text) {
  std::vector<std::string_view> lines = Split(text, '\n');
  Words first(Split(lines.front(), '\t'));
  if (first.At(0) != "cryptostream") {
    return Invalid("an operator is started by `cryptostream spark submit` and reads its plan and rows from stdin; there is none");
  }
  if (first.At(1) != kVersion) {
    return Invalid(
        fmt::format("the executors' binary is version {}, the driver's {}: submit with the archive of one `make install`",
                    kVersion, Printable(first.At(1))));
  }
  SilverPlan plan;
  QuoteSettings configured;
  std::vector<std::pair<Name, SourceQuotes::Record>> records;
  bool good = first.good();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    Words words(Split(lines[i], '\t'));
    if (std::string_view what = words.At(0); what == "root") {
      plan.root = words.TextAt(1);
    } else if (what == "silver") {
      int fsync = 1;
      words.Read(1, plan.silver_version);
      words.Read(2, plan.quarantined);
      words.Read(3, plan.buckets);
      words.Read(4, fsync);
      plan.fsync = fsync != 0;
    } else if (what == "quote") {
      configured[std::string(words.At(1))] = words.At(2);
    } else if (what == "record") {
      SourceQuotes::Record record;
      words.Read(2, record.n);
      words.Read(3, record.from);
      record.quote = Name(words.At(4));
      records.emplace_back(Name(words.At(1)), record);
    } else {
      good = false;
    }
    good = good && words.good();
  }
  if (!good || plan.root.empty() || plan.buckets < 1) return Invalid("the plan is damaged");
  plan.quotes = SourceQuotes(configured);
  for (const auto& [source, record] : records) plan.quotes.Add(source, record);
  return plan;
}

}  // namespace cryptostream
