#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace winnow::orchestrator {

// A stream of draws that is a pure function of (seed, family, attempt): Philox4x32-10 under the
// seed, its counter made of XXH3-64 of the family's name, the attempt and the draw's number.
class KeyedDraws {
 public:
  KeyedDraws(uint64_t seed, std::string_view family, uint32_t attempt);

  // Uniform in [0, bound). REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [low, high].
  int64_t Between(int64_t low, int64_t high);
  // True with chance numerator / denominator.
  bool Chance(uint64_t numerator, uint64_t denominator) { return Below(denominator) < numerator; }
  template <typename T>
  const T& Pick(const std::vector<T>& items) {
    return items[Below(items.size())];
  }
  template <typename T>
  void Shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Below(i)]);
  }

 private:
  const uint64_t seed_;
  const uint64_t family_;
  const uint32_t attempt_;
  uint32_t draw_ = 0;
};

}  // namespace winnow::orchestrator
