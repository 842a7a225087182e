#include "base/philox.h"

#include "base/check.h"

namespace winnow {
namespace {

uint32_t Low(uint64_t x) { return static_cast<uint32_t>(x); }
uint32_t High(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

}  // namespace

std::array<uint32_t, 4> Philox(std::array<uint32_t, 2> key, std::array<uint32_t, 4> c) {
  constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = static_cast<uint64_t>(kMultiplier0) * c[0];
    const uint64_t p1 = static_cast<uint64_t>(kMultiplier1) * c[2];
    c = {High(p1) ^ c[1] ^ key[0], Low(p1), High(p0) ^ c[3] ^ key[1], Low(p0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return c;
}

std::array<uint32_t, 4> StreamHash(const NoiseKey& key) {
  WINNOW_CHECK_LT(key.occurrence, 1u << 8);
  WINNOW_CHECK_LT(key.sample, 1u << 20);
  const uint32_t tail = static_cast<uint32_t>(key.use) << 28 | key.occurrence << 20 | key.sample;
  return Philox({Low(key.seed), High(key.seed)},
                {Low(key.prompt.value()), High(key.prompt.value()), key.step, tail});
}

std::array<uint32_t, 4> FoldBranch(const std::array<uint32_t, 4>& hash, uint32_t block,
                                   uint32_t path) {
  return Philox({block, path}, hash);
}

std::array<uint32_t, 4> Draw(const std::array<uint32_t, 4>& hash, uint32_t position,
                             NoisePurpose purpose, uint32_t sub) {
  WINNOW_CHECK_LT(sub, 1u << 24);
  return Philox({hash[0], hash[1]},
                {position, static_cast<uint32_t>(purpose) << 24 | sub, hash[2], hash[3]});
}

double UnitDouble(const std::array<uint32_t, 4>& words) {
  const uint64_t bits = static_cast<uint64_t>(words[1]) << 32 | words[0];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

double FilterUniform(uint64_t seed, PromptId prompt, uint32_t epoch, uint32_t d) {
  WINNOW_CHECK_LT(d, 1u << 28);
  return UnitDouble(
      Philox({Low(seed), High(seed)}, {Low(prompt.value()), High(prompt.value()), epoch,
                                       static_cast<uint32_t>(NoiseUse::kFilter) << 28 | d}));
}

}  // namespace winnow
