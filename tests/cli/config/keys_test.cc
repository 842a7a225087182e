#include "cli/config/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/config/suggest.h"
#include "tests/cli/config/job_file.h"

namespace winnow::cli {
namespace {

// Reads one value for one key; "" or `RULE: FOUND`.
std::string Read(const std::string& key, const std::string& yaml, std::string* written = nullptr) {
  const auto index = KeyRegistry::Get().Find(key);
  EXPECT_TRUE(index.has_value()) << key;
  if (!index) return "no such key";
  YamlNode node;
  std::vector<YamlMistake> mistakes;
  EXPECT_TRUE(ParseYaml(yaml, &node, &mistakes)) << yaml;
  Value value;
  std::string notice;
  const KeyDeclaration& declaration = KeyRegistry::Get().key(*index);
  const std::string problem = ReadValue(declaration, node, "/w", &value, &notice);
  if (written != nullptr) *written = problem.empty() ? WriteValue(declaration, value) : "";
  return problem;
}

struct Case {
  const char* key;
  std::vector<const char*> good;  // Ends of the range among them.
  std::vector<const char*> bad;   // One beyond each end.
  const char* rule;               // What the messages for `bad` say.
};

const Case kRanges[] = {
    {"run.name", {"a", "7.b_c-d"}, {"A", "-a", "''", "a b"}, "match [a-z0-9][a-z0-9._-]{0,63}"},
    {"run.seed",
     {"0", "18446744073709551615"},
     {"-1", "18446744073709551616"},
     "lie in [0, 18446744073709551615]"},
    {"run.threads", {"0", "1024"}, {"-1", "1025"}, "lie in [0, 1024]"},
    {"model.lora_rank", {"0", "1024"}, {"-1", "1025"}, "lie in [0, 1024]"},
    {"model.lora_alpha", {"1e-3"}, {"0", "-1"}, "be positive"},
    {"data.prompt_template", {"'{prompt}'"}, {"'x'"}, "hold {prompt}"},
    {"data.train_batch_size", {"1", "2147483647"}, {"0", "-3"}, "be positive"},
    {"data.train_max_samples", {"-1", "1"}, {"0", "-2"}, "be positive or be -1"},
    {"rollout.n", {"1", "1024"}, {"0", "1025"}, "lie in [1, 1024]"},
    {"rollout.temperature", {"1e-9", "7"}, {"0", "-0.7"}, "be positive"},
    {"rollout.top_p", {"1", "1e-9"}, {"0", "1.01"}, "lie in (0, 1]"},
    {"rollout.top_k", {"-1", "0", "5"}, {"-2"}, "be at least -1"},
    {"rollout.gpu_memory_utilization", {"0.95", "0.01"}, {"0", "0.96"}, "lie in (0, 0.95]"},
    {"rollout.val_kwargs.temperature", {"0"}, {"-0.1"}, "be non-negative"},
    {"rollout.speculation.max_nodes", {"1", "64"}, {"0", "65"}, "lie in [1, 64]"},
    {"rollout.parallel.max_depth", {"1", "4"}, {"0", "5"}, "lie in [1, 4]"},
    {"filter.p_min", {"1", "0.01"}, {"0", "1.1"}, "lie in (0, 1]"},
    {"filter.step", {"0", "0.5"}, {"-0.1", "0.51"}, "lie in [0, 0.5]"},
    {"filter.floor", {"0", "1"}, {"-0.1", "1.1"}, "lie in [0, 1]"},
    {"filter.target_zero_variance", {"0.01", "0.99"}, {"0", "1"}, "lie in (0, 1)"},
    {"filter.tolerance", {"0"}, {"-1e-9"}, "be non-negative"},
    {"filter.safety_factor", {"1", "10"}, {"0.9", "10.1"}, "lie in [1, 10]"},
    {"filter.max_num_gen_batches", {"0"}, {"-1"}, "be non-negative"},
    {"filter.max_empty_steps", {"1"}, {"0"}, "be positive"},
    {"filter.shadow_rate", {"0", "0.1"}, {"-0.1", "0.11"}, "lie in [0, 0.1]"},
    {"filter.skip_rate", {"0", "0.99", "null"}, {"-0.1", "1"}, "lie in [0, 0.99]"},
    {"filter.mopps.lambda", {"0", "1"}, {"-0.1", "1.1"}, "lie in [0, 1]"},
    {"filter.mopps.target", {"0.5"}, {"0", "1"}, "lie in (0, 1)"},
    {"filter.mopps.prior_alpha", {"1", "1000"}, {"0.9", "1001"}, "lie in [1, 1000]"},
    {"filter.mopps.candidate_factor", {"1", "64"}, {"0", "65"}, "lie in [1, 64]"},
    {"filter.metric",
     {"reward", "math.reward"},
     {"A", "''"},
     "be reward or the name of a verdict part"},
    {"reward.extract",
     {"auto", "boxed", "tag:x", "after:####", "last_number", "whole"},
     {"'tag:'", "box", "''"},
     "be one of boxed, tag:NAME, after:TEXT, last_number, whole, auto"},
    {"reward.weights", {"{a: 1, b: -2.5}", "{}"}, {"{a: x}"}, "give a number to each verifier"},
    {"reward.max_unknown_fraction", {"0", "1"}, {"-0.1", "1.1"}, "lie in [0, 1]"},
    {"reward.timeout_s", {"0.1"}, {"0"}, "be positive"},
    {"learner.policy_loss.clip_cov_ratio", {"1", "1e-9"}, {"0", "1.1"}, "lie in (0, 1]"},
    {"learner.policy_loss.ppo_kl_coef", {"0"}, {"-1"}, "be non-negative"},
    {"learner.clip_ratio_low", {"1", "0.1"}, {"0", "1.1"}, "lie in (0, 1]"},
    {"learner.clip_ratio_high", {"3"}, {"0"}, "be positive"},
    {"learner.entropy_coeff", {"0"}, {"-1"}, "be non-negative"},
    {"learner.optim.lr", {"1e-6"}, {"0", "-1e-6"}, "be positive"},
    {"learner.optim.betas",
     {"[0, 0.5]"},
     {"[0.9]", "[0.9, 1]", "[-0.1, 0.9]"},
     "be two numbers in [0, 1)"},
    {"learner.head_chunk_tokens",
     {"64", "4096"},
     {"0", "63", "-64"},
     "be a positive multiple of 64"},
    {"learner.stream_backward_chunk",
     {"0", "64"},
     {"65", "-64"},
     "be 0 or a positive multiple of 64"},
    {"learner.zero_stage", {"0", "1"}, {"-1", "2"}, "lie in [0, 1]"},
    {"algorithm.gamma", {"1", "0.1"}, {"0", "1.1"}, "lie in (0, 1]"},
    {"algorithm.rollout_correction.rollout_is_threshold",
     {"2.0", "0.5_5.0", "null"},
     {"0", "5_0.5", "_2", "0_1", "x"},
     "be a positive number or LOW_HIGH"},
    {"algorithm.rollout_correction.rollout_rs",
     {"token_k1", "'token_k1,seq_max_k3'"},
     {"token", "'token_k1,'", "''"},
     "be a list, by commas, of token_k1 to k3, seq_sum_k1 to k3, seq_mean_k1 to k3, seq_max_k2, "
     "seq_max_k3"},
    {"algorithm.parallel_bonus.coef", {"0"}, {"-1"}, "be non-negative"},
    {"trainer.save_freq", {"-1", "1"}, {"0", "-2"}, "be positive or be -1"},
    {"trainer.max_off_policy_threshold", {"0", "64"}, {"-1", "65"}, "lie in [0, 64]"},
    {"placement.actor_devices",
     {"0-3", "[0, 2]", "5", "[0-1, 4]", "auto"},
     {"a", "3-1", "[]", "[-1]", "''"},
     "be devices such as 0-3 or [0, 2]"},
    {"metrics.web_port", {"1", "65535", "null"}, {"0", "65536"}, "lie in [1, 65535]"},
};

TEST(KeyRegistryTest, ReadsBothEndsOfEachRangeAndRefusesWhatIsBeyond) {
  for (const Case& c : kRanges) {
    for (const char* yaml : c.good) EXPECT_EQ(Read(c.key, yaml), "") << c.key << ": " << yaml;
    for (const char* yaml : c.bad) {
      EXPECT_THAT(Read(c.key, yaml), testing::StartsWith(std::string("must ") + c.rule + ": "))
          << c.key << ": " << yaml;
    }
  }
}

// A value of another type, and the rule that refuses it.
std::pair<std::string, std::string> WrongType(const KeyDeclaration& key) {
  switch (key.type) {
    case KeyType::kBool:
      return {"yes", "be true or false"};
    case KeyType::kInt:
    case KeyType::kU64:
      return {"1.5", "be an integer"};
    case KeyType::kNumber:
      return {"fast", "be a number"};
    case KeyType::kSize:
      return {"1GB", "be a size such as 512MiB"};
    case KeyType::kString:
      return {"[a]", "be text"};
    case KeyType::kEnum:
      return {"zzzzzzzz", "be one of "};
    case KeyType::kPath:
      return {"{a: b}", "be a path"};
    case KeyType::kList:
    case KeyType::kPathList:
      return {"text", "be a list"};
    case KeyType::kNumberList:
      return {"3", "be a list of numbers"};
    case KeyType::kDevices:
      return {"all", "be devices such as 0-3 or [0, 2]"};
    case KeyType::kMap:
      return {"3", "be a map"};
  }
  return {};
}

TEST(KeyRegistryTest, RefusesWrongTypesAndNullsOfEveryKey) {
  for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
    const auto [yaml, rule] = WrongType(key);
    EXPECT_THAT(Read(key.name, yaml), testing::StartsWith("must " + rule)) << key.name;
    const std::string problem = Read(key.name, "null");
    if (key.nullable) {
      EXPECT_EQ(problem, "") << key.name;
    } else {
      EXPECT_THAT(problem, testing::StartsWith("must " + rule)) << key.name;
      EXPECT_THAT(problem, testing::EndsWith(": null")) << key.name;
    }
    if (key.type == KeyType::kNumber) {
      for (const char* none : {".nan", "nan", ".inf", "-inf", "1e999"}) {
        EXPECT_THAT(Read(key.name, none), testing::StartsWith("must be a number")) << key.name;
      }
    }
  }
}

TEST(KeyRegistryTest, DescribesEveryKey) {
  for (const KeyDeclaration& key : KeyRegistry::Get().keys()) {
    EXPECT_FALSE(key.meaning.empty()) << key.name;
    EXPECT_TRUE(key.required || !key.derived.empty() || !key.default_text.empty()) << key.name;
    EXPECT_EQ(key.type == KeyType::kEnum && key.values.empty(), false) << key.name;
    const std::string text = key.default_text;
    EXPECT_EQ(text.empty() ? "" : Read(key.name, text), "") << key.name;
  }
}

TEST(ReadValueTest, ReadsScalarsByTheDeclaredType) {
  std::string written;
  EXPECT_EQ(Read("rollout.n", "08", &written), "");
  EXPECT_EQ(written, "8");
  EXPECT_EQ(Read("learner.optim.lr", "1e-6", &written), "");
  EXPECT_EQ(written, "1e-6");
  EXPECT_EQ(Read("run.project", "8", &written), "");
  EXPECT_EQ(written, "\"8\"");
  EXPECT_EQ(Read("run.project", "true", &written), "");
  EXPECT_EQ(written, "\"true\"");
  EXPECT_EQ(Read("data.system_prompt", "'null'", &written), "");
  EXPECT_EQ(written, "\"null\"");
  EXPECT_EQ(Read("rollout.kv_cache_bytes", "512MiB", &written), "");
  EXPECT_EQ(written, "512MiB");
  EXPECT_EQ(Read("rollout.kv_cache_bytes", "1000", &written), "");
  EXPECT_EQ(written, "1000");
  EXPECT_EQ(Read("rollout.kv_cache_bytes", "99999999999TiB"),
            "must be a size such as 512MiB: \"99999999999TiB\"");
  EXPECT_EQ(Read("rollout.ignore_eos", "True"), "must be true or false: \"True\"");
  EXPECT_EQ(Read("placement.actor_devices", "0-3", &written), "");
  EXPECT_EQ(written, "[0, 1, 2, 3]");
  EXPECT_EQ(Read("model.target_modules", "all-linear", &written), "");
  EXPECT_EQ(written, "[all-linear]");
  EXPECT_EQ(Read("reward.no_answer", "invalid", &written), "");
  EXPECT_EQ(written, "invalid");
  EXPECT_EQ(Read("rollout.n", "99999999999999999999"),
            "must lie in [1, 1024]: 99999999999999999999");
  EXPECT_EQ(Read("data.max_prompt_length", "2147483648"), "must be at most 2147483647: 2147483648");
}

TEST(ReadValueTest, SaysWhyAWordIsRefused) {
  EXPECT_EQ(Read("algorithm.adv_estimator", "gae"),
            "must be one of grpo, rloo, reinforce_plus_plus_baseline, reinforce_plus_plus: "
            "\"gae\"; there is no critic here");
  EXPECT_EQ(Read("metrics.logger", "[console, wandb]"),
            "must list only console, jsonl, tensorboard, prometheus: \"wandb\"; read the "
            "TensorBoard events with its own importer");
  EXPECT_EQ(Read("metrics.logger", "[console, console]"), "must list each word once: \"console\"");
  EXPECT_EQ(Read("data.train_files", "[a.jsonl, b.parquet]"),
            "must name JSON lines files (convert *.parquet): [a.jsonl, b.parquet]");
  EXPECT_EQ(Read("learner.loss_agg_mode", "token_mean"),
            "must be one of token-mean, seq-mean-token-sum, seq-mean-token-mean, "
            "seq-mean-token-sum-norm: \"token_mean\"; did you mean token-mean?");
}

TEST(EditDistanceTest, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(EditDistance("lr", "lr", 2), 0);
  EXPECT_EQ(EditDistance("lr", "rl", 2), 1);
  EXPECT_EQ(EditDistance("clip", "clap", 2), 1);
  EXPECT_EQ(EditDistance("clip", "cip", 2), 1);
  EXPECT_EQ(EditDistance("clip", "cllip", 2), 1);
  EXPECT_EQ(EditDistance("", "abc", 5), 3);
  EXPECT_EQ(EditDistance("abcdef", "ghijkl", 2), 3);
}

TEST(SuggestKeysTest, SuggestsEveryKeyForEachOfItsTypos) {
  const KeyRegistry& registry = KeyRegistry::Get();
  size_t checked = 0;
  for (const KeyDeclaration& key : registry.keys()) {
    const std::string name = key.short_name();
    std::vector<std::string> typos;
    for (size_t i = 0; i <= name.size(); ++i) {
      for (const char c : {'a', 'q', '_', '.'})
        typos.push_back(name.substr(0, i) + c + name.substr(i));
      if (i == name.size()) continue;
      typos.push_back(name.substr(0, i) + name.substr(i + 1));
      for (const char c : {'e', 'z', '1'}) {
        typos.push_back(name.substr(0, i) + c + name.substr(i + 1));
      }
      if (i + 1 < name.size()) {
        std::string swapped = name;
        std::swap(swapped[i], swapped[i + 1]);
        typos.push_back(swapped);
      }
    }
    for (const std::string& typo : typos) {
      const std::string full = key.section() + "." + typo;
      const bool is_known = registry.Find(full) || registry.FindAlias(full) ||
                            registry.FindRefused(full) || registry.IsGroup(full);
      if (is_known) continue;
      ++checked;
      EXPECT_THAT(SuggestKeys(full), testing::Contains(key.name)) << full;
    }
  }
  EXPECT_GT(checked, 20'000u);
}

TEST(SuggestKeysTest, LooksElsewhereIfTheSectionHasNothingNear) {
  EXPECT_THAT(SuggestKeys("learner.lr"), testing::ElementsAre("learner.optim.lr"));
  EXPECT_THAT(SuggestKeys("lr"), testing::ElementsAre("learner.optim.lr"));
  EXPECT_THAT(SuggestKeys("num_generation"), testing::ElementsAre("num_generations"));
  EXPECT_THAT(SuggestKeys("learner.clip_ration_low"),
              testing::ElementsAre("learner.clip_ratio_low"));
  EXPECT_THAT(SuggestKeys("rolout.n"), testing::ElementsAre("rollout.n"));
  EXPECT_THAT(SuggestKeys("qqqqqqqqqqqqqqqqqqqqq"), testing::IsEmpty());
}

}  // namespace
}  // namespace winnow::cli
