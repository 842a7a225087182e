#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "store/aggregate.h"
#include "store/outcome.h"

namespace winnow::store {

// What decides the meaning of a history's records; a store is tied to one.
struct HistoryRule {
  ClassifyRule classify;
  std::string metric = "reward";  // filter.metric
  MoppsPrior mopps;

  friend bool operator==(const HistoryRule&, const HistoryRule&) = default;
};

// One JSON object with ordered keys; doubles keep their bits.
std::string EncodeRule(const HistoryRule& rule);
Result<HistoryRule> DecodeRule(std::string_view text);

// kFailedPrecondition, naming key and both values, if outcomes stored under `stored` mean something
// else under `wanted`: other n, metric, tolerance or midpoint. Other mopps parameters are no
// difference here: a and b can be folded again.
Status CheckSameRule(const HistoryRule& stored, const HistoryRule& wanted);

}  // namespace winnow::store
