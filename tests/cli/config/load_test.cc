#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/config/commands.h"
#include "cli/config/config.h"
#include "tests/cli/config/job_file.h"

namespace winnow::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(LoadConfigTest, FillsInDefaultsAndDerivedValues) {
  JobFile job;
  ASSERT_TRUE(job.Load(kBasis)) << job.messages[0];
  const Config& config = job.config;
  EXPECT_EQ(config.String("run.name"), "job");
  EXPECT_EQ(config.String("run.dir"), job.folder() + "/runs/job");
  EXPECT_EQ(config.String("model.path"), job.folder() + "/m");
  EXPECT_THAT(config.List("data.train_files"), ElementsAre(job.folder() + "/t.jsonl"));
  EXPECT_EQ(config.Int("filter.gen_batch_max"), 96);
  EXPECT_EQ(config.Int("filter.gen_batch_min"), 64);
  EXPECT_EQ(config.Int("learner.ppo_mini_batch_size"), 64);
  EXPECT_EQ(config.Int("learner.sft.max_length"), 1024);
  EXPECT_EQ(config.Int("rollout.parallel.max_total_tokens"), 2048);
  EXPECT_EQ(config.Int("trainer.max_off_policy_threshold"), 0);
  EXPECT_TRUE(config.IsNull("algorithm.rollout_correction.rollout_is"));
  EXPECT_THAT(config.List("rollout.speculation.sources"), IsEmpty());
  EXPECT_EQ(config.U64("run.seed"), 1u);
  EXPECT_EQ(config.Size("rollout.speculation.history_bytes"), uint64_t{1} << 30);
  EXPECT_THAT(config.Numbers("learner.optim.betas"), ElementsAre(0.9, 0.999));
  EXPECT_EQ(config.OptionalNumber("learner.clip_ratio_c"), 3.0);
  EXPECT_EQ(config.Origin("filter.gen_batch_max"),
            "derived from ceil(1.5 x data.train_batch_size)");
  EXPECT_EQ(config.Origin("rollout.n"), "default");
  EXPECT_TRUE(config.IsGiven("model.path"));
  EXPECT_FALSE(config.IsGiven("rollout.n"));
}

TEST(LoadConfigTest, RoundsTheLargestWaveUp) {
  JobFile job;
  ASSERT_TRUE(job.Load(std::string(kBasis) + "learner: {ppo_mini_batch_size: 5}\n"
                                             "filter: {}\n") == false);
  job.sets = {"data.train_batch_size=5"};
  ASSERT_TRUE(job.Load(std::string(kBasis) + "learner: {ppo_mini_batch_size: 5}\n"));
  EXPECT_EQ(job.config.Int("filter.gen_batch_max"), 8);
  EXPECT_EQ(job.config.Int("filter.gen_batch_min"), 8);
}

TEST(LoadConfigTest, LetsTheStrongerSourceWin) {
  JobFile job;
  job.Write("base.yaml", "rollout: {n: 2, top_k: 3, temperature: 0.5, max_num_seqs: 4}\n");
  const std::string text = std::string("extends: base.yaml\n") + kBasis +
                           "rollout: {top_k: 4, temperature: 0.6, max_num_seqs: 5}\n";
  job.environment = {{"WINNOW_CFG_ROLLOUT__TEMPERATURE", "0.7"},
                     {"WINNOW_CFG_ROLLOUT__MAX_NUM_SEQS", "6"}};
  job.sets = {"rollout.max_num_seqs=7", "rollout.max_num_seqs=8"};
  ASSERT_TRUE(job.Load(text)) << job.messages[0];
  EXPECT_EQ(job.config.Int("rollout.n"), 2);
  EXPECT_EQ(job.config.Int("rollout.top_k"), 4);
  EXPECT_EQ(job.config.Number("rollout.temperature"), 0.7);
  EXPECT_EQ(job.config.Int("rollout.max_num_seqs"), 8);
  EXPECT_EQ(job.config.Origin("rollout.n"), "base.yaml:1");
  EXPECT_EQ(job.config.Origin("rollout.top_k"), "job.yaml:6");
  EXPECT_EQ(job.config.Origin("rollout.temperature"), "env WINNOW_CFG_ROLLOUT__TEMPERATURE");
  EXPECT_EQ(job.config.Origin("rollout.max_num_seqs"), "--set");
}

TEST(LoadConfigTest, MergesMapsAndReplacesListsOfTheFileExtended) {
  JobFile job;
  job.Write("sub/base.yaml",
            std::string("extends: deep.yaml\n") + kBasis + "rollout: {stop: [a, b]}\n");
  job.Write("sub/deep.yaml", "reward: {verifier: compose, weights: {x: 1, y: 2}}\n");
  job.Write("job.yaml",
            "extends: sub/base.yaml\nrollout: {stop: [c]}\n"
            "reward: {verifier: compose, weights: {y: 3, z: 4}}\n");
  ASSERT_TRUE(job.LoadNamed("job.yaml")) << job.messages[0];
  EXPECT_THAT(job.config.List("rollout.stop"), ElementsAre("c"));
  EXPECT_EQ(job.config.MapJson("reward.weights"), R"({"x":1,"y":3,"z":4})");
  EXPECT_EQ(job.config.Int("trainer.total_training_steps"), 10);
  EXPECT_EQ(job.config.Origin("trainer.total_training_steps"), "sub/base.yaml:5");
}

TEST(LoadConfigTest, RefusesCyclesAndMissingFilesOfExtends) {
  JobFile job;
  job.Write("a.yaml", "extends: b.yaml\n");
  job.Write("b.yaml", "\nextends: a.yaml\n");
  EXPECT_FALSE(job.LoadNamed("a.yaml"));
  EXPECT_THAT(job.messages,
              ElementsAre("b.yaml:2: extends must not form a cycle: a.yaml, b.yaml, a.yaml",
                          "1 mistake; nothing was started"));
  EXPECT_FALSE(job.Load("extends: none.yaml\n"));
  EXPECT_EQ(job.messages[0],
            "job.yaml:1: extends cannot be read: none.yaml (No such file or directory)");
  EXPECT_FALSE(job.LoadNamed("absent.yaml"));
  EXPECT_EQ(job.messages[0], "absent.yaml cannot be read (No such file or directory)");
  EXPECT_FALSE(job.LoadNamed("."));
  EXPECT_EQ(job.messages[0], ". cannot be read (not a regular file)");
}

TEST(LoadConfigTest, ReplacesEnvironmentVariablesInStrings) {
  JobFile job;
  job.environment = {{"ROOT", "/models"}, {"N", "4"}};
  ASSERT_TRUE(
      job.Load("model: {path: \"${ROOT}/x\", chat_template: none}\n"
               "data: {train_files: [\"${DATA:-d}/t.jsonl\"], "
               "prompt_template: 'a $${x} {prompt}'}\n"
               "reward: {verifier: exact}\ntrainer: {total_training_steps: 1}\n"
               "rollout:\n  n: ${N}\n"))
      << job.messages[0];
  EXPECT_EQ(job.config.String("model.path"), "/models/x");
  EXPECT_THAT(job.config.List("data.train_files"), ElementsAre(job.folder() + "/d/t.jsonl"));
  EXPECT_EQ(job.config.String("data.prompt_template"), "a ${x} {prompt}");
  EXPECT_EQ(job.config.Int("rollout.n"), 4);
}

TEST(LoadConfigTest, RefusesReferencesItCannotReplace) {
  JobFile job;
  EXPECT_FALSE(job.Load(std::string(kBasis) +
                        "run:\n  project: ${UNSET}\n  name: ${data.x}\n  dir: 'a${b'\n"));
  EXPECT_THAT(
      job.Mistakes(),
      ElementsAre("job.yaml:6: run.project needs an environment variable that is not set: ${UNSET}",
                  "job.yaml:7: run.name must name an environment variable in ${}, keys cannot be "
                  "referred to: ${data.x}",
                  "job.yaml:8: run.dir must close ${ with }: ${b"));
  job.environment = {{"BAD", "\xff"}};
  EXPECT_FALSE(job.Load(std::string(kBasis) + "run: {project: '${BAD}'}\n"));
  EXPECT_THAT(job.Mistakes(), ElementsAre("job.yaml:5: run.project must be UTF-8 text: ${BAD}"));
}

TEST(LoadConfigTest, RefusesUnknownNamesInEverySource) {
  JobFile job;
  job.environment = {{"WINNOW_CFG_ROLLOUT__M", "1"}, {"WINNOW_RUN_DIR", "x"}};
  job.sets = {"rolout.n=1", "rollout.n", "=3", "learner.optim.lr=\"fast\""};
  EXPECT_FALSE(job.Load(std::string(kBasis) + "lerner: {a: 1}\nfoo: 3\nextends.x: 1\n"));
  EXPECT_THAT(job.Mistakes(),
              ElementsAre("job.yaml:5: lerner is not a section: did you mean learner?",
                          "job.yaml:6: foo is not a key",
                          "job.yaml:7: extends.x must be written as nested maps, not with dots",
                          "env WINNOW_CFG_ROLLOUT__M: rollout.m is not a key: did you mean "
                          "rollout.n?",
                          "--set: rolout.n is not a key: did you mean rollout.n?",
                          "--set: must be KEY=VALUE: rollout.n", "--set: must be KEY=VALUE: =3",
                          "--set: learner.optim.lr must be a number: \"fast\""));
}

TEST(LoadConfigTest, NamesTheRightLineInEveryStyle) {
  JobFile job;
  const std::string text =
      "model: {path: m,\n"
      "        dtype: f32}\n"
      "data:\n"
      "  train_files:\n"
      "    - t.jsonl\n"
      "  train_batch_size: &size 16\n"
      "reward:\n"
      "  verifier: exact\n"
      "learner: &l\n"
      "  ppo_mini_batch_size: *size\n"
      "  optim: {lr: 1e-5,\n"
      "    eps: 1e-7}\n"
      "trainer: {total_training_steps: 1}\n";
  const auto expect = [&](const std::string& bytes) {
    ASSERT_TRUE(job.Load(bytes)) << job.messages[0];
    EXPECT_EQ(job.config.Origin("model.path"), "job.yaml:1");
    EXPECT_EQ(job.config.Origin("model.dtype"), "job.yaml:2");
    EXPECT_EQ(job.config.Origin("data.train_files"), "job.yaml:4");
    EXPECT_EQ(job.config.Origin("learner.ppo_mini_batch_size"), "job.yaml:10");
    EXPECT_EQ(job.config.Origin("learner.optim.lr"), "job.yaml:11");
    EXPECT_EQ(job.config.Origin("learner.optim.eps"), "job.yaml:12");
    EXPECT_EQ(job.config.Int("learner.ppo_mini_batch_size"), 16);
  };
  expect(text);
  expect("\xEF\xBB\xBF" + text);
  std::string crlf;
  for (const char c : text) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  expect(crlf);
}

TEST(LoadConfigTest, ShowsTheFirstTwentyMistakes) {
  JobFile job;
  std::string text = kBasis;
  text += "rollout:\n";
  for (int i = 0; i < 30; ++i) text += "  zzzzzz" + std::to_string(i) + ": 1\n";
  EXPECT_FALSE(job.Load(text));
  ASSERT_EQ(job.messages.size(), 21u);
  EXPECT_EQ(job.messages[19], "job.yaml:25: rollout.zzzzzz19 is not a key");
  EXPECT_EQ(job.messages[20], "30 mistakes; nothing was started");
}

TEST(LoadConfigTest, SaysNothingMisleadingOfABrokenKey) {
  JobFile job;
  EXPECT_FALSE(job.Load(std::string(kBasis) + "learner: {ppo_mini_batch_size: 5}\nrun: {mode: a}\n"
                                              "filter: {gen_batch_min: 90}\n"));
  EXPECT_THAT(job.Mistakes(),
              ElementsAre("job.yaml:5: learner.ppo_mini_batch_size must divide "
                          "data.train_batch_size (default): 5, 64",
                          "job.yaml:6: run.mode must be one of sync, async: \"a\""));
  job.sets = {"data.train_batch_size=many"};
  EXPECT_FALSE(job.Load(std::string(kBasis) + "learner: {ppo_mini_batch_size: 5}\n"
                                              "filter: {gen_batch_min: 128}\n"));
  EXPECT_THAT(job.Mistakes(),
              ElementsAre("--set: data.train_batch_size must be an integer: \"many\""));
}

TEST(LoadConfigTest, RequiresWhatTheCommandNeeds) {
  JobFile job;
  EXPECT_FALSE(job.Load("run: {name: a}\n\nmodel: {dtype: f32}\n"));
  EXPECT_THAT(job.Mistakes(),
              ElementsAre("job.yaml:1: data.train_files must be given",
                          "job.yaml:1: trainer.total_training_steps or trainer.total_epochs must "
                          "be given",
                          "job.yaml:1: reward.verifier, custom_reward_function, url or command "
                          "must be given",
                          "job.yaml:3: model.path must be given"));
  const std::string model = "model: {path: m}\n";
  EXPECT_TRUE(job.Load(model, Purpose::kGenerate));
  EXPECT_TRUE(job.Load("", Purpose::kShow));
  EXPECT_TRUE(
      job.Load(model + "data: {train_files: [x]}\ntrainer: {total_epochs: 1}\n", Purpose::kSft));
  EXPECT_TRUE(
      job.Load(model + "data: {val_files: [x]}\nreward: {verifier: exact}\n", Purpose::kEval));
  EXPECT_FALSE(job.Load(model, Purpose::kEval));
  EXPECT_THAT(job.Mistakes(), Contains("job.yaml:1: data.val_files must be given to evaluate on"));
}

TEST(LoadConfigTest, LooksWhetherFilesAreThere) {
  JobFile job;
  job.check_files = true;
  job.Write("file", "");
  EXPECT_FALSE(job.Load(kBasis));
  EXPECT_THAT(job.Mistakes(),
              ElementsAre("job.yaml:1: model.path cannot be read: m (No such file or directory)",
                          "job.yaml:2: data.train_files cannot be read: t.jsonl (No such file or "
                          "directory)"));
  job.sets = {"model.path=file", "data.train_files=[file]"};
  EXPECT_FALSE(job.Load(kBasis));
  EXPECT_THAT(job.Mistakes(),
              ElementsAre("--set: model.path cannot be read: file (Not a directory)"));
  job.Write("m/config.json", "{}");
  job.sets = {"data.train_files=[file]"};
  EXPECT_TRUE(job.Load(kBasis)) << job.messages[0];
}

TEST(LoadConfigTest, ReportsSyntaxAlone) {
  JobFile job;
  EXPECT_FALSE(job.Load("run: {name: a\nmodel: {path: b}\n"));
  ASSERT_EQ(job.messages.size(), 2u);
  EXPECT_THAT(job.messages[0], testing::StartsWith("job.yaml:2: YAML cannot be read at column "));
  EXPECT_FALSE(job.Load(std::string(kBasis) + "rollout: {n: 2}\nrollout: {n: 3}\n"));
  EXPECT_THAT(job.Mistakes(), ElementsAre("job.yaml:6: rollout is given twice (line 5): keep one"));
}

}  // namespace
}  // namespace winnow::cli
