#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace winnow::device {

// How test values are spread: the cases of cpu.md §1.
enum class Spread { kNormal, kHeavyTailed, kTiny, kPowersOfTwo };

inline std::string SpreadName(Spread spread) {
  switch (spread) {
    case Spread::kNormal:
      return "normal";
    case Spread::kHeavyTailed:
      return "heavy-tailed";
    case Spread::kTiny:
      return "tiny";
    case Spread::kPowersOfTwo:
      return "powers of two";
  }
  return "";
}

inline constexpr Spread kSpreads[] = {Spread::kNormal, Spread::kHeavyTailed, Spread::kTiny,
                                      Spread::kPowersOfTwo};

template <typename Real>
std::vector<Real> RandomTensor(size_t count, uint32_t seed, double scale = 1,
                               Spread spread = Spread::kNormal) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<Real> values(count);
  for (Real& value : values) {
    const double x = normal(engine);
    double y = x;
    switch (spread) {
      case Spread::kNormal:
        break;
      case Spread::kHeavyTailed:
        y = x * x * x * std::exp(2 * normal(engine));
        break;
      case Spread::kTiny:
        y = x * std::exp2(-60 - static_cast<int>(engine() % 40));
        break;
      case Spread::kPowersOfTwo:
        y = std::copysign(std::exp2(static_cast<int>(engine() % 24) - 12), x);
        break;
    }
    value = static_cast<Real>(y * scale);
  }
  return values;
}

// Index of the first element whose bits differ, or the length.
template <typename T>
size_t FirstDifference(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0) return i;
  }
  return a.size();
}

template <typename T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Central differences of a scalar function of `x`, one element at a time.
inline std::vector<double> NumericGradient(std::vector<double>* x,
                                           const std::function<double()>& objective,
                                           double step = 1e-5) {
  std::vector<double> gradient(x->size());
  for (size_t i = 0; i < x->size(); ++i) {
    const double saved = (*x)[i];
    (*x)[i] = saved + step;
    const double up = objective();
    (*x)[i] = saved - step;
    const double down = objective();
    (*x)[i] = saved;
    gradient[i] = (up - down) / (2 * step);
  }
  return gradient;
}

inline double DotProduct(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Blocks of at most 64 rows over [0, rows), as one sequence gives them.
template <typename Block>
std::vector<Block> BlocksOf(size_t rows) {
  std::vector<Block> blocks;
  for (size_t begin = 0; begin < rows; begin += 64)
    blocks.push_back({begin, begin + 64 < rows ? begin + 64 : rows});
  return blocks;
}

}  // namespace winnow::device
