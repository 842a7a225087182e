#include "learner/metrics.h"

#include <algorithm>
#include <cmath>

namespace winnow::learner {

void Moments::Add(double value) {
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = count_ == 0 ? value : std::max(max_, value);
  ++count_;
  sum_ += value;
  const double before = value - running_mean_;
  running_mean_ += before / static_cast<double>(count_);
  squares_ += before * (value - running_mean_);
}

std::optional<double> Moments::mean() const { return Fraction(sum_, static_cast<double>(count_)); }

std::optional<double> Moments::deviation() const {
  if (count_ < 2) return std::nullopt;
  return std::sqrt(squares_ / static_cast<double>(count_ - 1));
}

std::optional<double> Moments::min() const {
  return count_ == 0 ? std::nullopt : std::optional(min_);
}

std::optional<double> Moments::max() const {
  return count_ == 0 ? std::nullopt : std::optional(max_);
}

std::optional<double> Fraction(double part, double whole) {
  if (whole == 0) return std::nullopt;
  return part / whole;
}

std::optional<double> Percentile(std::vector<double> values, double percent) {
  if (values.empty()) return std::nullopt;
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(values.size()));
  const size_t index = static_cast<size_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(index), values.end());
  return values[index];
}

}  // namespace winnow::learner
