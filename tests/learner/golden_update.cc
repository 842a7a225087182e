// Golden families outside loss/ proper: advantage, rollout_correction, adamw, lr_schedule.
#include "base/thread_pool.h"
#include "learner/advantage/registry.h"
#include "learner/loss/correction.h"
#include "learner/optim/global_norm.h"
#include "learner/optim/registry.h"
#include "learner/optim/schedule.h"
#include "tests/learner/golden_case.h"

namespace winnow::learner {

void CheckAdvantage(const Json& inputs, GoldenParams& params, const Json& expect) {
  const std::vector<size_t> offsets = Offsets(inputs.at("mask"));
  const std::vector<uint8_t> mask = Mask(inputs.at("mask"));
  const std::vector<uint8_t> scored = Mask(inputs.at("scored"));
  const std::vector<size_t> group = Indices(inputs.at("group"));
  const std::vector<double> token_reward = Floats(inputs.at("token_level_rewards"));
  std::vector<double> reward(scored.size(), 0.0);
  for (size_t i = 0; i < scored.size(); ++i) {
    for (size_t t = offsets[i]; t < offsets[i + 1]; ++t) reward[i] += token_reward[t];
  }
  AdvantageOptions options;
  options.adv_epsilon = params.Number("adv_epsilon", options.adv_epsilon);
  options.norm_adv_by_std_in_grpo = params.Bool("norm_adv_by_std_in_grpo", true);
  options.gamma = params.Number("gamma", 1.0);
  options.single_sample_group = ParseSingleSampleGroup(params.Text("single_sample_group")).value();
  const auto estimator = MakeAdvantageEstimator(params.Text("adv_estimator"), options).value();
  const std::vector<double> got = estimator
                                      ->Estimate({.offsets = offsets,
                                                  .mask = mask,
                                                  .group = group,
                                                  .scored = scored,
                                                  .reward = reward,
                                                  .token_reward = token_reward})
                                      .value();
  ExpectAllNear("advantages", got, Doubles(expect.at("advantages")));
}

void CheckRolloutCorrection(const Json& inputs, GoldenParams& params, const Json& expect) {
  const std::vector<size_t> offsets = Offsets(inputs.at("mask"));
  const std::vector<uint8_t> mask = Mask(inputs.at("mask"));
  const std::vector<double> old_logp = Floats(inputs.at("old_log_prob"));
  const std::vector<double> rollout_logp = Floats(inputs.at("rollout_log_prob"));
  CorrectionOptions options;
  std::map<std::string, double> metrics;
  if (params.Has("rollout_is")) {
    options.rollout_is = ParseImportanceLevel(params.Text("rollout_is")).value();
    options.rollout_is_threshold = params.Number("rollout_is_threshold");
    if (params.Has("rollout_is_threshold_lower")) {
      options.rollout_is_threshold_lower = params.Number("rollout_is_threshold_lower");
    }
    options.rollout_is_batch_normalize = params.Bool("rollout_is_batch_normalize", false);
    const ImportanceWeights got =
        ComputeImportanceWeights(options, offsets, mask, old_logp, rollout_logp);
    ExpectAllNear("weights", got.weight, Doubles(expect.at("weights")));
    metrics = {{"rollout_is_mean", got.mean},
               {"rollout_is_eff_sample_size", got.effective_sample_size},
               {"rollout_is_ratio_fraction_high", got.fraction_high},
               {"rollout_is_ratio_fraction_low", got.fraction_low}};
  } else if (params.Has("rollout_rs")) {
    options.rollout_rs =
        ParseRejection(params.Text("rollout_rs"), params.Text("rollout_rs_threshold")).value();
    const std::vector<uint8_t> got = RejectTokens(options, offsets, mask, old_logp, rollout_logp);
    EXPECT_EQ(got, Mask(expect.at("mask")));
    double before = 0, after = 0;
    for (size_t t = 0; t < mask.size(); ++t) {
      before += mask[t];
      after += got[t];
    }
    metrics = {{"rollout_rs_masked_fraction", 1 - after / before}};
  } else {
    ASSERT_TRUE(params.Bool("metrics_only", false));
    const PolicyGap gap = MeasurePolicyGap(offsets, mask, old_logp, rollout_logp).value();
    metrics = {{"kl", gap.kl},
               {"training_ppl", gap.training_ppl},
               {"rollout_ppl", gap.rollout_ppl},
               {"log_ppl_diff", gap.log_ppl_diff},
               {"ppl_ratio", gap.ppl_ratio},
               {"chi2_token", gap.chi2_token}};
  }
  for (const auto& [name, want] : expect.at("metrics").items()) {
    ASSERT_TRUE(metrics.contains(name)) << "unknown metric " << name;
    ExpectNear(name, metrics[name], want.get<double>(), 1.0);
  }
}

void CheckAdamW(const Json& inputs, GoldenParams& params, const Json& expect) {
  ThreadPool pool(2);
  OptimizerOptions options;
  options.beta1 = params.At("betas").at(0).get<double>();
  options.beta2 = params.At("betas").at(1).get<double>();
  options.eps = params.Number("eps");
  options.weight_decay = params.Number("weight_decay");
  options.clip_grad.reset();
  if (params.Has("clip_grad") && !params.At("clip_grad").is_null()) {
    options.clip_grad = params.Number("clip_grad");
  }
  std::vector<ParameterSegment> segments;
  const std::vector<uint8_t> decayed = Mask(inputs.at("decayed"));
  for (size_t i = 0; i < decayed.size(); ++i) {
    segments.push_back(
        {.size = Doubles(inputs.at("params").at(i)).size(), .decayed = decayed[i] != 0});
  }
  const auto optimizer = MakeOptimizer<float>(options, segments, &pool).value();
  std::vector<float> parameters;
  for (double value : Floats(inputs.at("params"))) parameters.push_back(static_cast<float>(value));
  const GoldenTolerance tolerance = {.relative = 1e-6, .absolute = 2e-7};
  for (size_t k = 0; k < inputs.at("grads").size(); ++k) {
    std::vector<float> gradient;
    for (double value : Floats(inputs.at("grads").at(k))) {
      gradient.push_back(static_cast<float>(value));
    }
    const double norm = GlobalNorm<float>(gradient, &pool);
    optimizer->Update(inputs.at("lr").at(k).get<double>(), ClipFactor(norm, options.clip_grad),
                      gradient, parameters);
    const Json& step = expect.at("steps").at(k);
    for (const auto& [name, want] : step.items()) {
      if (name == "grad_norm") {
        ExpectNear(name, norm, want.get<double>(), 1.0);
      } else if (name == "params") {
        ExpectAllNear(name, parameters, Doubles(want), tolerance);
      } else if (name == "exp_avg") {
        ExpectAllNear(name, optimizer->first_moment(), Doubles(want), tolerance);
      } else if (name == "exp_avg_sq") {
        ExpectAllNear(name, optimizer->second_moment(), Doubles(want), tolerance);
      } else {
        ADD_FAILURE() << "unknown expectation " << name;
      }
    }
  }
}

void CheckLrSchedule(const Json& inputs, GoldenParams& params, const Json& expect) {
  ScheduleOptions options;
  options.lr_scheduler_type = ParseScheduleType(params.Text("lr_scheduler_type")).value();
  options.lr_warmup_steps = params.At("lr_warmup_steps").get<int64_t>();
  options.zero_indexed_step = params.Bool("zero_indexed_step", false);
  options.min_lr_ratio = params.Number("min_lr_ratio", 0);
  options.num_cycles = params.Number("num_cycles", 0.5);
  if (params.Has("total_training_steps")) {
    options.total_training_steps = params.At("total_training_steps").get<int64_t>();
  }
  std::vector<double> got;
  for (int64_t u = 0; u < inputs.at("steps").get<int64_t>(); ++u) {
    got.push_back(ScheduleMultiplier(options, u));
  }
  ExpectAllNear("multiplier", got, Doubles(expect.at("multiplier")));
}

}  // namespace winnow::learner
