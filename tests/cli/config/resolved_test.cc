// What is written reads back equal; the texts of `winnow config`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/config/commands.h"
#include "cli/config/keys.h"
#include "tests/cli/config/job_file.h"

namespace winnow::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kRichJob =
    "run: {name: rich, seed: 18446744073709551615, dir: out/x}\n"
    "model: {path: m, lora_rank: 8, target_modules: [q_proj, 'k proj'], chat_template: t.jinja}\n"
    "data:\n"
    "  train_files: [a.jsonl, \"b c.jsonl\"]\n"
    "  prompt_template: \"Solve:\\n{prompt}\\t\\\"now\\\" $${x} \xC3\xA9\"\n"
    "  system_prompt: 'null'\n"
    "reward: {verifier: compose, weights: {math: 1, format: 0.25, 'odd key': -1}, no_answer: "
    "invalid,\n"
    "  reward_kwargs: {deep: {list: [1, true, 'true', null, text]}, '8': 9}}\n"
    "rollout: {kv_cache_bytes: 3GiB, stop: ['\\n', '###', ''], n: 4}\n"
    "learner: {optim: {betas: [0.9, 0.95], clip_grad: null, lr: 3.5e-5}, clip_ratio_c: null}\n"
    "trainer: {total_training_steps: 3}\n";

TEST(ToResolvedYamlTest, ReadsBackEqual) {
  JobFile job;
  ASSERT_TRUE(job.Load(kRichJob)) << job.messages[0];
  const Config first = job.config.WithDerived("model.dtype", "f32", "this hardware")
                           .WithDerived("reward.min", "-1", "the verifier's range")
                           .WithCreationTime(1786000000);
  const std::string text = first.ToResolvedYaml();
  job.Write("elsewhere/config.resolved.yaml", text);
  ASSERT_TRUE(job.LoadNamed("elsewhere/config.resolved.yaml")) << job.messages[0];
  EXPECT_EQ(job.config.ToResolvedYaml(), text);
  EXPECT_EQ(DiffConfigs(first, job.config), "");
  EXPECT_EQ(job.config.creation_time(), 1786000000);
  EXPECT_THAT(job.notices, testing::IsEmpty());
  EXPECT_EQ(job.config.String("data.system_prompt"), "null");
  EXPECT_EQ(job.config.String("data.prompt_template"), "Solve:\n{prompt}\t\"now\" ${x} \xC3\xA9");
  EXPECT_EQ(job.config.MapJson("reward.reward_kwargs"),
            R"({"deep":{"list":[1,true,"true",null,"text"]},"8":9})");
  EXPECT_EQ(job.config.Number("reward.min"), -1.0);
  EXPECT_THAT(text, testing::Not(HasSubstr("auto_")));
}

TEST(ToResolvedYamlTest, ReadsBackEqualForEachChangedKey) {
  // One file per key that differs from its default, where no other key is needed.
  const std::pair<const char*, const char*> kValues[] = {
      {"data.val_files", "[v]"},  {"model.ref_path", "r"},
      {"rollout.top_k", "-1"},    {"placement.n_gpus_per_node", "4"},
      {"reward.min_scored", "3"}, {"filter.target_zero_variance", "0.375"},
      {"metrics.logger", "[]"},   {"run.threads", "3"},
      {"data.id_key", "a.b"},     {"rollout.speculation.history_bytes", "7"}};
  for (const auto& [key, value] : kValues) {
    JobFile job;
    job.sets = {std::string(key) + "=" + value};
    ASSERT_TRUE(job.Load(kBasis)) << key << job.messages[0];
    EXPECT_THAT(job.config.Changed(), testing::Contains(key));
    const std::string text = job.config.ToResolvedYaml();
    job.sets.clear();
    ASSERT_TRUE(job.Load(text)) << key << job.messages[0];
    EXPECT_EQ(job.config.ToResolvedYaml(), text) << key;
  }
}

TEST(ToResolvedYamlTest, HoldsEveryKeyOnce) {
  JobFile job;
  ASSERT_TRUE(job.Load(kBasis));
  const std::string text = job.config.ToResolvedYaml();
  JobFile again;
  ASSERT_TRUE(again.Load(text));
  for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
    EXPECT_THAT(again.config.Origin(key.name), testing::StartsWith("job.yaml:")) << key.name;
  }
}

TEST(ConfigTest, ListsWhatChanged) {
  JobFile job;
  ASSERT_TRUE(job.Load(std::string(kBasis) + "rollout: {n: 4, top_p: 1}\n"));
  EXPECT_THAT(job.config.Changed(), ElementsAre("model.path", "data.train_files", "rollout.n",
                                                "reward.verifier", "trainer.total_training_steps"));
}

// The options with which the verifier is made.
std::map<std::string, std::string> OptionsOf(const std::string& reward) {
  JobFile job;
  EXPECT_TRUE(
      job.Load("model: {path: m}\ndata: {train_files: [t]}\ntrainer: {total_epochs: 1}\n"
               "reward: " +
               reward + "\n"))
      << job.messages[0];
  return job.config.VerifierOptions();
}

using Options = std::map<std::string, std::string>;

TEST(ConfigTest, HandsItsOwnOptionsToTheVerifier) {
  EXPECT_EQ(OptionsOf("{verifier: numeric, extract: last_number, abs: 0.5}"),
            (Options{{"abs", "0.5"}, {"extract", "last_number"}}));
  EXPECT_EQ(
      OptionsOf("{verifier: math, rel: 1e-3, percent: value}"),
      (Options{{"rel", "0.001"}, {"percent", "value"}, {"units", "ignore"}, {"ordered", "false"}}));
  EXPECT_EQ(OptionsOf("{verifier: number_list, no_answer: invalid}"),
            (Options{{"no_answer", "invalid"}}));
  EXPECT_EQ(OptionsOf("{verifier: code, cpu_s: 2, memory_mb: 256, language: cpp}"),
            (Options{{"cpu_s", "2.0"},
                     {"memory_mb", "256"},
                     {"language", "cpp"},
                     {"max_tests", "64"},
                     {"partial", "false"}}));
  EXPECT_FALSE(OptionsOf("{verifier: code}").contains("memory_mb"));
  EXPECT_EQ(OptionsOf("{verifier: overlong, overlong_buffer: {len: 64}}"),
            (Options{{"count", "total"},
                     {"max_response_length", "512"},
                     {"overlong_buffer.len", "64"},
                     {"overlong_buffer.penalty_factor", "1.0"}}));
}

TEST(ConfigTest, HandsTheOptionsOfItsPartsToCompose) {
  const Options options = OptionsOf(
      "{verifier: compose, weights: {exact: 1, strict: 0.5}, gate: [format], tags: [think], "
      "parts: {strict: {verifier: numeric, abs: 2}}, ignore_case: true, thinking: open}");
  EXPECT_EQ(options, (Options{{"thinking", "open"},
                              {"weights", R"({"exact":1,"strict":0.5})"},
                              {"gate", R"(["format"])"},
                              {"floor", "0.0"},
                              {"combine", "sum"},
                              {"by", "none"},
                              {"routes", "{}"},
                              {"exact.ignore_case", "true"},
                              {"strict.verifier", "numeric"},
                              {"strict.abs", "2"},
                              {"format.tags", R"(["think"])"},
                              {"format.min_length", "0"},
                              {"format.max_length", "1048576"}}));
}

TEST(ConfigDeathTest, ChecksNamesAndTypes) {
  EXPECT_DEATH(Config().Int("rollout.m"), "the key is declared");
  EXPECT_DEATH(Config().Bool("rollout.n"), "the key is read by its type");
  EXPECT_DEATH(Config().String("model.path"), "the key is not null");
  EXPECT_DEATH(Config().WithDerived("rollout.n", "0", "x"), "");
}

TEST(ShowConfigTest, PrintsOriginsAndChanges) {
  JobFile job;
  job.sets = {"run.seed=3"};
  ASSERT_TRUE(job.Load(std::string(kBasis) + "num_generations: 4\n"));
  EXPECT_EQ(ShowConfig(job.config, {.origin = true, .changed = true}),
            "run.seed: 3  # --set\n"
            "model.path: " +
                job.folder() +
                "/m  # job.yaml:1\n"
                "data.train_files: [" +
                job.folder() +
                "/t.jsonl]  # job.yaml:2\n"
                "rollout.n: 4  # alias num_generations (job.yaml:5)\n"
                "reward.verifier: exact  # job.yaml:3\n"
                "trainer.total_training_steps: 10  # job.yaml:4\n");
  EXPECT_EQ(ShowConfig(job.config, {}), job.config.ToResolvedYaml());
  EXPECT_THAT(ShowConfig(job.config, {.origin = true}),
              HasSubstr("filter.gen_batch_max: 96  # derived from ceil(1.5 x "
                        "data.train_batch_size)\n"));
  EXPECT_THAT(ShowConfig(job.config, {.changed = true, .json = true}), HasSubstr("\"n\": 4"));
  EXPECT_THAT(ShowConfig(job.config, {.origin = true, .json = true}),
              HasSubstr("\"origin\": \"--set\""));
}

TEST(ShowConfigTest, ShowsTheDefaultsWithoutAFile) {
  Config config;
  std::vector<std::string> messages;
  std::vector<std::string> notices;
  LoadRequest request;
  request.purpose = Purpose::kShow;
  ASSERT_TRUE(LoadConfig(request, &config, &messages, &notices));
  EXPECT_THAT(ShowConfig(config, {}), HasSubstr("\nrollout:\n  n: 8\n"));
  EXPECT_THAT(config.Changed(), testing::IsEmpty());
}

TEST(DescribeKeysTest, FindsByPartOrPattern) {
  const std::string text = DescribeKeys("rollout.n");
  EXPECT_EQ(text,
            "rollout.n  int, default 8\n"
            "    samples per prompt\n"
            "    allowed: lie in [1, 1024]\n"
            "    also accepted: num_generations\n");
  EXPECT_THAT(DescribeKeys("learner.*.lr"), HasSubstr("learner.optim.lr  num, default 1e-6\n"));
  EXPECT_THAT(DescribeKeys("learner.*.lr"), testing::Not(HasSubstr("lr_scheduler")));
  EXPECT_EQ(DescribeKeys("zzz"), "");
  EXPECT_THAT(DescribeKeys(""), HasSubstr("metrics.peak_tflops"));
}

TEST(DiffConfigsTest, NamesEachDifference) {
  JobFile a;
  JobFile b;
  ASSERT_TRUE(a.Load("rollout: {n: 4}\n", Purpose::kShow));
  ASSERT_TRUE(
      b.Load("rollout: {top_p: 0.5}\nrun: {dir: " + a.folder() + "/runs/job}\n", Purpose::kShow));
  EXPECT_EQ(DiffConfigs(a.config, b.config),
            "rollout.n: 4 -> 8\nrollout.top_p: 1.0 -> 0.5\nrollout.dars.n_max: 16 -> 32\n");
}

TEST(ConfigFileOfTest, TakesARunFolderForItsResolvedFile) {
  JobFile job;
  EXPECT_EQ(ConfigFileOf(job.folder()), job.folder() + "/config.resolved.yaml");
  EXPECT_EQ(ConfigFileOf("job.yaml"), "job.yaml");
}

}  // namespace
}  // namespace winnow::cli
