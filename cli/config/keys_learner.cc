// Declares the sections learner and algorithm.
#include <set>
#include <sstream>

#include "cli/config/key_builder.h"

namespace winnow::cli {
namespace {

void DeclareLoss(KeyTable* t) {
  t->Enum("policy_loss.loss_mode", {"vanilla", "gspo", "cispo", "clip_cov", "kl_cov"})
      .Default("vanilla")
      .Means("policy loss");
  t->Refuse({"loss_type"},
            "it joins loss and mean; set learner.policy_loss.loss_mode and learner.loss_agg_mode");
  t->Refuse({"importance_sampling_level"}, "set learner.policy_loss.loss_mode: gspo");
  t->Number("policy_loss.clip_cov_ratio")
      .Default("2e-4")
      .In(0, 1)
      .LowOpen()
      .Means("clip_cov: share of tokens selected");
  t->Number("policy_loss.clip_cov_lb").Default("1.0").Means("clip_cov: least covariance");
  t->Number("policy_loss.clip_cov_ub").Default("5.0").Means("clip_cov: largest covariance");
  t->Number("policy_loss.kl_cov_ratio")
      .Default("2e-4")
      .In(0, 1)
      .LowOpen()
      .Means("kl_cov: share of tokens selected");
  t->Number("policy_loss.ppo_kl_coef").Default("0.1").AtLeast(0).Means("kl_cov: weight of |d|");
  t->Number("clip_ratio_low")
      .Default("0.2")
      .In(0, 1)
      .LowOpen()
      .Means("1 with cispo only")
      .Alias("learner.clip_ratio");
  t->Number("clip_ratio_high")
      .Default("0.2")
      .Positive()
      .Means("upper clip bound is 1 + this")
      .Alias("learner.clip_ratio");
  t->Number("clip_ratio_c")
      .Default("3.0")
      .Nullable()
      .Positive()
      .Means("dual clip, above 1 + clip_ratio_high; null = off")
      .Alias("delta");
  t->Refuse({"epsilon", "epsilon_high"},
            "its meaning depends on the loss there; set learner.clip_ratio_low and "
            "learner.clip_ratio_high");
  t->Bool("clip_exempt_tags").Default("false").Means("tag tokens are never clipped");
  t->Enum("loss_agg_mode",
          {"token-mean", "seq-mean-token-sum", "seq-mean-token-mean", "seq-mean-token-sum-norm"})
      .Default("token-mean")
      .Means("weights of tokens in the mean")
      .RefuseWord("token-sum", "its size depends on the batch; set token-mean");
  t->Int("loss_scale_factor")
      .Nullable()
      .AtLeast(1)
      .Means("seq-mean-token-sum-norm: length divided by; null = data.max_response_length");
  t->Number("entropy_coeff").Default("0").AtLeast(0).Means("entropy bonus, by loss_agg_mode");
  t->Refuse({"entropy_coef"}, "it is always a mean per token there; set learner.entropy_coeff");
}

void DeclareKl(KeyTable* t) {
  t->Bool("use_kl_loss").Default("false").Means("KL to the reference in the loss");
  t->Number("kl_loss_coef").Default("0.001").AtLeast(0).Means("its weight");
  t->Enum("kl_loss_type", {"k1", "k2", "k3", "abs", "k1+", "k3+", "full"})
      .Default("k3")
      .Means("its estimator")
      .Word("kl", "k1")
      .Word("mse", "k2")
      .Word("low_var_kl", "k3")
      .Word("kl+", "k1+")
      .Word("low_var_kl+", "k3+");
  t->Refuse({"beta"},
            "its KL has no clamps and it also turns the KL loss on; set learner.use_kl_loss and "
            "learner.kl_loss_coef");
  t->Bool("mask_truncated_completions")
      .Default("false")
      .Means("responses cut by length are not trained on")
      .Alias("mask_truncated_completions");
}

bool AreTwoBetas(const Value& value) {
  if (value.numbers.size() != 2) return false;
  for (const double beta : value.numbers) {
    if (beta < 0 || beta >= 1) return false;
  }
  return true;
}

void DeclareOptimizer(KeyTable* t) {
  t->Enum("optim.name", {"adamw", "adamw8bit", "apollo", "galore"})
      .Default("adamw")
      .Means("optimizer");
  t->Number("optim.lr").Default("1e-6").Positive().Means("learning rate").Alias("learning_rate");
  t->Add("optim.betas", KeyType::kNumberList)
      .Default("[0.9, 0.999]")
      .Must("be two numbers in [0, 1)", AreTwoBetas)
      .Means("decay of the moments");
  t->Refuse({"adam_beta1", "adam_beta2"}, "set learner.optim.betas: [beta1, beta2]");
  t->Number("optim.eps").Default("1e-8").Positive().Means("beside the root").Alias("adam_epsilon");
  t->Number("optim.weight_decay")
      .Default("0.01")
      .AtLeast(0)
      .Means("decoupled")
      .Alias("weight_decay");
  t->List("optim.weight_decay_exclude").Default("[bias, norm]").Means("spared; [] decays all");
  t->Number("optim.clip_grad")
      .Default("1.0")
      .Nullable()
      .Positive()
      .Means("global norm; null = off")
      .Alias("max_grad_norm")
      .Alias("learner.grad_clip");
  t->Enum("optim.lr_scheduler_type", {"constant", "cosine"})
      .Default("constant")
      .Means("rate over training steps");
  t->Int("optim.lr_warmup_steps")
      .Default("-1")
      .AtLeast(0)
      .Also(-1)
      .Means("training steps; -1 = by the ratio");
  t->Refuse({"warmup_steps", "lr_scheduler_kwargs"},
            "it counts optimizer updates; set learner.optim.lr_warmup_steps (training steps)");
  t->Number("optim.lr_warmup_steps_ratio")
      .Default("0")
      .In(0, 1)
      .Means("share of total_training_steps")
      .Alias("warmup_ratio");
  t->Number("optim.min_lr_ratio").Default("0").In(0, 1).Means("cosine: least rate / lr");
  t->Number("optim.num_cycles").Default("0.5").Positive().Means("cosine: cycles");
  t->Bool("optim.zero_indexed_step")
      .Default("false")
      .Means("true: the first step of a warm-up has rate 0");
}

bool IsMultipleOf64(const Value& value) { return value.integer > 0 && value.integer % 64 == 0; }
bool IsChunkOrOff(const Value& value) { return value.integer >= 0 && value.integer % 64 == 0; }

void DeclareMemory(KeyTable* t) {
  t->Enum("recompute", {"none", "selective", "full"})
      .Default("none")
      .Means("activations made anew in the backward pass")
      .AliasAs("model.enable_gradient_checkpointing", {{"true", "full"}, {"false", "none"}})
      .AliasAs("gradient_checkpointing", {{"true", "full"}, {"false", "none"}});
  t->Int("head_chunk_tokens")
      .Default("64")
      .Must("be a positive multiple of 64", IsMultipleOf64)
      .Means(
          "tokens whose logits exist at once, more if they fit in 37 MiB; never changes results");
  t->Int("stream_backward_chunk")
      .Default("0")
      .Must("be 0 or a positive multiple of 64", IsChunkOrOff)
      .Means("tokens of a layer in the backward pass at once, whatever recompute says; 0 = all");
  t->Bool("share_prompt").Default("false").Means("a group's prompt once per micro-batch");
  t->Int("zero_stage").Default("1").In(0, 1).Means("1 shards the optimizer over the ranks");
  t->Enum("logp_mismatch", {"error", "warn"})
      .Default("error")
      .Means("when rollout and learner disagree on policy");
}

}  // namespace

void DeclareLearner(KeyTable* t) {
  t->Section("learner");
  t->Int("ppo_mini_batch_size")
      .Derived("data.train_batch_size")
      .AtLeast(1)
      .Means("prompts of an update; divides data.train_batch_size");
  t->Int("ppo_epochs").Default("1").AtLeast(1).Means("passes over a batch").Alias("num_iterations");
  t->Bool("shuffle").Default("false").Means("keyed permutation of the batch");
  t->Int("ppo_max_token_len_per_gpu")
      .Default("16384")
      .AtLeast(1)
      .Means("tokens in memory at once; never changes results");
  t->Int("ppo_micro_batch_size_per_gpu")
      .Nullable()
      .AtLeast(1)
      .Means("sequences in memory at once; never changes results");
  t->Refuse({"learner.per_device_train_batch_size", "gradient_accumulation_steps"},
            "micro-batches never change results here; set learner.ppo_mini_batch_size (prompts)");
  DeclareLoss(t);
  DeclareKl(t);
  DeclareOptimizer(t);
  DeclareMemory(t);
  t->Enum("sft.mask", {"completion", "all"})
      .Default("completion")
      .Means("winnow sft: tokens trained on")
      .AliasAs("completion_only_loss", {{"true", "completion"}, {"false", "all"}});
  t->Int("sft.max_length")
      .Derived("data.max_prompt_length + data.max_response_length")
      .AtLeast(1)
      .Means("winnow sft: tokens of a row");
  t->Number("sft.flat_fraction")
      .Default("0.1")
      .In(0, 1)
      .Means("winnow sft: rows with branches that are also shown flat");
  t->Text("sft.stages").Default("published").Means("winnow sft: order of the branch warm-up");
}

namespace {

// "2.0", or "0.5_5.0" for lower and upper bound.
bool IsThreshold(const Value& value) {
  const size_t mark = value.text.find('_');
  double low = 0;
  double high = 0;
  if (mark == std::string::npos) return ParseNumber(value.text, &high) && high > 0;
  return ParseNumber(value.text.substr(0, mark), &low) &&
         ParseNumber(value.text.substr(mark + 1), &high) && 0 < low && low < high;
}

bool AreRejections(const Value& value) {
  static const std::set<std::string> kNames = {
      "token_k1",    "token_k2",    "token_k3",    "seq_sum_k1", "seq_sum_k2", "seq_sum_k3",
      "seq_mean_k1", "seq_mean_k2", "seq_mean_k3", "seq_max_k2", "seq_max_k3"};
  std::istringstream items(value.text);
  std::string item;
  size_t count = 0;
  while (std::getline(items, item, ',')) {
    if (!kNames.contains(item)) return false;
    ++count;
  }
  return count > 0 && value.text.back() != ',';
}

void DeclareCorrection(KeyTable* t) {
  t->Enum("rollout_correction.rollout_is", {"token", "sequence"})
      .Nullable()
      .Derived("run.mode: async token, sync null")
      .Means("async: importance weights");
  t->Text("rollout_correction.rollout_is_threshold")
      .Nullable()
      .Derived("run.mode: async 2.0, sync null")
      .Must("be a positive number or LOW_HIGH", IsThreshold)
      .Means("async: cap of the weights; LOW_HIGH zeroes them outside");
  t->Bool("rollout_correction.rollout_is_batch_normalize")
      .Default("false")
      .Means("async: divide by the mean weight");
  t->Text("rollout_correction.rollout_rs")
      .Nullable()
      .Must(
          "be a list, by commas, of token_k1 to k3, seq_sum_k1 to k3, seq_mean_k1 to k3, "
          "seq_max_k2, seq_max_k3",
          AreRejections)
      .Means("async: what rejects tokens or sequences");
  t->Text("rollout_correction.rollout_rs_threshold")
      .Nullable()
      .Must("be a positive number or LOW_HIGH", IsThreshold)
      .Means("async: its bound");
  t->Bool("rollout_correction.bypass_mode")
      .Default("false")
      .Means("async: the ratio is against the behaviour policy");
  t->Refuse({"algorithm.vllm_importance_sampling_mode"},
            "its modes and caps differ; set algorithm.rollout_correction.rollout_is and "
            "rollout_is_threshold");
}

}  // namespace

void DeclareAlgorithm(KeyTable* t) {
  t->Section("algorithm");
  constexpr char kNoCritic[] = "there is no critic here";
  constexpr char kNotOffered[] = "it is not offered";
  t->Enum("adv_estimator", {"grpo", "rloo", "reinforce_plus_plus_baseline", "reinforce_plus_plus"})
      .Default("grpo")
      .Means("advantages")
      .RefuseWord("gae", kNoCritic)
      .RefuseWord("remax", kNotOffered)
      .RefuseWord("opo", kNotOffered)
      .RefuseWord("gpg", kNotOffered)
      .RefuseWord("grpo_passk", kNotOffered)
      .RefuseWord("grpo_vectorized", "set grpo")
      .RefuseWord("rloo_vectorized", "a group of one differs there; set rloo")
      .RefuseWord("optimal_token_baseline", kNotOffered)
      .RefuseWord("tir_optimal_token_baseline", kNotOffered)
      .RefuseWord("gdpo", kNotOffered);
  t->Bool("norm_adv_by_std_in_grpo").Default("true").Means("grpo: divide by the deviation");
  t->Refuse({"scale_rewards"}, "its `batch` has no equal; set algorithm.norm_adv_by_std_in_grpo");
  t->Number("adv_epsilon").Default("1e-6").AtLeast(0).Means("beside the deviation");
  t->Enum("single_sample_group", {"zero", "raw"})
      .Default("zero")
      .Means("advantage where one sample is scored");
  t->Number("gamma").Default("1.0").In(0, 1).LowOpen().Means("reinforce_plus_plus: discount");
  t->Bool("use_kl_in_reward").Default("false").Means("KL to the reference in the reward");
  t->Enum("kl_penalty", {"k1", "k2", "k3", "abs"})
      .Default("k1")
      .Means("its estimator")
      .Word("kl", "k1")
      .Word("mse", "k2")
      .Word("low_var_kl", "k3");
  t->Enum("kl_ctrl.type", {"fixed", "adaptive"}).Default("fixed").Means("its weight over time");
  t->Number("kl_ctrl.kl_coef").Default("0.001").AtLeast(0).Means("its weight at the start");
  t->Int("kl_ctrl.horizon").Default("10000").AtLeast(1).Means("adaptive: samples");
  t->Number("kl_ctrl.target_kl").Default("0.1").Positive().Means("adaptive: KL aimed at");
  DeclareCorrection(t);
  t->Number("parallel_bonus.coef").Default("0").AtLeast(0).Means("bonus for short paths");
  t->Number("parallel_bonus.cap").Default("0.2").AtLeast(0).Means("its largest share");
  t->Number("parallel_bonus.gate").Default("1.0").AtLeast(0).Means("least task reward for it");
}

}  // namespace winnow::cli
