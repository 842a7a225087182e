#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "store/aggregate.h"
#include "store/chain.h"

namespace winnow::store {

class Database;

// What a check of a whole store found.
struct VerifyReport {
  static constexpr size_t kMaxProblems = 20;

  HistoryPosition position;
  uint64_t num_prompts = 0;  // with history
  uint64_t num_groups = 0;
  uint64_t num_skips = 0;
  uint64_t num_problems = 0;
  std::vector<std::string> problems;  // the first kMaxProblems, a line each

  bool ok() const { return num_problems == 0; }
};

// Reads everything and compares: the checksum of every block; `agg` with the fold of `hist` and
// `skip`, bit for bit; `step` with `hist`; every link of the digest chain and the counts with the
// records. Damage is a problem of the report, not an error. Takes seconds per million groups.
// May catch a secondary up first.
Result<VerifyReport> VerifyDatabase(Database* database);

}  // namespace winnow::store
