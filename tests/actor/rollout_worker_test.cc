#include "actor/rollout_worker.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/tiny_model.h"

namespace winnow::actor {
namespace {

class CountingSink : public TrajectorySink {
 public:
  void OnTrajectory(size_t group, const rollout::Trajectory& trajectory) override {
    groups.push_back(group);
    EXPECT_EQ(trajectory.version, PolicyVersion(9));
  }
  std::vector<size_t> groups;
};

TEST(RolloutWorkerTest, HandsEachSampleToTheSinkOnceWithItsVersion) {
  const std::string folder = testing_support::FreshFolder("rollout_worker");
  testing_support::WriteTinyModel(folder);
  ThreadPool pool(1);
  const auto ops = device::MakeCpuOps(device::Arithmetic::kF32, &pool).value();
  const auto policy =
      model::InitializePolicy<float>(folder, {.trainable = false}, 1, ops.get()).value();
  rollout::Engine engine(policy.get(), nullptr, {});
  CountingSink sink;
  RolloutWorker worker(&engine, &sink);
  worker.SetVersion(PolicyVersion(9));
  const std::vector<rollout::GroupRequest> groups = {{.prompt = {5, 6}, .num_samples = 2},
                                                     {.prompt = {7}, .num_samples = 1}};
  ASSERT_TRUE(worker.Work(groups, {.max_tokens = 4}).ok());
  std::sort(sink.groups.begin(), sink.groups.end());
  EXPECT_EQ(sink.groups, (std::vector<size_t>{0, 0, 1}));
}

}  // namespace
}  // namespace winnow::actor
