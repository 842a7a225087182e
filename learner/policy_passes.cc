#include "learner/policy_passes.h"

#include <algorithm>

#include "base/check.h"

namespace winnow::learner {
namespace {

bool HaveEqualPrompts(const PassInput& a, const PassInput& b) {
  return a.group == b.group && a.prompt_length == b.prompt_length &&
         std::equal(a.tokens.begin(), a.tokens.begin() + static_cast<ptrdiff_t>(a.prompt_length),
                    b.tokens.begin());
}

}  // namespace

Result<std::vector<MicroBatch>> PackInputs(std::span<const PassInput> inputs,
                                           const PackingLimits& limits) {
  std::vector<SequenceSize> sizes;
  size_t group = 0;  // of the sequence before: a new one where groups or prompts differ
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i > 0 && !HaveEqualPrompts(inputs[i - 1], inputs[i])) ++group;
    sizes.push_back({.length = inputs[i].tokens.size(),
                     .prompt_length = inputs[i].prompt_length,
                     .group = group});
  }
  return PackGroups(sizes, limits);
}

PassRows::PassRows(std::span<const PassInput> inputs, const MicroBatch& micro)
    : inputs_(inputs), order_(micro.sequences) {
  masks_.reserve(order_.size());
  for (size_t i = 0; i < order_.size(); ++i) {
    const PassInput& input = inputs[order_[i]];
    WINNOW_CHECK_EQ(input.prompt_length + input.mask.size(), input.tokens.size());
    std::vector<uint8_t> mask(input.tokens.size(), 0);
    std::transform(input.mask.begin(), input.mask.end(),
                   mask.begin() + static_cast<ptrdiff_t>(input.prompt_length),
                   [](uint8_t m) { return static_cast<uint8_t>(m != 0); });
    masks_.push_back(std::move(mask));
    sequences_.push_back(
        {.tokens = input.tokens, .mask = masks_.back(), .num_shared = micro.num_shared[i]});
  }
}

template <typename Real>
Result<std::vector<std::vector<double>>> LogProbPass(std::span<const PassInput> inputs,
                                                     const PackingLimits& limits,
                                                     double temperature,
                                                     model::Policy<Real>* policy) {
  std::vector<std::vector<double>> out;
  for (const PassInput& input : inputs) out.emplace_back(input.mask.size(), 0.0);
  WINNOW_ASSIGN_OR_RETURN(const std::vector<MicroBatch> packed, PackInputs(inputs, limits));
  for (const MicroBatch& micro : packed) {
    const PassRows rows(inputs, micro);
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
