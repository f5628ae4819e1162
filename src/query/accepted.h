#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "query/duck.h"

namespace cryptostream {

// Which of these messages, byte for byte, bronze has out of `topic`, received on `from` or later, without silver having refused that very
// row. In: views of bronze and quarantine. Errors: as of the query.
Result<std::set<std::string>> FindAccepted(const Duck& views, const std::string& topic, Date from,
                                           const std::vector<std::string>& messages);

// Whether bronze has any row of the topic. Errors: as of the query.
Result<bool> ReadsTopic(const Duck& views, const std::string& topic);

}  // namespace cryptostream
