#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace winnow::learner {

// Metrics of one step, by name in name order; null where the set measured is empty.
using MetricMap = std::map<std::string, std::optional<double>>;

// Mean, deviation, extremes of numbers seen one by one, in double, in the order given. Every answer
// is null for an empty set.
class Moments {
 public:
  void Add(double value);
  size_t count() const { return count_; }
  std::optional<double> mean() const;
  // Unbiased, sqrt(Σ(x − mean)²/(n − 1)) by Welford's recurrence; null for fewer than two.
  std::optional<double> deviation() const;
  std::optional<double> min() const;
  std::optional<double> max() const;

 private:
  size_t count_ = 0;
  double sum_ = 0;
  double running_mean_ = 0;
  double squares_ = 0;  // Σ(x − running mean)²
  double min_ = 0;
  double max_ = 0;
};

// part/whole; null for an empty whole.
std::optional<double> Fraction(double part, double whole);

// Nearest-rank percentile, percent in (0, 100]; null for an empty set.
std::optional<double> Percentile(std::vector<double> values, double percent);

}  // namespace winnow::learner
