// T2: every case of every file of tests/golden/losses and $WINNOW_GOLDEN_DIR/losses, at the
// tolerances of the README there.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "gmock/gmock.h"
#include "tests/learner/golden_case.h"

namespace winnow::learner {
namespace {

const std::map<std::string, GoldenChecker>& Checkers() {
  static const std::map<std::string, GoldenChecker> checkers = {
      {"advantage", CheckAdvantage},
      {"aggregate", CheckAggregate},
      {"policy_loss", CheckPolicyLoss},
      {"total_loss", CheckTotalLoss},
      {"micro_batch", CheckMicroBatch},
      {"kl", CheckKl},
      {"kl_in_reward", CheckKlInReward},
      {"rollout_correction", CheckRolloutCorrection},
      {"overlong", CheckOverlong},
      {"head", CheckHead},
      {"adamw", CheckAdamW},
      {"lr_schedule", CheckLrSchedule},
  };
  return checkers;
}

struct GoldenCounts {
  size_t files = 0, cases = 0, variants = 0;
};

void CheckFile(const std::filesystem::path& path, GoldenCounts* counts) {
  std::ifstream in(path);
  const Json file = Json::parse(in);
  ASSERT_EQ(file.at("format"), "winnow-golden-losses/1") << path;
  const std::string family = file.at("family").get<std::string>();
  const auto checker = Checkers().find(family);
  ASSERT_NE(checker, Checkers().end()) << path << ": unknown family " << family;
  ASSERT_FALSE(file.at("cases").empty()) << path;
  ++counts->files;
  for (const Json& golden_case : file.at("cases")) {
    ++counts->cases;
    for (const Json& variant : golden_case.at("variants")) {
      SCOPED_TRACE(path.filename().string() + ": " + golden_case.at("name").get<std::string>() +
                   ": " + variant.at("params").dump());
      ++counts->variants;
      GoldenParams params(variant.at("params"));
      checker->second(golden_case.at("inputs"), params, variant.at("expect"));
      EXPECT_THAT(params.Unread(), ::testing::IsEmpty()) << "unknown params";
    }
  }
}

void CheckFolder(const std::filesystem::path& folder) {
  GoldenCounts counts;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") CheckFile(entry.path(), &counts);
  }
  EXPECT_GT(counts.files, 0u) << "no golden file in " << folder;
  std::printf("golden losses: %zu files, %zu cases, %zu variants checked in %s\n", counts.files,
              counts.cases, counts.variants, folder.c_str());
}

TEST(GoldenLossesTest, EveryCommittedFileIsReproduced) {
  CheckFolder(std::filesystem::path(WINNOW_SOURCE_DIR) / "tests/golden/losses");
}

TEST(GoldenLossesTest, EveryFileOfTheGivenFolderIsReproduced) {
  const char* root = std::getenv("WINNOW_GOLDEN_DIR");
  if (root == nullptr || !std::filesystem::exists(std::filesystem::path(root) / "losses")) {
    std::printf("WINNOW_GOLDEN_DIR has no folder losses: nothing more to check\n");
    return;
  }
  CheckFolder(std::filesystem::path(root) / "losses");
}

}  // namespace
}  // namespace winnow::learner
