#pragma once

#include <string_view>

#include "reward/math/compare.h"
#include "reward/math/parser.h"

namespace winnow::reward::math {

inline bool Equal(std::string_view gold, std::string_view answer,
                  const CompareOptions& options = {}) {
  StepBudget budget;
  return AreEqual(Read(gold), Read(answer), options, budget);
}

}  // namespace winnow::reward::math
