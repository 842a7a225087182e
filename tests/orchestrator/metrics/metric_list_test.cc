#include "orchestrator/metrics/metric_list.h"

#include <gtest/gtest.h>

namespace winnow::orchestrator {
namespace {

TEST(MetricListTest, ARatioOverZeroHasNoValue) {
  MetricList list;
  AddRatio("half", 1, 2, &list);
  AddRatio("none", 1, 0, &list);
  EXPECT_EQ(FindMetric(list, "half"), 0.5);
  EXPECT_EQ(list[1], (Metric{"none", std::nullopt}));
  EXPECT_EQ(FindMetric(list, "absent"), std::nullopt);
}

}  // namespace
}  // namespace winnow::orchestrator
