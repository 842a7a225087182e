#include <gtest/gtest.h>

#include "tests/integration/job_fixture.h"

namespace winnow {
namespace {

using Json = nlohmann::json;
using testing_support::ProgramResult;
using testing_support::RunProgram;

// The contracts of `winnow bench` (docs/formats/cli.md); no figure is judged.
class BenchTest : public testing_support::JobFixture {
 protected:
  BenchTest() : JobFixture("bench") {}

  static ProgramResult Bench(std::vector<std::string> arguments) {
    std::vector<std::string> command = {WINNOW_BINARY, "bench"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command);
  }
  // The one object that the command prints, with positive numbers under `keys`.
  static Json Report(const ProgramResult& result, const std::vector<std::string>& keys) {
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const Json report = Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(report.is_object()) << result.out;
    for (const std::string& key : keys) {
      EXPECT_TRUE(report.contains(key) && report[key].is_number() && report[key] > 0)
          << key << ": " << report.dump();
    }
    return report;
  }
  static void IsMistake(const ProgramResult& result, const std::string& says) {
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_NE(result.err.find(says), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "");
  }
  std::string model() const { return folder_ + "/model"; }
};

TEST_F(BenchTest, RolloutReportsRatesOfItsPhases) {
  const Json report =
      Report(Bench({"rollout", "--model", model(), "--batch", "4", "--group", "2",
                    "--prompt-tokens", "5", "--new-tokens", "6", "--dtype", "f32", "--json"}),
             {"tokens_per_second", "total_tokens_per_second", "prefill_tokens_per_second",
              "gemm_floor_tokens_per_second", "achieved", "peak_rss_bytes"});
  EXPECT_TRUE(report["kernels"].is_string());
  EXPECT_NEAR(
      report["achieved"].get<double>() * report["gemm_floor_tokens_per_second"].get<double>(),
      report["tokens_per_second"].get<double>(), 1e-6 * report["tokens_per_second"].get<double>());
  IsMistake(Bench({"rollout", "--model", model(), "--batch", "5", "--group", "2"}),
            "--batch must be a multiple of --group 2: 5");
  IsMistake(Bench({"rollout", "--model", model(), "--prompt-tokens", "100000"}), "positions");
}

TEST_F(BenchTest, TrainSplitsAStepInItsParts) {
  for (const std::string more : {"--recompute=full", "--stream-backward-chunk=64"}) {
    Report(Bench({"train", "--model", model(), "--tokens", "32", "--sequence-length", "8",
                  "--dtype", "f32", "--json", more}),
           {"tokens_per_second", "forward_seconds", "backward_seconds", "optimizer_seconds",
            "achieved", "peak_rss_bytes", "training_bytes"});
  }
  IsMistake(Bench({"train", "--model", model(), "--tokens", "30", "--sequence-length", "8"}),
            "--tokens must be a multiple of --sequence-length 8: 30");
}

TEST_F(BenchTest, StepMeasuresAJobAndLeavesNothingBehind) {
  const Json report = Report(Bench({"step", job(), "--steps", "2", "--json"}),
                             {"seconds_per_step", "time/step_s", "time/generate_s", "time/update_s",
                              "perf/forward_ms", "perf/backward_ms", "peak_rss_bytes"});
  EXPECT_EQ(report["steps"], 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/runs"));
  IsMistake(Bench({"step", folder_ + "/none.yaml"}), "none.yaml");
}

TEST_F(BenchTest, GemmNamesKernelsShapesAndMemory) {
  const Json report =
      Report(Bench({"gemm", "--model", model(), "--rows", "2", "--dtype", "f32", "--json"}),
             {"memory_bytes_per_second"});
  ASSERT_FALSE(report["gemm"].empty());
  for (const Json& rate : report["gemm"]) {
    EXPECT_EQ(rate["rows"], 2);
    EXPECT_GT(rate["gflops"], 0);
    EXPECT_TRUE(rate["kernels"].is_string());
  }
}

TEST_F(BenchTest, TokenizerCountsBytesAndTokens) {
  const Json report =
      Report(Bench({"tokenizer", "--model", model(), "--data", folder_ + "/train.jsonl", "--json"}),
             {"bytes_per_second", "tokens_per_second"});
  EXPECT_EQ(report["texts"], 24);
  EXPECT_EQ(report["bytes"], 10 * 8 + 14 * 9);  // "prompt 0" to "prompt 23"
}

}  // namespace
}  // namespace winnow
