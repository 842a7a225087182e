#include "learner/objective.h"

#include <cmath>

namespace winnow::learner {

LossTokens MiniBatch::Tokens() const {
  return {.offsets = offsets,
          .mask = mask,
          .logp = logp,
          .old_logp = old_logp,
          .advantage = advantage,
          .weight = weight,
          .selected = selected};
}

MiniBatch GatherMiniBatch(const TokenBatch& batch, std::span<const size_t> sequences) {
  MiniBatch mini;
  for (size_t i : sequences) {
    const size_t begin = batch.offsets[i], end = batch.offsets[i + 1];
    const size_t count = CountMasked(batch.mask, begin, end);
    if (count == 0) continue;
    mini.members.push_back(i);
    mini.identities.push_back(batch.sequences[i].identity);
    mini.counts.num_tokens += count;
    ++mini.counts.num_sequences;
    const auto append = [&](const auto& from, auto* to) {
      if (from.empty()) return;
      to->insert(to->end(), from.begin() + static_cast<ptrdiff_t>(begin),
                 from.begin() + static_cast<ptrdiff_t>(end));
    };
    append(batch.mask, &mini.mask);
    append(batch.old_logp, &mini.old_logp);
    append(batch.ref_logp, &mini.ref_logp);
    append(batch.advantage, &mini.advantage);
    append(batch.weight, &mini.weight);
    mini.offsets.push_back(mini.mask.size());
  }
  mini.logp.assign(mini.mask.size(), 0.0);
  mini.entropy.assign(mini.mask.size(), 0.0);
  mini.head_kl.assign(mini.mask.size(), 0.0);
  return mini;
}

Objective::Objective(const ObjectiveOptions& options, const PolicyLoss& loss,
                     const MiniBatch& batch)
    : options_(options),
      loss_(loss),
      batch_(batch),
      weights_{.mode = options.loss_agg_mode,
               .counts = batch.counts,
               .loss_scale_factor = options.loss_scale_factor},
      losses_(batch.mask.size()),
      kl_(batch.mask.size(), 0.0),
      gradients_(batch.mask.size()) {}

std::optional<size_t> Objective::EvaluateSequence(size_t seq) {
  const size_t begin = batch_.offsets[seq], end = batch_.offsets[seq + 1];
  loss_.Evaluate(batch_.Tokens(), seq, &losses_);
  const double weight = weights_.OfSequence(CountMasked(batch_.mask, begin, end));
  std::optional<size_t> bad;
  for (size_t t = begin; t < end; ++t) {
    if (!batch_.mask[t]) continue;
    TokenGradient gradient = {.logp = losses_.gradient[t]};
    if (options_.use_kl_loss && options_.kl_loss_type == KlKind::kFull) {
      kl_[t] = batch_.head_kl[t];
      gradient.kl = weight * options_.kl_loss_coef;
    } else if (options_.use_kl_loss) {
      const KlTerm term = EvaluateKl(options_.kl_loss_type, batch_.logp[t], batch_.ref_logp[t]);
      kl_[t] = term.value;
      gradient.logp += options_.kl_loss_coef * term.gradient;
    }
    gradient.logp *= weight;
    if (options_.entropy_coeff != 0) gradient.entropy = -options_.entropy_coeff * weight;
    gradients_[t] = gradient;
    const bool finite = std::isfinite(losses_.loss[t]) && std::isfinite(gradient.logp) &&
                        std::isfinite(batch_.entropy[t]) && std::isfinite(kl_[t]);
    if (!finite && !bad) bad = t;
  }
  return bad;
}

ObjectiveTotals Objective::Totals() const {
  ObjectiveTotals totals;
  totals.pg_loss = Aggregate(weights_, batch_.offsets, batch_.mask, losses_.loss);
  totals.kl_loss = Aggregate(weights_, batch_.offsets, batch_.mask, kl_);
  totals.entropy = Aggregate(weights_, batch_.offsets, batch_.mask, batch_.entropy);
  totals.loss = totals.pg_loss - options_.entropy_coeff * totals.entropy;
  if (options_.use_kl_loss) totals.loss += options_.kl_loss_coef * totals.kl_loss;
  return totals;
}

}  // namespace winnow::learner
