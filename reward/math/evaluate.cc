#include "reward/math/evaluate.h"

#include <cmath>

#include "base/digest.h"
#include "base/philox.h"

namespace winnow::reward::math {
namespace {

using Complex = std::complex<double>;
using Value = std::optional<Approximate>;

constexpr double kUlp = 0x1p-50;
constexpr double kPi = 3.14159265358979323846;

// `value` with the rounding of its last operation; nullopt if it is not finite or known too badly
// to compare.
Value Checked(Complex value, double error) {
  const double size = std::abs(value);
  error += size * kUlp;
  if (!std::isfinite(size) || !std::isfinite(error)) return std::nullopt;
  if (error > 1e-7 * (1.0 + size)) return std::nullopt;
  return Approximate{value, error};
}

// A keyed number in ±[0.3, 2.3), complex for points 8 … 15.
Complex ValueOf(const std::string& symbol, const Point& point) {
  const uint64_t hash = Hash64(symbol);
  const auto words = Philox({static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32)},
                            {point.index, 0, 0, 0});
  const double real = 0.3 + 2.0 * (words[0] * 0x1p-32);
  const double imaginary = 0.3 + 2.0 * (words[1] * 0x1p-32);
  // Real points are positive first, then of both signs.
  const double sign = point.index >= 4 && (words[2] & 1) != 0 ? -1.0 : 1.0;
  return point.index < 8 ? Complex(sign * real, 0.0) : Complex(sign * real, imaginary);
}

Value PowerOf(const Approximate& base, const Approximate& exponent) {
  if (std::abs(base.value) <= base.error) {
    if (exponent.value.real() <= 0.0 || base.value != Complex(0.0)) return std::nullopt;
    return Approximate{0.0, 0.0};
  }
  const Complex logarithm = std::log(base.value);
  if (std::abs(exponent.value * logarithm) > 700.0) return std::nullopt;
  Complex value;
  const double integer = std::round(exponent.value.real());
  if (exponent.value == Complex(integer) && std::fabs(integer) <= 64) {
    value = std::pow(base.value, static_cast<int>(integer));
  } else {
    value = std::exp(exponent.value * logarithm);
  }
  const double relative = std::abs(exponent.value) * base.error / std::abs(base.value) +
                          std::abs(logarithm) * exponent.error +
                          std::abs(exponent.value * logarithm) * kUlp;
  return Checked(value, std::abs(value) * relative);
}

Value RootOf(const Approximate& index, const Approximate& radicand) {
  if (index.value == Complex(0.0)) return std::nullopt;
  const double n = index.value.real();
  const bool odd = index.value.imag() == 0.0 && std::fmod(std::fabs(n), 2.0) == 1.0;
  if (odd && radicand.value.imag() == 0.0 && radicand.value.real() < 0.0) {
    const Value positive = RootOf(index, {-radicand.value, radicand.error});
    return positive ? Value(Approximate{-positive->value, positive->error}) : std::nullopt;
  }
  if (n == 2.0 && index.value.imag() == 0.0) {
    const Complex root = std::sqrt(radicand.value);
    const double size = std::abs(root);
    return Checked(root, size > 0.0 ? radicand.error / size : std::sqrt(radicand.error));
  }
  return PowerOf(radicand, {1.0 / index.value, index.error});
}

// f(x) with the error |f'(x)|·error, the derivative taken numerically.
template <typename Function>
Value Mapped(const Approximate& x, Function function) {
  const Complex value = function(x.value);
  const double step = 1e-6 * (1.0 + std::abs(x.value));
  const double slope = std::abs(function(x.value + step) - value) / step;
  return Checked(value, 2.0 * slope * (x.error + std::abs(x.value) * kUlp));
}

Value LogOf(const Approximate& x) {
  if (std::abs(x.value) <= x.error) return std::nullopt;
  return Checked(std::log(x.value), x.error / std::abs(x.value) + kUlp);
}

Value Divided(const Approximate& a, const Approximate& b) {
  const double size = std::abs(b.value);
  if (size <= 4.0 * b.error || size == 0.0) return std::nullopt;
  const Complex value = a.value / b.value;
  return Checked(value, (a.error + std::abs(value) * b.error) / size);
}

Value FunctionOf(const std::string& name, const std::vector<Approximate>& x) {
  if (name == "root") return RootOf(x[0], x[1]);
  if (name == "abs") return Approximate{std::abs(x[0].value), x[0].error};
  if (name == "ln") return LogOf(x[0]);
  if (name == "log") {
    const Value top = LogOf(x[1]);
    const Value bottom = LogOf(x[0]);
    return top && bottom ? Divided(*top, *bottom) : std::nullopt;
  }
  if (name == "sin") return Mapped(x[0], [](Complex z) { return std::sin(z); });
  if (name == "cos") return Mapped(x[0], [](Complex z) { return std::cos(z); });
  if (name == "tan") return Mapped(x[0], [](Complex z) { return std::tan(z); });
  if (name == "cot") return Mapped(x[0], [](Complex z) { return 1.0 / std::tan(z); });
  if (name == "sec") return Mapped(x[0], [](Complex z) { return 1.0 / std::cos(z); });
  if (name == "csc") return Mapped(x[0], [](Complex z) { return 1.0 / std::sin(z); });
  if (name == "arcsin") return Mapped(x[0], [](Complex z) { return std::asin(z); });
  if (name == "arccos") return Mapped(x[0], [](Complex z) { return std::acos(z); });
  if (name == "arctan") return Mapped(x[0], [](Complex z) { return std::atan(z); });
  if (name == "sinh") return Mapped(x[0], [](Complex z) { return std::sinh(z); });
  if (name == "cosh") return Mapped(x[0], [](Complex z) { return std::cosh(z); });
  if (name == "tanh") return Mapped(x[0], [](Complex z) { return std::tanh(z); });
  return std::nullopt;  // factorial, binomial, floor, ceil: exact arguments only
}

Value Constant(const std::string& name) {
  if (name == "pi") return Approximate{kPi, 1e-16};
  if (name == "e") return Approximate{2.71828182845904523536, 1e-16};
  return Approximate{Complex(0.0, 1.0), 0.0};
}

class Evaluator {
 public:
  Evaluator(const Point& point, StepBudget& budget) : point_(point), budget_(budget) {}

  Value Of(const NodePtr& node) {
    if (!budget_.Spend()) return std::nullopt;
    switch (node->kind) {
      case Kind::kNumber:
        if (!node->value) return Checked(node->digits->Approximate(), 0.0);
        return Checked(node->value->Approximate(), 0.0);
      case Kind::kSymbol:
        return Approximate{ValueOf(node->name, point_), 0.0};
      case Kind::kConstant:
        return Constant(node->name);
      case Kind::kNegative: {
        const Value value = Of(node->children[0]);
        return value ? Value(Approximate{-value->value, value->error}) : std::nullopt;
      }
      case Kind::kPercent:
        return Scaled(node, 0.01);
      case Kind::kUnit:
        // Degrees inside a formula are angles; other units have no place there.
        return node->name == "degree" ? Scaled(node, kPi / 180.0) : std::nullopt;
      case Kind::kSum:
        return Sum(node);
      case Kind::kProduct:
        return Product(node);
      case Kind::kQuotient:
      case Kind::kPower: {
        const Value left = Of(node->children[0]);
        const Value right = left ? Of(node->children[1]) : std::nullopt;
        if (!right) return std::nullopt;
        return node->kind == Kind::kQuotient ? Divided(*left, *right) : PowerOf(*left, *right);
      }
      case Kind::kFunction:
        return Call(node);
      default:
        return std::nullopt;
    }
  }

 private:
  Value Scaled(const NodePtr& node, double factor) {
    const Value value = Of(node->children[0]);
    return value ? Checked(value->value * factor, value->error * factor) : std::nullopt;
  }
  Value Sum(const NodePtr& node) {
    Complex sum = 0.0;
    double error = 0.0;
    for (const NodePtr& child : node->children) {
      const Value term = Of(child);
      if (!term) return std::nullopt;
      sum += term->value;
      error += term->error + std::abs(term->value) * kUlp;
    }
    return Checked(sum, error);
  }
  Value Product(const NodePtr& node) {
    Approximate product{1.0, 0.0};
    for (const NodePtr& child : node->children) {
      const Value factor = Of(child);
      if (!factor) return std::nullopt;
      const Value next =
          Checked(product.value * factor->value, std::abs(product.value) * factor->error +
                                                     std::abs(factor->value) * product.error);
      if (!next) return std::nullopt;
      product = *next;
    }
    return product;
  }
  Value Call(const NodePtr& node) {
    if (const std::optional<Rational> exact = ExactValue(node, budget_)) {
      return Checked(exact->Approximate(), 0.0);
    }
    std::vector<Approximate> arguments;
    for (const NodePtr& child : node->children) {
      const Value argument = Of(child);
      if (!argument) return std::nullopt;
      arguments.push_back(*argument);
    }
    return FunctionOf(node->name, arguments);
  }

  const Point& point_;
  StepBudget& budget_;
};

}  // namespace

std::optional<Approximate> ApproximateValue(const NodePtr& node, const Point& point,
                                            StepBudget& budget) {
  return Evaluator(point, budget).Of(node);
}

bool Agree(const Approximate& a, const Approximate& b) {
  const double difference = std::abs(a.value - b.value);
  return difference <= a.error + b.error ||
         difference <= 1e-10 * std::max(std::abs(a.value), std::abs(b.value));
}

void CollectSymbols(const NodePtr& node, std::set<std::string>& names) {
  if (node->kind == Kind::kSymbol) names.insert(node->name);
  for (const NodePtr& child : node->children) CollectSymbols(child, names);
}

}  // namespace winnow::reward::math
