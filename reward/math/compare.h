#pragma once

#include "reward/math/evaluate.h"
#include "reward/math/expression.h"

namespace winnow::reward::math {

// The options of the verifier `math`.
struct CompareOptions {
  bool require_units = false;   // units: require; ignore strips them
  bool percent_either = false;  // percent: either; 50 % equals 50 as well as 0.5
  bool ordered = false;         // sets and bare lists count in their order
  double rel = 0.0;             // relative tolerance of real numbers
};

// Is `answer` equal to `gold`? Structure first; exact rationals; constants in float64 with an error
// bound; expressions with variables at 16 keyed points, where all that are defined, at least 8,
// must agree. Never equal: a number and a set that merely contains it, a tuple and a set, whatever
// the budget does not reach.
bool AreEqual(const Expression& gold, const Expression& answer, const CompareOptions& options,
              StepBudget& budget);

}  // namespace winnow::reward::math
