// Training with verifiers of the user that hang and crash (verifiers.md §9).
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/integration/job_fixture.h"

namespace winnow {
namespace {

using testing_support::ProgramResult;
using testing_support::RunProgram;

class VerifierFaultsTest : public testing_support::JobFixture {
 protected:
  VerifierFaultsTest() : JobFixture("verifier_faults") {}

  // A job whose rewards come from `body` of `def reward(sample)` in user.py.
  void WriteFunctionJob(const std::string& body) {
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/user.py",
                                    "import hashlib, os, re, time\n\ndef reward(sample):\n" + body +
                                        "    right = bool(re.search('[a-m]', sample.response))\n"
                                        "    return {'reward': float(right), 'length': "
                                        "len(sample.response)}\n")
                    .ok());
    std::string text = kJob;
    const std::string own = "{verifier: regex, pattern: \"[a-m]\"}";
    text.replace(text.find(own), own.size(),
                 "{custom_reward_function: {path: ${DIR}/user.py, name: reward}, min: 0, max: 1, "
                 "timeout_s: 5, num_workers: 2}");
    text.replace(text.find("total_training_steps: 20"), 24, "total_training_steps: 6");
    WriteJob(text);
  }
  nlohmann::json Train(const std::string& run, const std::vector<std::string>& more = {}) {
    const ProgramResult result = RunProgram(Command("train", run, more));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Summary(run);
  }
  // No process may be left that runs in the folder of user.py.
  void ExpectNoOrphan() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::error_code error;
      const auto cwd = std::filesystem::read_symlink(entry.path() / "cwd", error);
      EXPECT_FALSE(!error && cwd == folder_) << entry.path();
    }
  }
};

TEST_F(VerifierFaultsTest, AFunctionTrainsLikeTheBuiltInOfTheSameRule) {
  std::string text = kJob;
  text.replace(text.find("total_training_steps: 20"), 24, "total_training_steps: 6");
  WriteJob(text);
  const nlohmann::json want = Train("builtin");
  WriteFunctionJob("");
  const nlohmann::json got = Train("function");
  EXPECT_EQ(got["final_weights_digest"], want["final_weights_digest"]);
  EXPECT_EQ(got["history_digest"], want["history_digest"]);
  const std::string metrics = ReadFile(folder_ + "/function/metrics.jsonl").value();
  for (const char* name : {"\"reward/part/length\":", "\"reward/mean\":", "\"reward/retries\":"}) {
    EXPECT_NE(metrics.find(name), std::string::npos) << name;
  }
  ExpectNoOrphan();
}

// (a) Only first attempts fail: bits of weights and history are those without faults.
TEST_F(VerifierFaultsTest, FirstAttemptsThatHangOrCrashChangeNothing) {
  WriteFunctionJob("");
  const nlohmann::json want = Train("good");
  WriteFunctionJob(R"(    key = '%s %d %s' % (sample.prompt_id, sample.index, sample.response)
    digest = hashlib.sha256(key.encode()).hexdigest()
    mark = 'tried_' + digest
    if int(digest[:4], 16) % 20 < 2 and not os.path.exists(mark):
        open(mark, 'w').close()
        if int(digest[:4], 16) % 20 == 0:
            time.sleep(100)
        os._exit(0)
)");
  const nlohmann::json got = Train("faults", {"--set", "reward.timeout_s=0.4"});
  size_t faults = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    faults += entry.path().filename().string().starts_with("tried_") ? 1 : 0;
  }
  EXPECT_GT(faults, 0u);
  EXPECT_EQ(got["final_weights_digest"], want["final_weights_digest"]);
  EXPECT_EQ(got["history_digest"], want["history_digest"]);
  EXPECT_EQ(got["rollouts"], want["rollouts"]);
  ExpectNoOrphan();
}

// (e) Everything fails: no training step, exit 75.
TEST_F(VerifierFaultsTest, AVerifierThatAlwaysFailsTrainsNothing) {
  WriteFunctionJob("    os._exit(0)\n");
  const ProgramResult result =
      RunProgram(Command("train", "run",
                         {"--set", "reward.retries=0", "--set", "trainer.val_before_train=false",
                          "--set", "reward.pause_limit_s=0"}));
  EXPECT_EQ(result.exit_code, 75) << result.err;
  EXPECT_NE(result.err.find("reward.max_unknown_fraction"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("the worker ended without an answer: exit code 0"), std::string::npos)
      << result.err;
  EXPECT_EQ(MetricLines("run"), 0u);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/run/summary.json"));
  ExpectNoOrphan();
}

TEST_F(VerifierFaultsTest, AMistakeInTheUsersFileStopsBeforeTheRun) {
  WriteFunctionJob("    return (1\n");
  const ProgramResult result = RunProgram(Command("train", "run"));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("user.py:4: SyntaxError"), std::string::npos) << result.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/run/metrics.jsonl"));
}

}  // namespace
}  // namespace winnow
