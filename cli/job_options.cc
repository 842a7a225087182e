#include "cli/job_options.h"

#include <algorithm>

#include "cli/reward_source.h"
#include "learner/loss/kl.h"

namespace winnow::cli {
namespace {

size_t Count(const Config& config, std::string_view key) {
  return static_cast<size_t>(config.Int(key));
}

bool Holds(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

orchestrator::PromptSourceOptions DataOf(const Config& config, bool needs_reference) {
  orchestrator::PromptSourceOptions options;
  options.prompt_key = config.String("data.prompt_key");
  options.answer_key = config.String("data.answer_key");
  options.id_key = config.String("data.id_key");
  options.reward_fn_key = config.String("data.reward_fn_key");
  options.prompt_template = config.OptionalString("data.prompt_template").value_or("");
  options.system_prompt = config.OptionalString("data.system_prompt").value_or("");
  options.as_chat = config.Bool("data.as_chat");
  options.max_prompt_length = Count(config, "data.max_prompt_length");
  options.filter_overlong = config.Bool("data.filter_overlong_prompts");
  const std::string& truncation = config.String("data.truncation");
  options.truncation = truncation == "left"    ? orchestrator::Truncation::kLeft
                       : truncation == "right" ? orchestrator::Truncation::kRight
                                               : orchestrator::Truncation::kError;
  options.needs_reference = needs_reference;
  options.created_unix = config.creation_time();
  return options;
}

rollout::GenerationOptions GenerationOf(const Config& config, const std::string& section) {
  rollout::GenerationOptions options;
  options.sampling.sampler = config.String("rollout.sampler") == "gumbel"
                                 ? rollout::SamplerKind::kGumbel
                                 : rollout::SamplerKind::kInverseCdf;
  options.sampling.temperature = config.Number(section + "temperature");
  options.sampling.top_p = config.Number(section + "top_p");
  options.sampling.top_k = static_cast<int32_t>(config.Int(section + "top_k"));
  options.max_tokens = Count(config, "data.max_response_length");
  options.min_tokens = Count(config, "rollout.min_tokens");
  options.ignore_eos = config.Bool("rollout.ignore_eos");
  options.stop = config.List("rollout.stop");
  return options;
}

learner::PackingLimits PackingOf(const Config& config) {
  learner::PackingLimits limits;
  limits.ppo_max_token_len_per_gpu = Count(config, "learner.ppo_max_token_len_per_gpu");
  if (const auto size = config.OptionalInt("learner.ppo_micro_batch_size_per_gpu")) {
    limits.ppo_micro_batch_size_per_gpu = static_cast<size_t>(*size);
  }
  limits.share_prompt = config.Bool("learner.share_prompt");
  limits.allow_longer = config.Int("learner.stream_backward_chunk") > 0;
  return limits;
}

learner::OptimizerOptions OptimizerOf(const Config& config) {
  const std::vector<double>& betas = config.Numbers("learner.optim.betas");
  const std::vector<std::string>& exclude = config.List("learner.optim.weight_decay_exclude");
  return {.name = config.String("learner.optim.name"),
          .lr = config.Number("learner.optim.lr"),
          .beta1 = betas[0],
          .beta2 = betas[1],
          .eps = config.Number("learner.optim.eps"),
          .weight_decay = config.Number("learner.optim.weight_decay"),
          .exclude_bias_from_decay = Holds(exclude, "bias"),
          .exclude_norm_from_decay = Holds(exclude, "norm"),
          .clip_grad = config.OptionalNumber("learner.optim.clip_grad")};
}

learner::ScheduleOptions ScheduleOf(const Config& config) {
  return {.lr_scheduler_type = config.String("learner.optim.lr_scheduler_type") == "cosine"
                                   ? learner::ScheduleOptions::Type::kCosine
                                   : learner::ScheduleOptions::Type::kConstant,
          .lr_warmup_steps = config.Int("learner.optim.lr_warmup_steps"),
          .lr_warmup_steps_ratio = config.Number("learner.optim.lr_warmup_steps_ratio"),
          .min_lr_ratio = config.Number("learner.optim.min_lr_ratio"),
          .num_cycles = config.Number("learner.optim.num_cycles"),
          .zero_indexed_step = config.Bool("learner.optim.zero_indexed_step"),
          .total_training_steps = config.OptionalInt("trainer.total_training_steps")};
}

learner::PolicyLossOptions PolicyLossOf(const Config& config) {
  const std::string section = "learner.policy_loss.";
  return {.loss_mode = config.String(section + "loss_mode"),
          .clip_ratio_low = config.Number("learner.clip_ratio_low"),
          .clip_ratio_high = config.Number("learner.clip_ratio_high"),
          .clip_ratio_c = config.OptionalNumber("learner.clip_ratio_c"),
          .clip_cov_ratio = config.Number(section + "clip_cov_ratio"),
          .clip_cov_lb = config.Number(section + "clip_cov_lb"),
          .clip_cov_ub = config.Number(section + "clip_cov_ub"),
          .kl_cov_ratio = config.Number(section + "kl_cov_ratio"),
          .ppo_kl_coef = config.Number(section + "ppo_kl_coef")};
}

}  // namespace

model::TrainOptions TrainPassOf(const Config& config) {
  const std::string& recompute = config.String("learner.recompute");
  return {.recompute = recompute == "full"        ? model::Recompute::kFull
                       : recompute == "selective" ? model::Recompute::kSelective
                                                  : model::Recompute::kNone,
          .head_chunk_tokens = Count(config, "learner.head_chunk_tokens"),
          .head_chunk_bytes = model::kHeadChunkBytes,
          .temperature = config.Number("rollout.temperature"),
          .stream_backward_chunk = Count(config, "learner.stream_backward_chunk")};
}

ModelSessionOptions ModelOptionsOf(const Config& config) {
  ModelSessionOptions options;
  options.model = config.String("model.path");
  options.tokenizer = config.OptionalString("model.tokenizer_path").value_or("");
  options.dtype = config.String("model.dtype");
  options.chat_template = config.String("model.chat_template");
  options.threads = static_cast<int>(config.Int("run.threads"));
  options.seed = config.U64("run.seed");
  options.policy = {.trainable = true};
  options.policy.lora = {.rank = Count(config, "model.lora_rank"),
                         .alpha = config.Number("model.lora_alpha"),
                         .use_rslora = config.Bool("model.use_rslora"),
                         .target_modules = config.List("model.target_modules"),
                         .seed = config.U64("run.seed")};
  return options;
}

orchestrator::PromptSourceOptions TrainDataOf(const Config& config, bool needs_reference) {
  orchestrator::PromptSourceOptions options = DataOf(config, needs_reference);
  options.files = config.List("data.train_files");
  options.max_samples = config.Int("data.train_max_samples");
  return options;
}

orchestrator::PromptSourceOptions ValDataOf(const Config& config, bool needs_reference) {
  orchestrator::PromptSourceOptions options = DataOf(config, needs_reference);
  options.files = config.List("data.val_files");
  options.max_samples = config.Int("data.val_max_samples");
  return options;
}

rollout::EngineOptions EngineOptionsOf(const Config& config) {
  return {.max_num_seqs = Count(config, "rollout.max_num_seqs"),
          .max_num_batched_tokens = Count(config, "rollout.max_num_batched_tokens"),
          .kv_cache_bytes = config.OptionalSize("rollout.kv_cache_bytes").value_or(0),
          .memory_share = config.Number("rollout.gpu_memory_utilization"),
          .prefix_caching = config.Bool("rollout.enable_prefix_caching"),
          .chunked_prefill = config.Bool("rollout.enable_chunked_prefill")};
}

rollout::GenerationOptions TrainGenerationOf(const Config& config) {
  return GenerationOf(config, "rollout.");
}

Result<orchestrator::EvaluatorOptions> EvaluatorOptionsOf(const Config& config) {
  orchestrator::EvaluatorOptions options;
  options.seed = config.U64("run.seed");
  options.num_samples = static_cast<uint32_t>(config.Int("rollout.val_kwargs.n"));
  options.generation = GenerationOf(config, "rollout.val_kwargs.");
  WINNOW_ASSIGN_OR_RETURN(options.extract,
                          reward::ParseExtractRule(config.String("reward.extract")));
  options.answer_form =
      orchestrator::AnswerFormOf(config.OptionalString("reward.verifier").value_or(""));
  return options;
}

orchestrator::FilterOptions FilterOptionsOf(const Config& config) {
  orchestrator::FilterOptions options;
  options.type = *orchestrator::ParseFilterType(config.String("filter.type"));
  options.mode = *orchestrator::ParseFilterMode(config.String("filter.mode"));
  options.metric = config.String("filter.metric");
  options.midpoint = config.OptionalNumber("filter.midpoint");
  options.tolerance = config.Number("filter.tolerance");
  options.reset_history = config.Bool("filter.reset_history");
  options.p_easy = config.Number("filter.p_easy");
  options.p_hard = config.Number("filter.p_hard");
  options.p_min = config.Number("filter.p_min");
  options.p_max = config.Number("filter.p_max");
  options.step = config.Number("filter.step");
  options.floor = config.Number("filter.floor");
  options.target_zero_variance = config.Number("filter.target_zero_variance");
  if (const auto value = config.OptionalInt("filter.gen_batch_max")) {
    options.gen_batch_max = static_cast<uint32_t>(*value);
  }
  if (const auto value = config.OptionalInt("filter.gen_batch_min")) {
    options.gen_batch_min = static_cast<uint32_t>(*value);
  }
  options.safety_factor = config.Number("filter.safety_factor");
  options.adaptive_batch = config.Bool("filter.adaptive_batch");
  options.max_num_gen_batches = static_cast<uint32_t>(config.Int("filter.max_num_gen_batches"));
  options.max_empty_steps = static_cast<uint32_t>(config.Int("filter.max_empty_steps"));
  options.shadow_rate = config.Number("filter.shadow_rate");
  options.skip_rate = config.OptionalNumber("filter.skip_rate");
  options.skip_rate_from = config.OptionalString("filter.skip_rate_from").value_or("");
  options.band_low = config.Number("filter.band_low");
  options.band_high = config.Number("filter.band_high");
  options.mopps = {
      .lambda = config.Number("filter.mopps.lambda"),
      .target = config.Number("filter.mopps.target"),
      .prior_alpha = config.Number("filter.mopps.prior_alpha"),
      .prior_beta = config.Number("filter.mopps.prior_beta"),
      .candidate_factor = static_cast<uint32_t>(config.Int("filter.mopps.candidate_factor"))};
  options.n_gpus = static_cast<uint32_t>(config.Int("filter.n_gpus"));
  options.dl_batch = static_cast<uint32_t>(config.Int("filter.dl_batch"));
  options.full_sampling_bs = config.Bool("filter.full_sampling_bs");
  return options;
}

Result<learner::LearnerOptions> LearnerOptionsOf(const Config& config) {
  learner::LearnerOptions options;
  options.ppo_mini_batch_size = Count(config, "learner.ppo_mini_batch_size");
  options.ppo_epochs = Count(config, "learner.ppo_epochs");
  options.shuffle = config.Bool("learner.shuffle");
  options.packing = PackingOf(config);
  options.policy_loss = PolicyLossOf(config);
  WINNOW_ASSIGN_OR_RETURN(options.objective.loss_agg_mode,
                          learner::ParseLossAggregation(config.String("learner.loss_agg_mode")));
  options.objective.loss_scale_factor =
      static_cast<double>(config.OptionalInt("learner.loss_scale_factor")
                              .value_or(config.Int("data.max_response_length")));
  options.objective.entropy_coeff = config.Number("learner.entropy_coeff");
  options.objective.use_kl_loss = config.Bool("learner.use_kl_loss");
  options.objective.kl_loss_coef = config.Number("learner.kl_loss_coef");
  WINNOW_ASSIGN_OR_RETURN(
      options.objective.kl_loss_type,
      learner::ParseKlKind("learner.kl_loss_type", config.String("learner.kl_loss_type")));
  options.mask_truncated_completions = config.Bool("learner.mask_truncated_completions");
  options.optim = OptimizerOf(config);
  options.schedule = ScheduleOf(config);
  options.train = TrainPassOf(config);
  options.stop_on_logp_mismatch = config.String("learner.logp_mismatch") == "error";
  options.adv_estimator = config.String("algorithm.adv_estimator");
  options.advantage.norm_adv_by_std_in_grpo = config.Bool("algorithm.norm_adv_by_std_in_grpo");
  options.advantage.adv_epsilon = config.Number("algorithm.adv_epsilon");
  options.advantage.gamma = config.Number("algorithm.gamma");
  WINNOW_ASSIGN_OR_RETURN(
      options.advantage.single_sample_group,
      learner::ParseSingleSampleGroup(config.String("algorithm.single_sample_group")));
  options.advantage.tolerance = config.Number("filter.tolerance");
  options.use_kl_in_reward = config.Bool("algorithm.use_kl_in_reward");
  WINNOW_ASSIGN_OR_RETURN(
      options.kl_penalty,
      learner::ParseKlKind("algorithm.kl_penalty", config.String("algorithm.kl_penalty")));
  options.kl_ctrl = {.adaptive = config.String("algorithm.kl_ctrl.type") == "adaptive",
                     .kl_coef = config.Number("algorithm.kl_ctrl.kl_coef"),
                     .horizon = static_cast<double>(config.Int("algorithm.kl_ctrl.horizon")),
                     .target_kl = config.Number("algorithm.kl_ctrl.target_kl")};
  options.peak_tflops = config.OptionalNumber("metrics.peak_tflops");
  return options;
}

learner::SupervisedOptions SupervisedOptionsOf(const Config& config) {
  learner::SupervisedOptions options{.packing = PackingOf(config),
                                     .optim = OptimizerOf(config),
                                     .schedule = ScheduleOf(config),
                                     .train = TrainPassOf(config)};
  options.train.temperature = 1.0;
  return options;
}

Result<orchestrator::TrainerOptions> TrainerOptionsOf(const Config& config) {
  orchestrator::TrainerOptions options;
  options.seed = config.U64("run.seed");
  options.n = static_cast<uint32_t>(config.Int("rollout.n"));
  options.generation = TrainGenerationOf(config);
  WINNOW_ASSIGN_OR_RETURN(options.evaluation, EvaluatorOptionsOf(config));
  if (const auto steps = config.OptionalInt("trainer.total_training_steps")) {
    options.total_steps = static_cast<uint64_t>(*steps);
  }
  options.save_freq = config.Int("trainer.save_freq");
  options.test_freq = config.Int("trainer.test_freq");
  options.val_before_train = config.Bool("trainer.val_before_train");
  options.metric = config.String("filter.metric");
  options.max_unknown_fraction = config.Number("reward.max_unknown_fraction");
  options.pause.limit_s = config.Number("reward.pause_limit_s");
  options.rollouts_per_step = static_cast<uint32_t>(config.Int("metrics.rollouts_per_step"));
  options.retention = {.max_actor_ckpt_to_keep = Count(config, "trainer.max_actor_ckpt_to_keep"),
                       .keep_every = static_cast<uint64_t>(config.Int("trainer.keep_every")),
                       .best_step = std::nullopt};
  options.arithmetic = config.String("model.dtype");
  return options;
}

Result<std::unique_ptr<reward::Scorer>> MakeScorer(const Config& config) {
  WINNOW_ASSIGN_OR_RETURN(std::unique_ptr<reward::Verifier> verifier, MakeJobVerifier(config));
  reward::ScorerOptions options;
  // Unless the job names a range, it is the verifier's.
  if (config.IsGiven("reward.min")) options.min = static_cast<float>(config.Number("reward.min"));
  if (config.IsGiven("reward.max")) options.max = static_cast<float>(config.Number("reward.max"));
  options.audit_fraction = config.Number("reward.audit_fraction");
  options.seed = config.U64("run.seed");
  return std::make_unique<reward::Scorer>(std::move(verifier), options);
}

}  // namespace winnow::cli
