#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "tests/integration/job_fixture.h"

namespace winnow {
namespace {

using testing_support::KillProgramWhen;
using testing_support::ProgramResult;
using testing_support::RunProgram;

class TrainTest : public testing_support::JobFixture {
 protected:
  TrainTest() : JobFixture("train") {}

  bool HasCheckpoint(const std::string& run, const std::string& part) const {
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_ + "/" + run + "/checkpoints", error)) {
      if (entry.path().filename().string().find(part) != std::string::npos) return true;
    }
    return false;
  }
  void ExpectSameEnd(const std::string& run, const nlohmann::json& want) {
    const nlohmann::json got = Summary(run);
    for (const char* key : {"final_weights_digest", "history_digest", "steps", "policy_version",
                            "rollouts", "prompts_skipped", "accuracy_before", "accuracy_after"}) {
      EXPECT_EQ(got[key], want[key]) << run << ": " << key;
    }
  }
};

TEST_F(TrainTest, ImprovesCommitsAndExports) {
  const ProgramResult result = RunProgram(Command("train", "run"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json summary = Summary("run");
  EXPECT_EQ(summary["steps"], 20);
  EXPECT_EQ(summary["policy_version"], 20);
  EXPECT_EQ(summary["max_logp_mismatch"], 0.0);
  EXPECT_GT(summary["rollouts"], 20 * 3 * 4);
  EXPECT_TRUE(summary["accuracy_after"].is_number());
  for (const char* name : {"export/model.safetensors", "export/tokenizer.json",
                           "config.resolved.yaml", "metrics.jsonl", "events.log"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/run/" + name)) << name;
  }
  const ProgramResult verify =
      RunProgram({WINNOW_BINARY, "history", "verify", "--run", folder_ + "/run", "--json"});
  EXPECT_EQ(verify.exit_code, 0) << verify.err;
  // A complete run is left alone.
  const ProgramResult again = RunProgram(Command("train", "run"));
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_NE(again.err.find("nothing was changed"), std::string::npos) << again.err;
}

// Killed at any instant and started again, a run ends with the bits of an uninterrupted one.
TEST_F(TrainTest, AKilledRunEndsWithTheSameBits) {
  ASSERT_EQ(RunProgram(Command("train", "whole")).exit_code, 0);
  const nlohmann::json want = Summary("whole");
  struct Instant {
    std::string name;
    std::function<bool(const std::string& run)> is_now;
  };
  const auto lines = [this](size_t count) {
    return [this, count](const std::string& run) { return MetricLines(run) >= count; };
  };
  const auto part = [this](const std::string& text) {
    return [this, text](const std::string& run) { return HasCheckpoint(run, text); };
  };
  const std::vector<Instant> instants = {
      {"before_the_first_step",
       [this](const std::string& run) {
         return std::filesystem::exists(folder_ + "/" + run + "/config.resolved.yaml");
       }},
      {"before_the_first_checkpoint", lines(3)},
      {"inside_a_checkpoint", part(".tmp-")},
      {"after_a_checkpoint", part("step_00000004")},
      {"between_checkpoints", lines(9)},
      {"inside_the_last_checkpoint", part("step_00000020.tmp-")},
      {"before_the_summary", part("step_00000020")}};
  int killed = 0;
  for (const Instant& instant : instants) {
    const std::string& run = instant.name;
    killed += KillProgramWhen(Command("train", run), [&] { return instant.is_now(run); }) ? 1 : 0;
    const ProgramResult resumed = RunProgram(Command("train", run));
    ASSERT_EQ(resumed.exit_code, 0) << run << ": " << resumed.err;
    EXPECT_EQ(resumed.err.find("came out differently"), std::string::npos) << resumed.err;
    ExpectSameEnd(run, want);
  }
  EXPECT_GE(killed, 5);
  // One run that is killed again and again.
  for (size_t count = 2; count < 20; count += 3) {
    KillProgramWhen(Command("train", "often"), [&] { return MetricLines("often") >= count; });
  }
  ASSERT_EQ(RunProgram(Command("train", "often")).exit_code, 0);
  ExpectSameEnd("often", want);
}

TEST_F(TrainTest, ThreadsChunksAndMicroBatchesLeaveTheBitsAlone) {
  ASSERT_EQ(
      RunProgram(Command("train", "a", {"--set", "trainer.total_training_steps=6"})).exit_code, 0);
  const ProgramResult other = RunProgram(
      Command("train", "b",
              {"--set", "trainer.total_training_steps=6", "--set", "run.threads=3", "--set",
               "rollout.max_num_seqs=2", "--set", "rollout.max_num_batched_tokens=5", "--set",
               "learner.ppo_max_token_len_per_gpu=32", "--set", "learner.recompute=full", "--set",
               "rollout.enable_prefix_caching=false", "--set",
               "rollout.kv_cache_bytes=12KiB"}));  // three pages
  ASSERT_EQ(other.exit_code, 0) << other.err;
  ExpectSameEnd("b", Summary("a"));
}

// A log-prob that differs from the rollout's would end the run.
TEST_F(TrainTest, SharedPromptsAndStreamedPassesTrainOnPolicy) {
  for (const char* budget : {"1024", "20"}) {
    const ProgramResult result = RunProgram(
        Command("train", std::string("budget_") + budget,
                {"--set", "trainer.total_training_steps=3", "--set", "learner.share_prompt=true",
                 "--set", "learner.stream_backward_chunk=64", "--set",
                 std::string("learner.ppo_max_token_len_per_gpu=") + budget}));
    EXPECT_EQ(result.exit_code, 0) << result.err;
  }
}

TEST_F(TrainTest, ASignalSavesAndTheRunGoesOn) {
  ASSERT_EQ(RunProgram(Command("train", "whole")).exit_code, 0);
  const std::string script = "\"$@\" & child=$!; while [ \"$(cat " + folder_ +
                             "/run/metrics.jsonl 2>/dev/null | wc -l)\" -lt 3 ]; do :; done; "
                             "kill -TERM $child; wait $child";
  std::vector<std::string> arguments = {"/bin/sh", "-c", script, "sh"};
  for (const std::string& argument : Command("train", "run")) arguments.push_back(argument);
  const ProgramResult stopped = RunProgram(arguments);
  if (stopped.exit_code != 0) {  // 0: the run was faster than the signal
    EXPECT_EQ(stopped.exit_code, 75) << stopped.err;
    EXPECT_NE(stopped.err.find("start again to go on"), std::string::npos) << stopped.err;
  }
  ASSERT_EQ(RunProgram(Command("train", "run")).exit_code, 0);
  ExpectSameEnd("run", Summary("whole"));
}

TEST_F(TrainTest, HistoryIsReadableWhileTheRunWrites) {
  size_t answers = 0;
  KillProgramWhen(Command("train", "run"), [&] {
    if (MetricLines("run") < 2) return false;
    const ProgramResult summary =
        RunProgram({WINNOW_BINARY, "history", "summary", "--run", folder_ + "/run", "--json"});
    EXPECT_EQ(summary.exit_code, 0) << summary.err;
    EXPECT_TRUE(nlohmann::json::parse(summary.out).is_object());
    return ++answers == 3;
  });
  EXPECT_GE(answers, 1u);
}

TEST_F(TrainTest, EveryFilterTrains) {
  const std::vector<std::vector<std::string>> filters = {
      {"filter.type=none"},
      {"filter.type=dynamic_sampling"},
      {"filter.type=band", "filter.band_low=0.1", "filter.band_high=0.9"},
      {"filter.type=random_skip", "filter.skip_rate=0.3"},
      {"filter.type=mopps", "filter.mopps.candidate_factor=2"},
      {"filter.type=greso", "filter.mode=reference", "rollout.n=8", "filter.dl_batch=8",
       "filter.gen_batch_max=8", "filter.n_gpus=1"}};
  for (size_t i = 0; i < filters.size(); ++i) {
    std::vector<std::string> more = {"--set", "trainer.total_training_steps=4"};
    for (const std::string& set : filters[i]) {
      more.push_back("--set");
      more.push_back(set);
    }
    const std::string run = "filter" + std::to_string(i);
    const ProgramResult result = RunProgram(Command("train", run, more));
    EXPECT_EQ(result.exit_code, 0) << filters[i][0] << ": " << result.err;
    if (result.exit_code == 0) {
      EXPECT_EQ(Summary(run)["max_logp_mismatch"], 0.0);
    }
  }
}

TEST_F(TrainTest, LoraTrainsAndExportsAnAdapter) {
  const ProgramResult result =
      RunProgram(Command("train", "run",
                         {"--set", "trainer.total_training_steps=3", "--set", "model.lora_rank=2",
                          "--set", "trainer.export=adapter"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/run/export/adapter_model.safetensors"));
  EXPECT_EQ(Summary("run")["max_logp_mismatch"], 0.0);
}

TEST_F(TrainTest, KlToTheReferenceTrains) {
  for (const std::string set : {"learner.use_kl_loss=true", "algorithm.use_kl_in_reward=true"}) {
    const ProgramResult result = RunProgram(
        Command("train", set, {"--set", "trainer.total_training_steps=3", "--set", set}));
    EXPECT_EQ(result.exit_code, 0) << set << ": " << result.err;
  }
}

}  // namespace
}  // namespace winnow
