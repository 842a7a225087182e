#include "learner/policy_passes.h"

#include <algorithm>

#include "base/check.h"

namespace winnow::learner {

PassRows::PassRows(std::span<const PassInput> inputs, std::span<const size_t> order)
    : inputs_(inputs), order_(order) {
  masks_.reserve(order.size());
  for (size_t index : order) {
    const PassInput& input = inputs[index];
    WINNOW_CHECK_EQ(input.prompt_length + input.mask.size(), input.tokens.size());
    std::vector<uint8_t> mask(input.tokens.size(), 0);
    std::transform(input.mask.begin(), input.mask.end(),
                   mask.begin() + static_cast<ptrdiff_t>(input.prompt_length),
                   [](uint8_t m) { return static_cast<uint8_t>(m != 0); });
    masks_.push_back(std::move(mask));
    sequences_.push_back({.tokens = input.tokens, .mask = masks_.back()});
  }
}

template <typename Real>
Result<std::vector<std::vector<double>>> LogProbPass(std::span<const PassInput> inputs,
                                                     const PackingLimits& limits,
                                                     double temperature,
                                                     model::Policy<Real>* policy) {
  std::vector<std::vector<double>> out;
  std::vector<size_t> lengths;
  for (const PassInput& input : inputs) {
    out.emplace_back(input.mask.size(), 0.0);
    lengths.push_back(input.tokens.size());
  }
  WINNOW_ASSIGN_OR_RETURN(const std::vector<MicroBatch> packed, PackSequences(lengths, limits));
  for (const MicroBatch& micro : packed) {
    const PassRows rows(inputs, micro.sequences);
    model::HeadValues<Real> values;
    policy->LogProbs(rows.sequences(), temperature, &values);
    size_t next = 0;
    rows.ForEachWanted(
        [&](size_t i, size_t t) { out[i][t] = static_cast<double>(values.log_prob[next++]); });
    WINNOW_CHECK_EQ(next, values.log_prob.size());
  }
  return out;
}

template Result<std::vector<std::vector<double>>> LogProbPass(std::span<const PassInput>,
                                                              const PackingLimits&, double,
                                                              model::Policy<float>*);
template Result<std::vector<std::vector<double>>> LogProbPass(std::span<const PassInput>,
                                                              const PackingLimits&, double,
                                                              model::Policy<double>*);

}  // namespace winnow::learner
