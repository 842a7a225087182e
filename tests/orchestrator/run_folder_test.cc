#include "orchestrator/run_folder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/tiny_model.h"

namespace winnow::orchestrator {
namespace {

TEST(RunFolderTest, IsHeldByOneAtATime) {
  const std::string path = testing_support::FreshFolder("run_folder") + "/runs/a";
  auto first = RunFolder::Open(path);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  const Status second = RunFolder::Open(path).status();
  EXPECT_EQ(second.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(second.message(), "run.dir is in use by another process: " + path);
}

TEST(RunFolderTest, RefusesAPathThatIsAFile) {
  const std::string path = testing_support::FreshFolder("run_folder_file") + "/a";
  ASSERT_TRUE(WriteFileAtomically(path, "x").ok());
  const Status status = RunFolder::Open(path + "/run").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(status.message().starts_with("run.dir must be a folder that can be made: "));
}

TEST(RunSummaryTest, HasAllKeysAndNullForWhatWasNotEvaluated) {
  const auto json = nlohmann::json::parse(SummaryJson({.steps = 3, .accuracy_before = 0.25}));
  for (const char* key : {"steps", "policy_version", "final_weights_digest", "history_digest",
                          "rollouts", "prompts_skipped", "accuracy_before", "accuracy_after",
                          "wall_seconds", "max_logp_mismatch"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["accuracy_before"], 0.25);
  EXPECT_TRUE(json["accuracy_after"].is_null());
}

}  // namespace
}  // namespace winnow::orchestrator
