// Every file in configs/ is read and checked; `${…}` stands for a fixture.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/config/commands.h"
#include "cli/config/config.h"

namespace winnow::cli {
namespace {

using testing::ElementsAre;

const std::filesystem::path kFolder = std::filesystem::path(WINNOW_SOURCE_DIR) / "configs";

std::vector<std::string> MistakesOf(const std::string& file, Config* config) {
  LoadRequest request;
  request.path = (kFolder / file).string();
  request.environment = {{"MODELS", "/fixture/models"},
                         {"SCRATCH", "/fixture/scratch"},
                         {"DATA", "/fixture/data"},
                         {"HOME", "/fixture/home"}};
  request.working_folder = WINNOW_SOURCE_DIR;
  request.check_files = false;
  const bool is_warm_up =
      file.find("sft") != std::string::npos || file.find("warmup") != std::string::npos;
  request.purpose = is_warm_up ? Purpose::kSft : Purpose::kTrain;
  std::vector<std::string> messages;
  std::vector<std::string> notices;
  if (!LoadConfig(request, config, &messages, &notices)) messages.pop_back();
  const std::string head = request.path + ":";
  for (std::string& message : messages) {
    if (message.starts_with(head)) message.erase(0, head.size());
  }
  return messages;
}

TEST(ExampleConfigsTest, AreReadAndChecked) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    Config config;
    for (const std::string& message : MistakesOf(entry.path().filename().string(), &config)) {
      EXPECT_THAT(message, testing::EndsWith(" is not built yet")) << entry.path();
    }
  }
  std::printf("%zu files checked\n", count);
  EXPECT_GE(count, 2u);
}

TEST(ExampleConfigsTest, GresoNeedsOnlyWhatIsNotBuiltYet) {
  Config config;
  EXPECT_THAT(MistakesOf("greso-qwen2.5-math-1.5b.yaml", &config),
              ElementsAre("4: run.device: cuda is not built yet",
                          "15: placement.mode: local is not built yet",
                          "15: placement.actor_devices: [0, 1, 2, 3] is not built yet",
                          "15: placement.learner_devices: [0, 1, 2, 3] is not built yet"));
  EXPECT_EQ(config.String("model.path"), "/fixture/models/Qwen2.5-Math-1.5B");
  EXPECT_EQ(config.Int("filter.gen_batch_max"), 384);
  EXPECT_EQ(config.Number("filter.midpoint"), 0.5);
  EXPECT_THAT(config.List("learner.optim.weight_decay_exclude"), testing::IsEmpty());
}

TEST(JobSummaryTest, SaysWhatFollowsFromTheFile) {
  Config config;
  MistakesOf("greso-qwen2.5-math-1.5b.yaml", &config);
  EXPECT_EQ(JobSummary(config),
            "step     256 groups x 8 samples = 2,048 sequences, up to 5,242,880 response tokens; 4 "
            "updates of 64 groups\n"
            "rollout  waves of 64 to 384 prompts, up to 3,072 sequences\n"
            "run      1,001 steps, 4,004 updates; save every 40, evaluate every 50\n");
  EXPECT_EQ(JobSummary(config.WithDerived("filter.type", "none", "a test")
                           .WithDerived("trainer.total_training_steps", "null", "a test")
                           .WithDerived("trainer.save_freq", "-1", "a test")
                           .WithDerived("trainer.test_freq", "-1", "a test")),
            "step     256 groups x 8 samples = 2,048 sequences, up to 5,242,880 response tokens; 4 "
            "updates of 64 groups\n"
            "rollout  one wave of 256 prompts, 2,048 sequences\n"
            "run      2,000 epochs; save at the end, evaluate never\n");
}

TEST(ExampleConfigsTest, AsyncNeedsOnlyWhatIsNotBuiltYet) {
  Config config;
  EXPECT_THAT(
      MistakesOf("async-7b.yaml", &config),
      ElementsAre("13: run.mode: async is not built yet", "13: run.device: cuda is not built yet",
                  "16: rollout.speculation.sources: [suffix] is not built yet",
                  "21: placement.mode: cluster is not built yet",
                  "21: placement.nnodes: 2 is not built yet",
                  "21: placement.launcher: slurm is not built yet"));
  EXPECT_EQ(config.String("run.dir"), "/fixture/scratch/async-7b");
  EXPECT_EQ(config.Int("trainer.max_off_policy_threshold"), 2);
}

}  // namespace
}  // namespace winnow::cli
