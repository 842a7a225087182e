// The exact half of evaluate.h: rationals only.
#include <cmath>

#include "reward/math/evaluate.h"

namespace winnow::reward::math {
namespace {

using Value = std::optional<Rational>;

// The integer n-th root of value >= 0 if it is a perfect power, 2 <= n <= 64.
std::optional<Int128> PerfectRoot(Int128 value, int64_t n) {
  const double guess = std::pow(static_cast<double>(value), 1.0 / static_cast<double>(n));
  for (Int128 root = static_cast<Int128>(guess) - 1; root <= static_cast<Int128>(guess) + 1;
       ++root) {
    if (root < 0) continue;
    const Value power = Power({root, 1}, n);
    if (power && power->num == value && power->den == 1) return root;
  }
  return std::nullopt;
}

// The real n-th root of a rational, if it is rational.
Value ExactRoot(const Rational& value, int64_t n) {
  if (n < 1 || n > 64) return std::nullopt;
  if (n == 1) return value;
  const bool negative = value.num < 0;
  if (negative && n % 2 == 0) return std::nullopt;
  const std::optional<Int128> num = PerfectRoot(negative ? -value.num : value.num, n);
  const std::optional<Int128> den = PerfectRoot(value.den, n);
  if (!num || !den) return std::nullopt;
  return Rational::Make(negative ? -*num : *num, *den);
}

bool ToSmall(const Rational& value, int64_t limit, int64_t* integer) {
  if (!value.IsInteger() || value.num > limit || value.num < -limit) return false;
  *integer = static_cast<int64_t>(value.num);
  return true;
}

Value ExactPower(const Rational& base, const Rational& exponent) {
  int64_t num = 0;
  if (!ToSmall({exponent.num, 1}, 10000, &num) || exponent.den > 64) return std::nullopt;
  if (exponent.den == 1) {
    if (base.num == 0 && num <= 0) return std::nullopt;
    return Power(base, num);
  }
  // A fractional power of a negative number is complex.
  if (base.num < 0) return std::nullopt;
  const Value root = ExactRoot(base, static_cast<int64_t>(exponent.den));
  return root ? ExactPower(*root, {num, 1}) : std::nullopt;
}

Value Factorial(const Rational& value) {
  int64_t n = 0;
  if (!ToSmall(value, 33, &n) || n < 0) return std::nullopt;
  Rational product = Rational::Of(1);
  for (int64_t k = 2; k <= n; ++k) product.num *= k;
  return product;
}

Value Binomial(const Rational& upper, const Rational& lower) {
  int64_t n = 0, k = 0;
  if (!ToSmall(upper, 10000, &n) || !ToSmall(lower, 10000, &k) || n < 0 || k < 0) {
    return std::nullopt;
  }
  if (k > n) return Rational::Of(0);
  Value result = Rational::Of(1);
  for (int64_t i = 1; i <= std::min(k, n - k) && result; ++i) {
    result = Multiply(*result, {n - i + 1, i});
    if (result && i > 200) return std::nullopt;
    if (result) result = Rational::Make(result->num, result->den);
  }
  return result;
}

// log_b x as an integer or a unit fraction's power, if exact: b^p = x for small p.
Value ExactLog(const Rational& base, const Rational& value) {
  if (base.num <= 0 || value.num <= 0 || base == Rational::Of(1)) return std::nullopt;
  for (int64_t q = 1; q <= 6; ++q) {
    const double estimate = std::log(value.Approximate()) / std::log(base.Approximate()) * q;
    if (!(std::fabs(estimate) < 1000)) return std::nullopt;
    const int64_t p = std::llround(estimate);
    const Value left = Power(base, p);
    const Value right = Power(value, q);
    if (left && right && *left == *right) return Rational::Make(p, q);
  }
  return std::nullopt;
}

Value FloorOf(const Rational& value, bool up) {
  Int128 floor = value.num / value.den;
  if (value.num < 0 && value.num % value.den != 0) --floor;
  const bool whole = value.num % value.den == 0;
  return Rational{up && !whole ? floor + 1 : floor, 1};
}

Value ExactFunction(const NodePtr& node, StepBudget& budget) {
  std::vector<Rational> arguments;
  for (const NodePtr& child : node->children) {
    const Value value = ExactValue(child, budget);
    if (!value) return std::nullopt;
    arguments.push_back(*value);
  }
  const std::string& name = node->name;
  if (name == "root") {
    int64_t index = 0;
    return ToSmall(arguments[0], 64, &index) ? ExactRoot(arguments[1], index) : std::nullopt;
  }
  if (name == "abs") {
    return Rational{arguments[0].num < 0 ? -arguments[0].num : arguments[0].num, arguments[0].den};
  }
  if (name == "factorial") return Factorial(arguments[0]);
  if (name == "binomial") return Binomial(arguments[0], arguments[1]);
  if (name == "log") return ExactLog(arguments[0], arguments[1]);
  if (name == "floor" || name == "ceil") return FloorOf(arguments[0], name == "ceil");
  return std::nullopt;
}

}  // namespace

std::optional<Rational> ExactValue(const NodePtr& node, StepBudget& budget) {
  if (!budget.Spend()) return std::nullopt;
  const auto child = [&](size_t i) { return ExactValue(node->children[i], budget); };
  switch (node->kind) {
    case Kind::kNumber:
      return node->value;
    case Kind::kNegative: {
      const Value value = child(0);
      return value ? Value(Rational{-value->num, value->den}) : std::nullopt;
    }
    case Kind::kPercent: {
      const Value value = child(0);
      return value ? Divide(*value, Rational::Of(100)) : std::nullopt;
    }
    case Kind::kSum:
    case Kind::kProduct: {
      Value total = child(0);
      for (size_t i = 1; i < node->children.size() && total; ++i) {
        const Value next = child(i);
        if (!next) return std::nullopt;
        total = node->kind == Kind::kSum ? Add(*total, *next) : Multiply(*total, *next);
      }
      return total;
    }
    case Kind::kQuotient:
    case Kind::kPower: {
      const Value left = child(0);
      const Value right = child(1);
      if (!left || !right) return std::nullopt;
      return node->kind == Kind::kQuotient ? Divide(*left, *right) : ExactPower(*left, *right);
    }
    case Kind::kFunction:
      return ExactFunction(node, budget);
    default:
      return std::nullopt;
  }
}

}  // namespace winnow::reward::math
