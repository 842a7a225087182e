#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/integration/job_fixture.h"

namespace winnow {
namespace {

using testing_support::ProgramResult;
using testing_support::RunProgram;

// A user's mistake is one line, exit code 2, and nothing is lost.
class MistakesTest : public testing_support::JobFixture {
 protected:
  MistakesTest() : JobFixture("mistakes") {}

  void ExpectMistake(const std::vector<std::string>& arguments, const std::string& message) {
    const ProgramResult result = RunProgram(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_NE(result.err.find(message), std::string::npos)
        << "wanted: " << message << "\ngot:    " << result.err;
    EXPECT_EQ(result.err.find("check failed"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/run/metrics.jsonl"));
  }
  std::vector<std::string> Train(std::vector<std::string> more = {}) const {
    return Command("train", "run", std::move(more));
  }
  std::string Job(const std::string& from, const std::string& to) const {
    std::string text = kJob;
    text.replace(text.find(from), from.size(), to);
    return text;
  }
};

TEST_F(MistakesTest, MissingModelFile) {
  std::filesystem::remove(folder_ + "/model/model.safetensors");
  ExpectMistake(Train(),
                folder_ + "/model: must hold model.safetensors or model.safetensors.index.json");
}

TEST_F(MistakesTest, TruncatedSafetensors) {
  const std::string file = folder_ + "/model/model.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 100);
  ExpectMistake(Train(),
                file + ": must have 107264 bytes of tensor data, as its header says: 107164");
}

TEST_F(MistakesTest, WrongShape) {
  const std::string file = folder_ + "/model/config.json";
  auto config = nlohmann::ordered_json::parse(*ReadFile(file));
  config["intermediate_size"] = 65;
  ASSERT_TRUE(WriteFileAtomically(file, config.dump()).ok());
  ExpectMistake(Train(), "model.layers.0.mlp.");
}

TEST_F(MistakesTest, UnknownKeyWithASuggestion) {
  WriteJob(Job("save_freq: 4", "save_frq: 4"));
  ExpectMistake(Train(),
                job() + ":13: trainer.save_frq is not a key: did you mean trainer.save_freq?");
}

TEST_F(MistakesTest, BadRange) {
  ExpectMistake(Train({"--set", "rollout.temperature=-0.7"}),
                "--set: rollout.temperature must be positive: -0.7");
}

TEST_F(MistakesTest, CodeInALanguageThatIsNotThere) {
  WriteJob(Job("verifier: regex, pattern: \"[a-m]\"", "verifier: code, language: cobol-85"));
  ExpectMistake(Train(),
                job() +
                    ":11: reward.language must be python, cpp, or a command whose program is in "
                    "/usr: \"cobol-85\"");
}

TEST_F(MistakesTest, ACacheThatCannotHoldTheLongestSequence) {
  ExpectMistake(Train({"--set", "rollout.kv_cache_bytes=1KiB"}),
                "rollout.kv_cache_bytes must hold one sequence of 22 tokens, which needs ");
}

TEST_F(MistakesTest, NotBuiltYet) {
  ExpectMistake(Train({"--set", "run.mode=async"}), "is not built yet");
}

TEST_F(MistakesTest, PromptWithoutTheAnswerKey) {
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/train.jsonl", "{\"prompt\":\"x\"}\n").ok());
  WriteJob(Job("verifier: regex, pattern: \"[a-m]\"", "verifier: numeric"));
  ExpectMistake(Train(), folder_ +
                             "/train.jsonl:1: data.answer_key must name a column of each "
                             "row: \"answer\"");
}

TEST_F(MistakesTest, ALineThatIsNotJson) {
  std::ofstream(folder_ + "/train.jsonl", std::ios::app) << "{\"prompt\": \n";
  ExpectMistake(Train(), folder_ + "/train.jsonl:25: a line must be a JSON object: {\"prompt\": ");
}

TEST_F(MistakesTest, AVerifierThatDoesNotExist) {
  WriteJob(Job("verifier: regex, pattern: \"[a-m]\"", "verifier: numreic"));
  const ProgramResult result = RunProgram(Train());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("reward.verifier must be one of "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("\"numreic\"; did you mean numeric?"), std::string::npos) << result.err;
}

TEST_F(MistakesTest, ARunFolderInUse) {
  std::filesystem::create_directories(folder_ + "/run");
  const auto lock = FileLock::Acquire(folder_ + "/run/lock");
  ASSERT_TRUE(lock.ok());
  ExpectMistake(Train(), "run.dir is in use by another process: " + folder_ + "/run");
}

TEST_F(MistakesTest, AChangedKeyOnResume) {
  ASSERT_EQ(RunProgram(Train({"--set", "trainer.total_training_steps=4"})).exit_code, 0);
  const ProgramResult changed = RunProgram(Train({"--set", "learner.optim.lr=0.5"}));
  EXPECT_EQ(changed.exit_code, 2) << changed.err;
  EXPECT_NE(changed.err.find("learner.optim.lr"), std::string::npos) << changed.err;
  EXPECT_NE(changed.err.find("--accept-changed"), std::string::npos) << changed.err;
  // More steps are no change of results: the run goes on.
  const ProgramResult longer = RunProgram(Train({"--set", "trainer.total_training_steps=6"}));
  EXPECT_EQ(longer.exit_code, 0) << longer.err;
  EXPECT_EQ(Summary("run")["steps"], 6);
}

TEST_F(MistakesTest, ADryRunCreatesNothing) {
  const ProgramResult result = RunProgram(Train({"--dry-run"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("3 groups x 4 samples = 12 sequences"), std::string::npos)
      << result.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/run"));
  // Weights are looked at too, by their headers; a run's history is opened without its lock.
  ASSERT_EQ(RunProgram(Train({"--set", "trainer.total_training_steps=2"})).exit_code, 0);
  const ProgramResult again = RunProgram(Train({"--dry-run"}));
  EXPECT_NE(again.err.find("the run folder has a history up to step 2"), std::string::npos)
      << again.err;
  std::filesystem::remove(folder_ + "/model/model.safetensors");
  EXPECT_EQ(RunProgram(Train({"--dry-run"})).exit_code, 2);
}

TEST_F(MistakesTest, CommandLinesThatMakeNoSense) {
  EXPECT_EQ(RunProgram({WINNOW_BINARY}).exit_code, 2);
  EXPECT_EQ(RunProgram({WINNOW_BINARY, "trian"}).exit_code, 2);
  EXPECT_EQ(RunProgram({WINNOW_BINARY, "train"}).exit_code, 2);
  EXPECT_EQ(RunProgram({WINNOW_BINARY, "--help"}).exit_code, 0);
  EXPECT_EQ(RunProgram({WINNOW_BINARY, "history", "summary", "--run", "/nowhere"}).exit_code, 2);
}

}  // namespace
}  // namespace winnow
