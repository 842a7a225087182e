#include "cli/config/checks.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "base/format.h"
#include "cli/config/check_rules.h"
#include "cli/config/config_state.h"
#include "cli/config/keys.h"

namespace winnow::cli {
namespace {

constexpr char kEstimator[] = "algorithm.adv_estimator";
constexpr char kLossMode[] = "learner.policy_loss.loss_mode";
constexpr char kAggregation[] = "learner.loss_agg_mode";
constexpr char kResponse[] = "data.max_response_length";

void CheckRequired(const Rules& rules, Purpose purpose) {
  if (purpose == Purpose::kShow) return;
  rules.Require("model.path");
  const bool trains = purpose == Purpose::kTrain || purpose == Purpose::kSft;
  if (trains) rules.Require("data.train_files");
  if (purpose == Purpose::kEval) rules.RequireList("data.val_files", "to evaluate on");
  const Config& config = rules.config();
  const bool has_end =
      !config.IsNull("trainer.total_training_steps") || !config.IsNull("trainer.total_epochs");
  if (trains && !has_end && !config.Bool("trainer.val_only")) {
    rules.Report("trainer.total_training_steps",
                 "trainer.total_training_steps or trainer.total_epochs must be given");
  }
}

// 1, 2
void CheckSizes(const Rules& rules) {
  const Config& config = rules.config();
  if (config.Int("data.train_batch_size") % config.Int("learner.ppo_mini_batch_size") != 0) {
    rules.Pair("data.train_batch_size", "must be a multiple of", "learner.ppo_mini_batch_size",
               "must divide");
  }
  const int64_t longest = config.Int("data.max_prompt_length") + config.Int(kResponse);
  const char kBudget[] = "learner.ppo_max_token_len_per_gpu";
  if (config.Int("learner.stream_backward_chunk") == 0 && config.Int(kBudget) < longest) {
    const std::string_view at = rules.IsGiven(kBudget) ? std::string_view(kBudget) : kResponse;
    rules.Report(at, Format("{} must be at least data.max_prompt_length + {} {}: {}, {}", kBudget,
                            kResponse, Place(config, kResponse), config.Int(kBudget), longest));
  }
}

// 4
void CheckGroups(const Rules& rules) {
  const Config& config = rules.config();
  if (config.Int("rollout.n") >= 2) return;
  const std::string& type = config.String("filter.type");
  if (type != "none" && type != "mopps") {
    rules.Report("rollout.n", Format("rollout.n must be at least 2 with filter.type {} {}, a group "
                                     "of one has no variance: {}",
                                     type, Place(config, "filter.type"), config.Int("rollout.n")));
  } else if (config.String(kEstimator) != "reinforce_plus_plus") {
    rules.Report("rollout.n", Format("rollout.n must be at least 2 with {} {} {}: {}", kEstimator,
                                     config.String(kEstimator), Place(config, kEstimator),
                                     config.Int("rollout.n")));
  }
}

// 5, 6, 7
void CheckLoss(const Rules& rules) {
  const Config& config = rules.config();
  const std::string& mode = config.String(kLossMode);
  if (mode == "gspo" && config.String(kAggregation) != "seq-mean-token-mean") {
    const std::string_view at = rules.IsGiven(kAggregation) ? kAggregation : kLossMode;
    rules.Report(at, Format("{} must be seq-mean-token-mean with {} gspo {}: {}", kAggregation,
                            kLossMode, Place(config, kLossMode), config.value(kAggregation).shown));
  }
  rules.OnlyFor("learner.loss_scale_factor",
                config.String(kAggregation) == "seq-mean-token-sum-norm",
                "seq-mean-token-sum-norm");
  for (const char* key : {"clip_cov_ratio", "clip_cov_lb", "clip_cov_ub"}) {
    rules.OnlyFor(Format("learner.policy_loss.{}", key), mode == "clip_cov", "clip_cov");
  }
  for (const char* key : {"kl_cov_ratio", "ppo_kl_coef"}) {
    rules.OnlyFor(Format("learner.policy_loss.{}", key), mode == "kl_cov", "kl_cov");
  }
  if (config.Number("learner.policy_loss.clip_cov_lb") >=
      config.Number("learner.policy_loss.clip_cov_ub")) {
    rules.Pair("learner.policy_loss.clip_cov_lb", "must be below",
               "learner.policy_loss.clip_cov_ub", "must be above");
  }
  if (config.Number("learner.clip_ratio_low") == 1 && mode != "cispo") {
    rules.Report("learner.clip_ratio_low",
                 Format("learner.clip_ratio_low must be below 1 but with cispo: {}",
                        config.value("learner.clip_ratio_low").shown));
  }
  const auto c = config.OptionalNumber("learner.clip_ratio_c");
  if (c && *c <= 1 + config.Number("learner.clip_ratio_high")) {
    const char kHigh[] = "learner.clip_ratio_high";
    rules.Report(
        rules.IsGiven("learner.clip_ratio_c") ? "learner.clip_ratio_c" : kHigh,
        Format("learner.clip_ratio_c must exceed 1 + {} {}: {}, {}", kHigh, Place(config, kHigh),
               config.value("learner.clip_ratio_c").shown, config.value(kHigh).shown));
  }
  rules.OnlyFor("algorithm.norm_adv_by_std_in_grpo", config.String(kEstimator) == "grpo", "grpo");
  rules.OnlyFor("algorithm.gamma", config.String(kEstimator) == "reinforce_plus_plus",
                "reinforce_plus_plus");
}

// 8
void CheckKl(const Rules& rules) {
  const Config& config = rules.config();
  const bool in_loss = config.Bool("learner.use_kl_loss");
  const bool in_reward = config.Bool("algorithm.use_kl_in_reward");
  if (in_loss && in_reward) {
    rules.Pair("learner.use_kl_loss", "must not be on together with", "algorithm.use_kl_in_reward",
               "must not be on together with");
  }
  for (const char* key : {"learner.kl_loss_coef", "learner.kl_loss_type"}) {
    rules.OnlyFor(key, in_loss, "learner.use_kl_loss: true");
  }
  for (const char* key :
       {"algorithm.kl_penalty", "algorithm.kl_ctrl.type", "algorithm.kl_ctrl.kl_coef",
        "algorithm.kl_ctrl.horizon", "algorithm.kl_ctrl.target_kl"}) {
    rules.OnlyFor(key, in_reward, "algorithm.use_kl_in_reward: true");
  }
  if (in_reward && config.String("algorithm.kl_ctrl.type") == "fixed") {
    rules.OnlyFor("algorithm.kl_ctrl.horizon", false, "algorithm.kl_ctrl.type: adaptive");
    rules.OnlyFor("algorithm.kl_ctrl.target_kl", false, "algorithm.kl_ctrl.type: adaptive");
  }
  if (in_loss && config.String("learner.kl_loss_type") == "k1") {
    rules.Warn("learner.kl_loss_type",
               "learner.kl_loss_type k1 has an expected gradient of zero: it only adds noise");
  }
}

// 9
void CheckOffPolicy(const Rules& rules) {
  const Config& config = rules.config();
  const int64_t threshold = config.Int("trainer.max_off_policy_threshold");
  const char kThreshold[] = "trainer.max_off_policy_threshold";
  if (config.String("run.mode") == "async") {
    if (threshold == 0) {
      rules.Report(kThreshold, Format("{} must be positive with run.mode async {}: 0", kThreshold,
                                      Place(config, "run.mode")));
    }
    return;
  }
  if (threshold > 0) {
    rules.Report(kThreshold, Format("{} must be 0 with run.mode sync {}: {}", kThreshold,
                                    Place(config, "run.mode"), threshold));
  }
  for (const char* leaf : {"rollout_is", "rollout_is_threshold", "rollout_is_batch_normalize",
                           "rollout_rs", "rollout_rs_threshold", "bypass_mode"}) {
    rules.OnlyFor(Format("algorithm.rollout_correction.{}", leaf), false, "run.mode: async");
  }
}

// 10, 19
void CheckRollout(const Rules& rules) {
  const Config& config = rules.config();
  const char kText[] = "in training cuts off a tail that the log-probs then miss";
  if (config.Number("rollout.top_p") < 1) {
    rules.Warn("rollout.top_p", Format("rollout.top_p {} {}", config.Text("rollout.top_p"), kText));
  }
  if (config.Int("rollout.top_k") > 0) {
    rules.Warn("rollout.top_k", Format("rollout.top_k {} {}", config.Text("rollout.top_k"), kText));
  }
  if (config.Bool("rollout.parallel.enabled") &&
      config.Int("rollout.max_num_seqs") < config.Int("rollout.parallel.max_paths")) {
    rules.Pair("rollout.max_num_seqs", "must be at least", "rollout.parallel.max_paths",
               "must be at most");
  }
  const bool is_dars = config.String("rollout.allocate") == "dars";
  rules.OnlyFor("rollout.dars.schedule", is_dars, "rollout.allocate: dars");
  rules.OnlyFor("rollout.dars.n_max", is_dars, "rollout.allocate: dars");
  if (is_dars && config.Int("rollout.dars.n_max") < config.Int("rollout.n")) {
    rules.Pair("rollout.dars.n_max", "must be at least", "rollout.n", "must be at most");
  }
}

// 11, 12, and the options of verifiers
void CheckReward(const Rules& rules, Purpose purpose) {
  const Config& config = rules.config();
  const char* const kSources[] = {"reward.verifier", "reward.custom_reward_function.path",
                                  "reward.url", "reward.command"};
  const char* first = nullptr;
  for (const char* key : kSources) {
    if (config.IsNull(key)) continue;
    if (first != nullptr) {
      rules.Report(key, Format("{} must not be given together with {} {}: keep one", key, first,
                               Place(config, first)));
    } else {
      first = key;
    }
  }
  const bool needs_one = purpose == Purpose::kTrain || purpose == Purpose::kEval;
  if (first == nullptr && needs_one) {
    rules.Report("reward.verifier",
                 "reward.verifier, custom_reward_function, url or command must "
                 "be given");
  }
  const char kPath[] = "reward.custom_reward_function.path";
  const char kName[] = "reward.custom_reward_function.name";
  if (config.IsNull(kPath) != config.IsNull(kName)) {
    rules.Report(config.IsNull(kPath) ? kPath : kName,
                 Format("{} must be given with {}", config.IsNull(kPath) ? kPath : kName,
                        config.IsNull(kPath) ? kName : kPath));
  }
  if (config.Number("reward.min") >= config.Number("reward.max")) {
    rules.Pair("reward.min", "must be below", "reward.max", "must be above");
  }
  CheckOverlong(rules);
  CheckVerifierOptions(rules);
}

// 13, 14
void CheckTrainer(const Rules& rules) {
  const Config& config = rules.config();
  const bool by_path = config.String("trainer.resume_mode") == "resume_path";
  if (by_path && config.IsNull("trainer.resume_from_path")) {
    rules.Report("trainer.resume_from_path",
                 Format("trainer.resume_from_path must be given with trainer.resume_mode "
                        "resume_path {}",
                        Place(config, "trainer.resume_mode")));
  }
  rules.OnlyFor("trainer.resume_from_path", by_path, "trainer.resume_mode: resume_path");
  if (config.Int("trainer.test_freq") > 0) {
    rules.RequireList("data.val_files",
                      "with trainer.test_freq " + Place(config, "trainer.test_freq"));
  } else if (config.Bool("trainer.val_before_train") || config.Bool("trainer.val_only")) {
    const char* key =
        config.Bool("trainer.val_only") ? "trainer.val_only" : "trainer.val_before_train";
    rules.RequireList("data.val_files", Format("with {} {}", key, Place(config, key)));
  }
  const bool is_cosine = config.String("learner.optim.lr_scheduler_type") == "cosine";
  const bool by_ratio = config.Int("learner.optim.lr_warmup_steps") < 0 &&
                        config.Number("learner.optim.lr_warmup_steps_ratio") > 0;
  if ((is_cosine || by_ratio) && config.IsNull("trainer.total_training_steps")) {
    const char* key =
        is_cosine ? "learner.optim.lr_scheduler_type" : "learner.optim.lr_warmup_steps_ratio";
    rules.Report("trainer.total_training_steps",
                 Format("trainer.total_training_steps must be given with {} {}: {}", key,
                        Place(config, key), config.value(key).shown));
  }
  rules.OnlyFor("learner.optim.min_lr_ratio", is_cosine, "lr_scheduler_type: cosine");
  rules.OnlyFor("learner.optim.num_cycles", is_cosine, "lr_scheduler_type: cosine");
}

// 15
void CheckLora(const Rules& rules) {
  const Config& config = rules.config();
  const bool has_rank = config.Int("model.lora_rank") > 0;
  for (const char* key : {"model.lora_alpha", "model.target_modules", "model.use_rslora",
                          "model.lora_adapter_path"}) {
    rules.OnlyFor(key, has_rank, "model.lora_rank above 0");
  }
  if (!has_rank && config.String("trainer.export") == "adapter") {
    rules.Report("trainer.export", Format("trainer.export adapter needs model.lora_rank above 0 "
                                          "{}: 0",
                                          Place(config, "model.lora_rank")));
  }
}

// 16
void CheckPlacement(const Rules& rules) {
  const Config& config = rules.config();
  const std::string& mode = config.String("placement.mode");
  if (mode == "colocated") {
    for (const char* key : {"placement.actors", "placement.learner_ranks"}) {
      if (config.Int(key) == 1) continue;
      rules.Report(key, Format("{} must be 1 with placement.mode colocated {}: {}", key,
                               Place(config, "placement.mode"), config.Int(key)));
    }
  }
  const auto actors = config.OptionalList("placement.actor_devices");
  const auto learners = config.OptionalList("placement.learner_devices");
  if (config.String("run.mode") == "async" && actors && learners) {
    const bool shares = std::any_of(actors->begin(), actors->end(), [&](const std::string& device) {
      return std::find(learners->begin(), learners->end(), device) != learners->end();
    });
    if (shares) {
      rules.Pair("placement.actor_devices", "must share no device in async mode with",
                 "placement.learner_devices", "must share no device in async mode with");
    }
  }
  const std::string& launcher = config.String("placement.launcher");
  // Winnow makes the keys itself in a run folder that all share; other launchers bring a secret.
  if (mode == "cluster" && (launcher == "kubernetes" || launcher == "env") &&
      !config.state().has_key_file) {
    rules.Report("placement.mode", Format("placement.mode cluster needs WINNOW_KEY_FILE with "
                                          "placement.launcher {} {}",
                                          launcher, Place(config, "placement.launcher")));
  }
}

}  // namespace

Findings CheckConfig(const Config& config, Purpose purpose) {
  Findings findings;
  const Rules rules(config, &findings);
  CheckRequired(rules, purpose);
  CheckSizes(rules);
  CheckGroups(rules);
  CheckLoss(rules);
  CheckKl(rules);
  CheckOffPolicy(rules);
  CheckRollout(rules);
  CheckReward(rules, purpose);
  if (purpose == Purpose::kTrain || purpose == Purpose::kSft) CheckTrainer(rules);
  CheckLora(rules);
  CheckPlacement(rules);
  CheckFilter(config, &findings);
  return findings;
}

std::string CheckPositions(const Config& config, int64_t model_positions) {
  const int64_t prompt = config.Int("data.max_prompt_length");
  const int64_t response = config.Int(kResponse);
  if (prompt + response <= model_positions) return "";
  return MistakeAt(config, kResponse,
                   Format("{} + data.max_prompt_length {} must be at most the model's positions: "
                          "{} + {}, {}",
                          kResponse, Place(config, "data.max_prompt_length"), response, prompt,
                          model_positions))
      .text;
}

std::string CheckNativeBf16(const Config& config, bool is_native) {
  const std::string& dtype = config.String("model.dtype");
  if (is_native || (dtype != "bf16_tile" && dtype != "bf16_pair")) return "";
  return MistakeAt(
             config, "model.dtype",
             Format("model.dtype {} is not native on this machine: the same bits, slower", dtype))
      .text;
}

std::string CheckMemory(double needed_gib, double available_gib,
                        const std::vector<std::pair<std::string, double>>& parts) {
  if (needed_gib <= available_gib) return "";
  std::string text = Format(
      "memory needs {:.1f} GiB of {:.1f} GiB on each learner rank: ", needed_gib, available_gib);
  for (size_t i = 0; i < parts.size(); ++i) {
    text += Format("{}{} {:.1f}", i == 0 ? "" : ", ", parts[i].first, parts[i].second);
  }
  return text + "; lower learner.ppo_max_token_len_per_gpu or set learner.recompute: full";
}

}  // namespace winnow::cli
