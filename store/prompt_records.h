#pragma once

#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "store/outcome.h"

namespace winnow::store {

class Database;

// All records of one prompt, in step order.
Result<std::vector<Outcome>> ReadOutcomes(const Database& database, PromptId prompt);
Result<std::vector<Skip>> ReadSkips(const Database& database, PromptId prompt);

}  // namespace winnow::store
