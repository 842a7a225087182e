#include "cli/bench/measure.h"

#include <algorithm>

#include "base/check.h"
#include "base/clock.h"

namespace winnow::cli {

double Median(std::vector<double> values) {
  WINNOW_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double MedianSeconds(int repeats, const std::function<double()>& seconds) {
  seconds();
  std::vector<double> measured;
  for (int i = 0; i < repeats; ++i) measured.push_back(seconds());
  return Median(std::move(measured));
}

double SecondsOf(const std::function<void()>& work) {
  const double start = MonotonicSeconds();
  work();
  return MonotonicSeconds() - start;
}

}  // namespace winnow::cli
