#pragma once

#include <cstdint>
#include <vector>

#include "learner/advantage/interface.h"

namespace winnow::learner {

// An AdvantageInput of sequences of equal length, for tests: add samples, then call Input().
struct AdvantageBatch {
  std::vector<size_t> offsets = {0};
  std::vector<uint8_t> mask;
  std::vector<size_t> group;
  std::vector<uint8_t> scored;
  std::vector<double> reward;
  std::vector<double> token_reward;

  // A sample whose tokens have the given mask; its reward lies on the last token with m = 1.
  void Add(size_t group_id, double sample_reward, std::vector<uint8_t> sample_mask,
           bool is_scored = true) {
    group.push_back(group_id);
    reward.push_back(sample_reward);
    scored.push_back(is_scored);
    token_reward.resize(mask.size() + sample_mask.size(), 0.0);
    for (size_t t = sample_mask.size(); t-- > 0;) {
      if (!sample_mask[t]) continue;
      token_reward[mask.size() + t] = sample_reward;
      break;
    }
    mask.insert(mask.end(), sample_mask.begin(), sample_mask.end());
    offsets.push_back(mask.size());
  }
  AdvantageInput Input() const {
    return {.offsets = offsets,
            .mask = mask,
            .group = group,
            .scored = scored,
            .reward = reward,
            .token_reward = token_reward};
  }
};

}  // namespace winnow::learner
