// Golden families of loss/: policy_loss, total_loss, micro_batch, aggregate, kl, kl_in_reward.
#include <algorithm>

#include "learner/loss/aggregate.h"
#include "learner/loss/clip_cov.h"
#include "learner/loss/covariance.h"
#include "learner/loss/kl.h"
#include "learner/loss/registry.h"
#include "tests/learner/golden_case.h"

namespace winnow::learner {
namespace {

// A golden mini-batch and its loss, evaluated.
struct GoldenBatch {
  std::vector<size_t> offsets;
  std::vector<uint8_t> mask;
  std::vector<double> logp, old_logp, advantage, weight;
  std::vector<uint8_t> selected;
  PolicyLossOptions options;
  AggregationWeights weights;

  GoldenBatch(const Json& inputs, GoldenParams& params)
      : offsets(Offsets(inputs.at("mask"))),
        mask(Mask(inputs.at("mask"))),
        logp(Floats(inputs.at("log_prob"))),
        old_logp(Floats(inputs.at("old_log_prob"))),
        advantage(Floats(inputs.at("advantages"))) {
    if (params.Bool("use_is_weights", false)) weight = Floats(inputs.at("is_weights"));
    options.loss_mode = params.Text("loss_mode");
    options.clip_ratio_low = params.Number("clip_ratio_low", 0.2);
    options.clip_ratio_high = params.Number("clip_ratio_high", 0.2);
    options.clip_ratio_c = params.Number("clip_ratio_c", 3.0);
    options.clip_cov_ratio = params.Number("clip_cov_ratio", 2e-4);
    options.clip_cov_lb = params.Number("clip_cov_lb", 1.0);
    options.clip_cov_ub = params.Number("clip_cov_ub", 5.0);
    options.kl_cov_ratio = params.Number("kl_cov_ratio", 2e-4);
    options.ppo_kl_coef = params.Number("ppo_kl_coef", 0.1);
    weights = ReadWeights(params);
  }

  AggregationWeights ReadWeights(GoldenParams& params) const {
    AggregationWeights result;
    result.mode = ParseLossAggregation(params.Text("loss_agg_mode")).value();
    result.counts = CountBatch(offsets, mask);
    result.loss_scale_factor = params.Number("loss_scale_factor", 1);
    if (params.Has("batch_num_tokens")) {
      result.counts.num_tokens = params.At("batch_num_tokens").get<size_t>();
    }
    if (params.Has("global_batch_size")) {
      result.counts.num_sequences = params.At("global_batch_size").get<size_t>();
    }
    return result;
  }

  LossTokens Tokens() const {
    return {.offsets = offsets,
            .mask = mask,
            .logp = logp,
            .old_logp = old_logp,
            .advantage = advantage,
            .weight = weight,
            .selected = selected};
  }

  TokenLosses Evaluate() const {
    const auto loss = MakePolicyLoss(options).value();
    TokenLosses out(mask.size());
    for (size_t i = 0; i + 1 < offsets.size(); ++i) loss->Evaluate(Tokens(), i, &out);
    return out;
  }

  // W·value per token.
  std::vector<double> Weighted(const std::vector<double>& values) const {
    std::vector<double> result(values.size(), 0.0);
    for (size_t i = 0; i + 1 < offsets.size(); ++i) {
      const size_t count = CountMasked(mask, offsets[i], offsets[i + 1]);
      for (size_t t = offsets[i]; t < offsets[i + 1]; ++t) {
        if (mask[t]) result[t] = weights.OfSequence(count) * values[t];
      }
    }
    return result;
  }
};

void ExpectLoss(const GoldenBatch& batch, const std::vector<double>& values, const Json& expect) {
  const double scale = expect.contains("loss_abs") ? expect.at("loss_abs").get<double>() : 1.0;
  ExpectNear("loss", Aggregate(batch.weights, batch.offsets, batch.mask, values),
             expect.at("loss").get<double>(), scale);
  if (expect.contains("loss_abs")) {
    std::vector<double> magnitudes = values;
    for (double& value : magnitudes) value = std::abs(value);
    ExpectNear("loss_abs", Aggregate(batch.weights, batch.offsets, batch.mask, magnitudes), scale,
               scale);
  }
}

void ExpectGradient(const std::vector<uint8_t>& mask, const std::vector<double>& got,
                    const Json& want) {
  ExpectAllNear("grad", got, Doubles(want));
  for (size_t t = 0; t < mask.size(); ++t) {
    if (!mask[t]) {
      EXPECT_EQ(got[t], 0.0) << "gradient at masked token " << t;
    }
  }
}

std::vector<size_t> SelectedIndices(const std::vector<uint8_t>& selected) {
  std::vector<size_t> indices;
  for (size_t t = 0; t < selected.size(); ++t) {
    if (selected[t]) indices.push_back(t);
  }
  return indices;
}

void CheckSelection(const Json& expect, GoldenBatch* batch) {
  if (!expect.contains("selected")) return;
  const std::vector<size_t> selected = Indices(expect.at("selected"));
  const bool clip_cov = batch->options.loss_mode == "clip_cov";
  const double ratio = clip_cov ? batch->options.clip_cov_ratio : batch->options.kl_cov_ratio;
  EXPECT_EQ(SelectionCount(ratio, batch->Tokens()), expect.at("num_to_select").get<size_t>());
  if (clip_cov) {
    EXPECT_EQ(ClipCovCandidates(batch->Tokens(), batch->options), Indices(expect.at("candidates")));
    batch->selected.assign(batch->mask.size(), 0);
    for (size_t t : selected) batch->selected[t] = 1;
    return;
  }
  batch->selected = MakePolicyLoss(batch->options).value()->Select(batch->Tokens(), {});
  std::vector<size_t> sorted = selected;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(SelectedIndices(batch->selected), sorted);
}

double MeanOverTokens(const GoldenBatch& batch, const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (size_t t = 0; t < values.size(); ++t) {
    if (!batch.mask[t]) continue;
    sum += values[t];
    count += 1;
  }
  return sum / count;
}

void CheckMetrics(const GoldenBatch& batch, const TokenLosses& losses, const Json& metrics) {
  const std::string& mode = batch.options.loss_mode;
  std::vector<double> kl(batch.mask.size()), clipped(kl.size()), dual(kl.size());
  for (size_t t = 0; t < kl.size(); ++t) {
    const double d = batch.logp[t] - batch.old_logp[t];
    kl[t] = mode == "kl_cov" ? std::abs(d) : -d;
    if (mode == "vanilla" || mode == "cispo") kl[t] = std::clamp(kl[t], -20.0, 20.0);
    // The oracle calls the share of selected tokens of clip_cov its clip fraction.
    clipped[t] = losses.flags[t] & (mode == "clip_cov" ? kSelected : kClippedHigh | kClippedLow);
    clipped[t] = clipped[t] != 0;
    dual[t] = (losses.flags[t] & kDualClipped) != 0;
  }
  for (const auto& [name, want] : metrics.items()) {
    if (name == "ppo_kl") {
      ExpectNear(name, MeanOverTokens(batch, kl), want.get<double>(), 1.0);
    } else if (name == "pg_clipfrac") {
      ExpectNear(name, MeanOverTokens(batch, clipped), want.get<double>(), 1.0);
    } else if (name == "pg_clipfrac_lower") {
      ExpectNear(name, MeanOverTokens(batch, dual), want.get<double>(), 1.0);
    } else {
      ADD_FAILURE() << "unknown metric " << name;
    }
  }
}

}  // namespace

void CheckPolicyLoss(const Json& inputs, GoldenParams& params, const Json& expect) {
  GoldenBatch batch(inputs, params);
  CheckSelection(expect, &batch);
  const TokenLosses losses = batch.Evaluate();
  ExpectLoss(batch, losses.loss, expect);
  ExpectGradient(batch.mask, batch.Weighted(losses.gradient), expect.at("grad"));
  CheckMetrics(batch, losses, expect.at("metrics"));
}

void CheckTotalLoss(const Json& inputs, GoldenParams& params, const Json& expect) {
  const GoldenBatch batch(inputs, params);
  const std::vector<double> ref_logp = Floats(inputs.at("ref_log_prob"));
  const std::vector<double> entropy = Floats(inputs.at("entropy"));
  ASSERT_TRUE(params.Bool("use_kl_loss", false));
  const KlKind kind = ParseKlKind("kl_loss_type", params.Text("kl_loss_type")).value();
  const double kl_coef = params.Number("kl_loss_coef");
  const double entropy_coeff = params.Number("entropy_coeff");
  const TokenLosses losses = batch.Evaluate();
  std::vector<double> kl(ref_logp.size()), gradient(kl.size()), entropy_gradient(kl.size());
  for (size_t t = 0; t < kl.size(); ++t) {
    const KlTerm term = EvaluateKl(kind, batch.logp[t], ref_logp[t]);
    kl[t] = term.value;
    gradient[t] = losses.gradient[t] + kl_coef * term.gradient;
    entropy_gradient[t] = -entropy_coeff;
  }
  const double pg = Aggregate(batch.weights, batch.offsets, batch.mask, losses.loss);
  const double kl_loss = Aggregate(batch.weights, batch.offsets, batch.mask, kl);
  const double mean_entropy = Aggregate(batch.weights, batch.offsets, batch.mask, entropy);
  ExpectNear("pg_loss", pg, expect.at("pg_loss").get<double>(), 1.0);
  ExpectNear("kl_loss", kl_loss, expect.at("kl_loss").get<double>(), 1.0);
  ExpectNear("entropy", mean_entropy, expect.at("entropy").get<double>(), 1.0);
  ExpectNear("loss", pg + kl_coef * kl_loss - entropy_coeff * mean_entropy,
             expect.at("loss").get<double>(), 1.0);
  ExpectGradient(batch.mask, batch.Weighted(gradient), expect.at("grad"));
  ExpectGradient(batch.mask, batch.Weighted(entropy_gradient), expect.at("grad_entropy"));
}

void CheckMicroBatch(const Json& inputs, GoldenParams& params, const Json& expect) {
  const GoldenBatch batch(inputs, params);
  const TokenLosses losses = batch.Evaluate();
  ExpectLoss(batch, losses.loss, expect);
  if (expect.contains("grad")) {
    ExpectGradient(batch.mask, batch.Weighted(losses.gradient), expect.at("grad"));
  }
  double total = 0;
  for (const Json& part : expect.at("parts")) {
    std::vector<uint8_t> mask(batch.mask.size(), 0);
    for (const Json& row : part.at("rows")) {
      const size_t i = row.get<size_t>();
      std::copy(batch.mask.begin() + static_cast<ptrdiff_t>(batch.offsets[i]),
                batch.mask.begin() + static_cast<ptrdiff_t>(batch.offsets[i + 1]),
                mask.begin() + static_cast<ptrdiff_t>(batch.offsets[i]));
    }
    const double loss = Aggregate(batch.weights, batch.offsets, mask, losses.loss);
    ExpectNear("part", loss, part.at("loss").get<double>(), 1.0);
    total += loss;
  }
  ExpectNear("sum of parts", total, expect.at("loss").get<double>(), 1.0);
}

void CheckAggregate(const Json& inputs, GoldenParams& params, const Json& expect) {
  const std::vector<size_t> offsets = Offsets(inputs.at("mask"));
  const std::vector<uint8_t> mask = Mask(inputs.at("mask"));
  std::vector<double> loss = Floats(inputs.at("loss"));
  AggregationWeights weights;
  weights.mode = ParseLossAggregation(params.Text("loss_agg_mode")).value();
  weights.counts = CountBatch(offsets, mask);
  weights.loss_scale_factor = params.Number("loss_scale_factor", 1);
  if (params.Has("batch_num_tokens")) {
    weights.counts.num_tokens = params.At("batch_num_tokens").get<size_t>();
  }
  if (params.Has("global_batch_size")) {
    weights.counts.num_sequences = params.At("global_batch_size").get<size_t>();
  }
  const double scale = expect.at("loss_abs").get<double>();
  ExpectNear("loss", Aggregate(weights, offsets, mask, loss), expect.at("loss").get<double>(),
             scale);
  std::vector<double> gradient(mask.size(), 0.0);
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    const size_t count = CountMasked(mask, offsets[i], offsets[i + 1]);
    for (size_t t = offsets[i]; t < offsets[i + 1]; ++t) {
      if (mask[t]) gradient[t] = weights.OfSequence(count);
    }
  }
  ExpectGradient(mask, gradient, expect.at("grad"));
  for (double& value : loss) value = std::abs(value);
  ExpectNear("loss_abs", Aggregate(weights, offsets, mask, loss), scale, scale);
}

void CheckKl(const Json& inputs, GoldenParams& params, const Json& expect) {
  const std::vector<double> logp = Floats(inputs.at("log_prob"));
  const std::vector<double> ref_logp = Floats(inputs.at("ref_log_prob"));
  const KlKind kind = ParseKlKind("kl_loss_type", params.Text("kl_loss_type")).value();
  EXPECT_EQ(ParseKlKind("kl_loss_type", params.Text("oracle_name")).value(), kind);
  std::vector<double> values, gradients;
  for (size_t t = 0; t < logp.size(); ++t) {
    const KlTerm term = EvaluateKl(kind, logp[t], ref_logp[t]);
    values.push_back(term.value);
    gradients.push_back(term.gradient);
  }
  ExpectAllNear("kl", values, Doubles(expect.at("kl")));
  ExpectAllNear("grad", gradients, Doubles(expect.at("grad")));
}

void CheckKlInReward(const Json& inputs, GoldenParams& params, const Json& expect) {
  const std::vector<size_t> offsets = Offsets(inputs.at("mask"));
  const KlKind kind = ParseKlKind("kl_penalty", params.Text("kl_penalty")).value();
  KlControl control;
  control.adaptive = params.Text("kl_ctrl.type") == "adaptive";
  control.kl_coef = params.Number("kl_ctrl.kl_coef");
  control.target_kl = params.Number("kl_ctrl.target_kl", control.target_kl);
  control.horizon = params.Number("kl_ctrl.horizon", control.horizon);
  const KlPenalisedRewards got =
      PenaliseRewards(kind, control.kl_coef, offsets, Mask(inputs.at("mask")),
                      Floats(inputs.at("token_level_scores")), Floats(inputs.at("old_log_prob")),
                      Floats(inputs.at("ref_log_prob")));
  ExpectAllNear("token_level_rewards", got.token_reward, Doubles(expect.at("token_level_rewards")));
  ExpectNear("mean_kl", got.mean_kl, expect.at("mean_kl").get<double>(), 1.0);
  ExpectNear("next_kl_coef", NextKlCoef(control, control.kl_coef, got.mean_kl, got.num_sequences),
             expect.at("next_kl_coef").get<double>(), 1.0);
}

}  // namespace winnow::learner
