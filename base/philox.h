#pragma once

#include <array>
#include <cstdint>

#include "base/ids.h"

namespace winnow {

// Philox4x32-10 of Salmon et al., SC'11: a bijection of the 128-bit counter under a 64-bit key.
std::array<uint32_t, 4> Philox(std::array<uint32_t, 2> key, std::array<uint32_t, 4> counter);

// What a stream of keyed noise is used for; part of the key (speculation.md §1.2, greso.md §2.3).
enum class NoiseUse : uint32_t {
  kTrain = 0,
  kEval = 1,
  kGenerate = 2,
  kBench = 3,
  kFilter = 4,
  kCovariance = 5,
  kInit = 6,     // keyed initial values (LoRA A, models made by `winnow sft --init`)
  kShuffle = 7,  // epoch permutations
};

// Which draw at a position (speculation.md §1.2).
enum class NoisePurpose : uint32_t {
  kInverseCdf = 0,
  kGumbel = 1,
  kDraft = 2,
  kAccept = 3,
  kResidual = 4,
};

// The noise of one sample: every draw is a pure function of the fields and of the position.
struct NoiseKey {
  uint64_t seed = 0;  // run.seed
  PromptId prompt;
  uint32_t step = 0;  // policy step of the group's dispatch (filters: epoch)
  NoiseUse use = NoiseUse::kTrain;
  uint32_t occurrence = 0;  // < 256
  uint32_t sample = 0;      // index in the group, < 2^20
};

// Branch path hash h of a stream's trunk, then of each enclosing parallel block (speculation §1.2).
std::array<uint32_t, 4> StreamHash(const NoiseKey& key);
std::array<uint32_t, 4> FoldBranch(const std::array<uint32_t, 4>& hash, uint32_t block,
                                   uint32_t path);
// One draw; `sub` < 2^24.
std::array<uint32_t, 4> Draw(const std::array<uint32_t, 4>& hash, uint32_t position,
                             NoisePurpose purpose, uint32_t sub);

// Uniform double in [0, 1) from the low 64 bits: ((x1 << 32 | x0) >> 11) * 2^-53.
double UnitDouble(const std::array<uint32_t, 4>& words);

// u of greso.md §2.3 for draw `d` of an offer (prompt, epoch).
double FilterUniform(uint64_t seed, PromptId prompt, uint32_t epoch, uint32_t d);

}  // namespace winnow
