#include "learner/advantage/whiten.h"

#include <cmath>

#include "base/format.h"

namespace winnow::learner {
namespace {

template <typename Body>
void ForEachCounted(const AdvantageInput& input, const Body& body) {
  for (size_t i = 0; i < input.num_sequences(); ++i) {
    if (!input.scored[i]) continue;
    for (size_t t = input.offsets[i]; t < input.offsets[i + 1]; ++t) {
      if (input.mask[t]) body(t);
    }
  }
}

}  // namespace

Status Whiten(const AdvantageInput& input, std::span<double> values) {
  constexpr double kSmall = 1e-8;
  double count = 0, sum = 0, squares = 0;
  ForEachCounted(input, [&](size_t t) {
    count += 1;
    sum += values[t];
  });
  if (count < 2) {
    return InvalidArgument(
        Format("whitening of advantages needs at least 2 trained tokens in a batch: {}", count));
  }
  const double mean = sum / (count + kSmall);
  ForEachCounted(input, [&](size_t t) { squares += (values[t] - mean) * (values[t] - mean); });
  const double variance = squares / (count + kSmall) * (count / (count - 1));
  const double scale = 1.0 / std::sqrt(variance + kSmall);
  ForEachCounted(input, [&](size_t t) { values[t] = (values[t] - mean) * scale; });
  return OkStatus();
}

}  // namespace winnow::learner
