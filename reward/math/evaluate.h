#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "reward/math/expression.h"

namespace winnow::reward::math {

// Counts the work on one pair of answers; a verdict depends on steps, never on time.
class StepBudget {
 public:
  explicit StepBudget(uint64_t steps = 1'000'000) : left_(steps) {}
  // False once the budget is used up.
  bool Spend(uint64_t steps = 1) {
    left_ = steps > left_ ? 0 : left_ - steps;
    return left_ > 0;
  }
  bool IsSpent() const { return left_ == 0; }

 private:
  uint64_t left_;
};

// The exact rational value; nullopt if there is none or it leaves 128 bits.
std::optional<Rational> ExactValue(const NodePtr& node, StepBudget& budget);

// Which point the variables take: point p < 8 is real, 8 … 15 complex, by a keyed choice.
struct Point {
  uint32_t index = 0;
};

// A floating-point value with a bound of its error.
struct Approximate {
  std::complex<double> value;
  double error = 0.0;
};
// nullopt where the expression is undefined (division by zero, overflow, an error bound that
// swallows the value) or is no scalar.
std::optional<Approximate> ApproximateValue(const NodePtr& node, const Point& point,
                                            StepBudget& budget);

// Equal within both bounds or 1e-10 relative.
bool Agree(const Approximate& a, const Approximate& b);

// Names of the variables.
void CollectSymbols(const NodePtr& node, std::set<std::string>& names);

}  // namespace winnow::reward::math
