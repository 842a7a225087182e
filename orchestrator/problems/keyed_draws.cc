#include "orchestrator/problems/keyed_draws.h"

#include "base/check.h"
#include "base/digest.h"
#include "base/philox.h"

namespace winnow::orchestrator {

KeyedDraws::KeyedDraws(uint64_t seed, std::string_view family, uint32_t attempt)
    : seed_(seed), family_(Hash64(family)), attempt_(attempt) {}

uint64_t KeyedDraws::Below(uint64_t bound) {
  WINNOW_CHECK_GT(bound, 0u);
  const auto words = Philox(
      {static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)},
      {static_cast<uint32_t>(family_), static_cast<uint32_t>(family_ >> 32), attempt_, draw_++});
  const uint64_t bits = static_cast<uint64_t>(words[1]) << 32 | words[0];
  // The high word of bits · bound: uniform up to bound / 2^64.
  __extension__ typedef unsigned __int128 Wide;
  return static_cast<uint64_t>(static_cast<Wide>(bits) * bound >> 64);
}

int64_t KeyedDraws::Between(int64_t low, int64_t high) {
  WINNOW_CHECK_LE(low, high);
  return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1));
}

}  // namespace winnow::orchestrator
