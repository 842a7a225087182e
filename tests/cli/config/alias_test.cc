// Names from other systems: accepted, together with the key, refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/format.h"
#include "cli/config/keys.h"
#include "tests/cli/config/job_file.h"

namespace winnow::cli {
namespace {

// `name: value` as nested flow maps on one line.
std::string Nested(const std::string& name, const std::string& value) {
  std::istringstream parts(name);
  std::string part;
  std::string text;
  size_t depth = 0;
  while (std::getline(parts, part, '.')) {
    text += (depth == 0 ? part + ": " : "{" + part + ": ");
    ++depth;
  }
  return text + value + std::string(depth - 1, '}') + "\n";
}

struct Accepted {
  const char* alias;
  const char* key;
  const char* value;
  const char* read;  // As `config show` prints it.
};

const Accepted kAccepted[] = {
    {"trainer.experiment_name", "run.name", "a", "a"},
    {"run_name", "run.name", "a", "a"},
    {"trainer.project_name", "run.project", "p", "p"},
    {"output_dir", "run.dir", "/o", "/o"},
    {"trainer.default_local_dir", "run.dir", "/o", "/o"},
    {"seed", "run.seed", "7", "7"},
    {"trainer.device", "run.device", "cpu", "cpu"},
    {"model_name_or_path", "model.path", "/m", "/m"},
    {"lora_r", "model.lora_rank", "8", "8"},
    {"lora_target_modules", "model.target_modules", "[q_proj]", "[q_proj]"},
    {"train_file", "data.train_files", "[/t]", "[/t]"},
    {"real_train_batch_size", "data.train_batch_size", "8", "8"},
    {"max_prompt_length", "data.max_prompt_length", "9", "9"},
    {"max_completion_length", "data.max_response_length", "9", "9"},
    {"shuffle_dataset", "data.shuffle", "false", "false"},
    {"num_generations", "rollout.n", "4", "4"},
    {"temperature", "rollout.temperature", "0.5", "0.5"},
    {"top_p", "rollout.top_p", "0.5", "0.5"},
    {"top_k", "rollout.top_k", "5", "5"},
    {"algorithm.filter_groups.enable", "filter.type", "true", "dynamic_sampling"},
    {"algorithm.filter_groups.metric", "filter.metric", "acc", "acc"},
    {"algorithm.filter_groups.max_num_gen_batches", "filter.max_num_gen_batches", "3", "3"},
    {"filter.min_p", "filter.p_min", "0.1", "0.1"},
    {"filter.max_p", "filter.p_max", "0.9", "0.9"},
    {"p_easy", "filter.p_easy", "0.4", "0.4"},
    {"p_hard", "filter.p_hard", "0.4", "0.4"},
    {"target_zero_variance", "filter.target_zero_variance", "0.3", "0.3"},
    {"sampling_batch_size", "filter.gen_batch_max", "77", "77"},
    {"custom_reward_function.path", "reward.custom_reward_function.path", "/f.py", "/f.py"},
    {"custom_reward_function.name", "reward.custom_reward_function.name", "f", "f"},
    {"extract", "reward.extract", "boxed", "boxed"},
    {"no_answer", "reward.no_answer", "0.1", "0.1"},
    {"reward_kwargs", "reward.reward_kwargs", "{a: 1}", "{a: 1}"},
    {"reward_weights", "reward.reward_weights", "[1, 2]", "[1.0, 2.0]"},
    {"weights", "reward.weights", "{math: 1}", "{math: 1}"},
    {"reward.reward_kwargs.overlong_buffer_cfg.len", "reward.overlong_buffer.len", "5", "5"},
    {"reward_model.overlong_buffer.enable", "reward.overlong_buffer.enable", "true", "true"},
    {"reward_model.overlong_buffer.penalty_factor", "reward.overlong_buffer.penalty_factor", "2",
     "2.0"},
    {"num_iterations", "learner.ppo_epochs", "2", "2"},
    {"learner.clip_ratio", "learner.clip_ratio_low", "0.3", "0.3"},
    {"learner.clip_ratio", "learner.clip_ratio_high", "0.3", "0.3"},
    {"delta", "learner.clip_ratio_c", "4", "4.0"},
    {"mask_truncated_completions", "learner.mask_truncated_completions", "true", "true"},
    {"learning_rate", "learner.optim.lr", "1e-5", "1e-5"},
    {"adam_epsilon", "learner.optim.eps", "1e-7", "1e-7"},
    {"weight_decay", "learner.optim.weight_decay", "0.1", "0.1"},
    {"max_grad_norm", "learner.optim.clip_grad", "0.5", "0.5"},
    {"learner.grad_clip", "learner.optim.clip_grad", "0.5", "0.5"},
    {"warmup_ratio", "learner.optim.lr_warmup_steps_ratio", "0.1", "0.1"},
    {"model.enable_gradient_checkpointing", "learner.recompute", "true", "full"},
    {"gradient_checkpointing", "learner.recompute", "false", "none"},
    {"completion_only_loss", "learner.sft.mask", "false", "all"},
    {"num_train_epochs", "trainer.total_epochs", "3", "3"},
    {"save_total_limit", "trainer.max_actor_ckpt_to_keep", "5", "5"},
    {"max_staleness", "trainer.max_off_policy_threshold", "0", "0"},
    {"trainer.nnodes", "placement.nnodes", "1", "1"},
    {"trainer.n_gpus_per_node", "placement.n_gpus_per_node", "4", "4"},
    {"trainer.logger", "metrics.logger", "[console]", "[console]"},
    {"report_to", "metrics.logger", "[jsonl]", "[jsonl]"},
    {"actor_rollout_ref.rollout.n", "rollout.n", "4", "4"},
    {"actor_rollout_ref.rollout.val_kwargs.top_p", "rollout.val_kwargs.top_p", "0.5", "0.5"},
    {"actor_rollout_ref.actor.optim.lr", "learner.optim.lr", "1e-5", "1e-5"},
    {"actor_rollout_ref.actor.clip_ratio", "learner.clip_ratio_high", "0.3", "0.3"},
    {"actor_rollout_ref.actor.policy_loss.loss_mode", "learner.policy_loss.loss_mode", "cispo",
     "cispo"},
    {"actor_rollout_ref.model.path", "model.path", "/m", "/m"},
    {"actor_rollout_ref.model.enable_gradient_checkpointing", "learner.recompute", "true", "full"},
};

TEST(AliasTest, EachIsReadAsItsKeyWithOneLine) {
  for (const Accepted& c : kAccepted) {
    JobFile job;
    ASSERT_TRUE(job.Load(Nested(c.alias, c.value), Purpose::kShow) ||
                job.messages[0].find("not built") != std::string::npos ||
                job.messages[0].find("is read by") != std::string::npos ||
                job.messages[0].find("must be given with") != std::string::npos)
        << c.alias << "\n"
        << job.messages[0];
    EXPECT_EQ(job.config.Text(c.key), c.read) << c.alias;
    EXPECT_EQ(job.config.Origin(c.key), Format("alias {} (job.yaml:1)", c.alias));
    EXPECT_THAT(job.notices,
                testing::Contains(Format("job.yaml:1: {} read as {}", c.alias, c.key)));
    EXPECT_THAT(job.config.ToResolvedYaml(),
                testing::Not(testing::HasSubstr(Format("\n{}:", c.alias))));
  }
}

TEST(AliasTest, TogetherWithItsKeyIsAMistakeEvenIfEqual) {
  for (const Accepted& c : kAccepted) {
    JobFile job;
    job.environment = {};
    // Two sections of one name would be a duplicate key, so the key comes by the same source,
    // --set.
    job.sets = {std::string(c.alias) + "=" + c.value, std::string(c.key) + "=" + c.read};
    EXPECT_FALSE(job.Load("", Purpose::kShow)) << c.alias;
    EXPECT_THAT(job.messages,
                testing::Contains(Format("--set: {} is {}, which is given too (--set): keep one",
                                         c.alias, c.key)));
  }
}

TEST(AliasTest, NamesBothPlacesInAFile) {
  JobFile job;
  EXPECT_FALSE(job.Load("# a job\n\nnum_generations: 8\nrollout:\n  n: 8\n", Purpose::kShow));
  EXPECT_EQ(job.messages[0],
            "job.yaml:3: num_generations is rollout.n, which is given too (job.yaml:5): keep one");
  EXPECT_FALSE(job.Load("rollout: {n: 8}\nnum_generations: 8\n", Purpose::kShow));
  EXPECT_EQ(job.messages[0],
            "job.yaml:2: num_generations is rollout.n, which is given too (job.yaml:1): keep one");
  EXPECT_FALSE(job.Load("run_name: a\ntrainer: {experiment_name: a}\n", Purpose::kShow));
  EXPECT_EQ(job.messages[0],
            "job.yaml:2: trainer.experiment_name is run.name, which is given too as run_name "
            "(job.yaml:1): keep one");
}

TEST(AliasTest, TheTableHoldsEveryAliasThatIsDeclared) {
  for (const auto& [alias, target] : KeyRegistry::Get().aliases()) {
    const std::string_view name = alias;
    const auto in_table = [&] {
      for (const Accepted& c : kAccepted) {
        if (name == c.alias) return true;
      }
      return false;
    };
    // Groups of three of which the table has one or two.
    const bool is_sibling = name.find("overlong_buffer") != std::string_view::npos ||
                            name.starts_with("custom_reward_function.");
    EXPECT_TRUE(in_table() || is_sibling) << alias;
  }
}

TEST(AliasTest, WordsOfOtherSystemsAreReadWithOneLine) {
  JobFile job;
  ASSERT_TRUE(
      job.Load("learner: {use_kl_loss: true,\n kl_loss_type: low_var_kl}\n", Purpose::kShow));
  EXPECT_EQ(job.config.String("learner.kl_loss_type"), "k3");
  EXPECT_THAT(job.notices,
              testing::ElementsAre("job.yaml:2: learner.kl_loss_type low_var_kl read as k3"));
}

TEST(AliasTest, RefusedNamesSayWhy) {
  const std::pair<const char*, const char*> kRefused[] = {
      {"beta",
       "its KL has no clamps and it also turns the KL loss on; set learner.use_kl_loss and "
       "learner.kl_loss_coef"},
      {"learner.beta",
       "its KL has no clamps and it also turns the KL loss on; set "
       "learner.use_kl_loss and learner.kl_loss_coef"},
      {"data.seed", "there is one seed; set run.seed"},
      {"rollout.seed", "there is one seed; set run.seed"},
      {"learner.data_loader_seed", "there is one seed; set run.seed"},
      {"max_steps", "it counts optimizer updates; set trainer.total_training_steps"},
      {"actor_rollout_ref.rollout.seed", "there is one seed; set run.seed"},
      {"vllm_mode",
       "there is no vLLM here; rollout.gpu_memory_utilization or "
       "rollout.kv_cache_bytes set the memory"},
      {"vllm_importance_sampling_cap",
       "its modes and caps differ; set "
       "algorithm.rollout_correction.rollout_is and "
       "rollout_is_threshold"},
  };
  for (const auto& [name, reason] : kRefused) {
    JobFile job;
    EXPECT_FALSE(job.Load(Nested(name, "1"), Purpose::kShow)) << name;
    EXPECT_THAT(job.Mistakes(),
                testing::ElementsAre(Format("job.yaml:1: {} is refused: {}", name, reason)));
  }
  for (const char* name : {"use_cpu",
                           "bf16",
                           "fp16",
                           "per_device_train_batch_size",
                           "generation_batch_size",
                           "apply_chat_template_kwargs",
                           "repetition_penalty",
                           "min_p",
                           "rollout.val_kwargs.do_sample",
                           "data.gen_batch_size",
                           "gradient_accumulation_steps",
                           "loss_type",
                           "importance_sampling_level",
                           "epsilon",
                           "epsilon_high",
                           "entropy_coef",
                           "adam_beta1",
                           "adam_beta2",
                           "warmup_steps",
                           "lr_scheduler_kwargs",
                           "scale_rewards",
                           "save_steps",
                           "eval_steps",
                           "trainer.rollout_data_dir",
                           "trainer.v1.trainer_mode"}) {
    JobFile job;
    EXPECT_FALSE(job.Load(Nested(name, "1"), Purpose::kShow)) << name;
    EXPECT_THAT(job.messages[0], testing::StartsWith(Format("job.yaml:1: {} is refused: ", name)));
  }
}

}  // namespace
}  // namespace winnow::cli
