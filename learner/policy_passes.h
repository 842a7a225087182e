#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "learner/packing.h"
#include "model/policy.h"

namespace winnow::learner {

// A sequence as the passes below take it: its tokens, and m over its response.
struct PassInput {
  std::span<const int32_t> tokens;
  size_t prompt_length = 0;
  std::span<const uint8_t> mask;  // [tokens.size() − prompt_length]
  size_t group = 0;               // samples of a prompt have the same
};

// Micro-batches of `inputs`; prompts are shared where they are equal. Errors: those of PackGroups.
Result<std::vector<MicroBatch>> PackInputs(std::span<const PassInput> inputs,
                                           const PackingLimits& limits);

// The sequences of one micro-batch in the form that a Policy takes, with their masks over all
// tokens. Owns the masks; tokens and the micro-batch are borrowed.
class PassRows {
 public:
  PassRows(std::span<const PassInput> inputs, const MicroBatch& micro);
  std::span<const model::TrainSequence> sequences() const { return sequences_; }

  // Calls body(index, response position) for each wanted token, in the order of HeadValues.
  template <typename Body>
  void ForEachWanted(const Body& body) const {
    for (size_t i = 0; i < order_.size(); ++i) {
      const PassInput& input = inputs_[order_[i]];
      for (size_t t = 0; t < input.mask.size(); ++t) {
        if (input.mask[t]) body(order_[i], t);
      }
    }
  }

 private:
  const std::span<const PassInput> inputs_;
  const std::span<const size_t> order_;
  std::vector<std::vector<uint8_t>> masks_;
  std::vector<model::TrainSequence> sequences_;
};

// x of every wanted token of `inputs`, without gradient, in micro-batches; out[i] is [response] of
// input i, 0 where the mask is 0. Errors: those of PackGroups.
template <typename Real>
Result<std::vector<std::vector<double>>> LogProbPass(std::span<const PassInput> inputs,
                                                     const PackingLimits& limits,
                                                     double temperature,
                                                     model::Policy<Real>* policy);

}  // namespace winnow::learner
