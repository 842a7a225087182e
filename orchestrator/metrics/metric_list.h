#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace winnow::orchestrator {

// One named number of a step; no value means "not defined in this step" and is written as null.
struct Metric {
  std::string name;
  std::optional<double> value;

  friend bool operator==(const Metric&, const Metric&) = default;
};

// The numbers of one step in the order in which they are written; names are distinct.
using MetricList = std::vector<Metric>;

// Appends numerator / denominator, or no value if the denominator is 0.
inline void AddRatio(std::string name, double numerator, double denominator, MetricList* list) {
  list->push_back(
      {std::move(name), denominator == 0 ? std::optional<double>() : numerator / denominator});
}

// The value of `name`, if it is in the list and has one.
inline std::optional<double> FindMetric(const MetricList& list, std::string_view name) {
  for (const Metric& metric : list) {
    if (metric.name == name) return metric.value;
  }
  return std::nullopt;
}

}  // namespace winnow::orchestrator
