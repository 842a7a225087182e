#include "model/head.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

// The head in float64 with all logits at once (T6 of learner.md §11).
struct NaiveHead {
  size_t vocab, width;
  double temperature;
  std::vector<double> log_prob, entropy;
  std::vector<double> dhidden, dw;

  void Run(const std::vector<float>& hidden, const std::vector<float>& w,
           const std::vector<int32_t>& labels,
           const std::vector<device::HeadRowGradient<float>>& gradients) {
    dhidden.assign(hidden.size(), 0);
    dw.assign(w.size(), 0);
    for (size_t row = 0; row < labels.size(); ++row) {
      std::vector<double> z(vocab);
      double max = -1e300, sum = 0, h = 0;
      for (size_t v = 0; v < vocab; ++v) {
        for (size_t c = 0; c < width; ++c) {
          z[v] += static_cast<double>(w[v * width + c]) * hidden[row * width + c];
        }
        max = std::max(max, z[v] /= temperature);
      }
      for (const double value : z) sum += std::exp(value - max);
      const double lse = max + std::log(sum);
      for (const double value : z) h -= std::exp(value - lse) * (value - lse);
      const auto label = static_cast<size_t>(labels[row]);
      log_prob.push_back(z[label] - lse);
      entropy.push_back(h);
      for (size_t v = 0; v < vocab; ++v) {
        const double p = std::exp(z[v] - lse);
        const double dz = (gradients[row].log_prob * ((v == label) - p) -
                           gradients[row].entropy * p * (z[v] - lse + h)) /
                          temperature;
        for (size_t c = 0; c < width; ++c) {
          dhidden[row * width + c] += dz * w[v * width + c];
          dw[v * width + c] += dz * hidden[row * width + c];
        }
      }
    }
  }
};

double RelativeDistance(const std::vector<float>& got, const std::vector<double>& want) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    difference += std::pow(got[i] - want[i], 2);
    norm += want[i] * want[i];
  }
  return std::sqrt(difference / norm);
}

std::vector<float> Noise(size_t size, double scale, uint64_t seed) {
  std::vector<float> values(size);
  const auto hash = StreamHash({.seed = seed});
  for (size_t i = 0; i < size; ++i) {
    const auto words = Draw(hash, static_cast<uint32_t>(i), NoisePurpose::kInverseCdf, 0);
    values[i] = static_cast<float>(scale * (2 * UnitDouble(words) - 1));
  }
  return values;
}

struct Case {
  size_t vocab, rows;
  double temperature, logit_scale;
};

class HeadTest : public testing::TestWithParam<Case> {};

TEST_P(HeadTest, AgreesWithTheNaiveHeadInFloat64) {
  constexpr size_t kWidth = 8;
  const auto [vocab, rows, temperature, logit_scale] = GetParam();
  ThreadPool pool(2);
  const auto ops = *device::MakeCpuOps(device::Arithmetic::kF32, &pool);
  const std::vector<float> w = Noise(vocab * kWidth, logit_scale / 2, 1);
  const std::vector<float> hidden = Noise(rows * kWidth, 1.0, 2);
  const auto packed = ops->Pack(w.data(), vocab, kWidth, device::PackFor::kForwardAndInputGradient);
  std::vector<float> dw(w.size(), 0.0f), dhidden(hidden.size());
  const Linear<float> matrix{
      .n = vocab, .k = kWidth, .weight = packed.get(), .weight_gradient = dw.data()};
  HeadRows head_rows;
  for (size_t row = 0; row < rows; ++row) {
    head_rows.labels.push_back(static_cast<int32_t>(row % 2 == 0 ? vocab - 1 : row % vocab));
  }
  for (size_t begin = 0; begin < rows; begin += 64) {
    head_rows.blocks.push_back({begin, std::min(rows, begin + 64)});
  }
  const auto gradients = MakeGradients<float>(rows);
  Head<float> head(ops.get(), &matrix);
  const TrainOptions options{.temperature = temperature};
  HeadValues<float> values;
  head.Forward(hidden.data(), head_rows, options, nullptr, &values);
  head.Backward(hidden.data(), head_rows, options, nullptr, gradients, dhidden.data());

  NaiveHead naive{.vocab = vocab, .width = kWidth, .temperature = temperature};
  naive.Run(hidden, w, head_rows.labels, gradients);
  for (size_t row = 0; row < rows; ++row) {
    const double scale = 1 + std::abs(naive.log_prob[row]);
    EXPECT_NEAR(values.log_prob[row], naive.log_prob[row], 2e-6 * scale) << row;
    EXPECT_NEAR(values.entropy[row], naive.entropy[row], 2e-6 * scale + 2e-6 * logit_scale) << row;
  }
  EXPECT_LE(RelativeDistance(dhidden, naive.dhidden), 2e-5);
  EXPECT_LE(RelativeDistance(dw, naive.dw), 2e-5);
}

INSTANTIATE_TEST_SUITE_P(Sizes, HeadTest,
                         testing::Values(Case{11, 70, 1.0, 2}, Case{1000, 70, 0.3, 2},
                                         Case{997, 130, 2.0, 4}, Case{1000, 20, 1.0, 80},
                                         Case{151936, 3, 1.0, 4}));

TEST(HeadMemoryTest, HoldsOneChunkOfLogits) {
  constexpr size_t kVocab = 151936, kWidth = 2, kRows = 130;
  ThreadPool pool(2);
  const auto ops = *device::MakeCpuOps(device::Arithmetic::kF32, &pool);
  const std::vector<float> w = Noise(kVocab * kWidth, 1.0, 1);
  const std::vector<float> hidden = Noise(kRows * kWidth, 1.0, 2);
  const auto packed = ops->Pack(w.data(), kVocab, kWidth, device::PackFor::kForward);
  const Linear<float> matrix{.n = kVocab, .k = kWidth, .weight = packed.get()};
  HeadRows rows{.labels = std::vector<int32_t>(kRows, 5),
                .blocks = {{0, 64}, {64, 128}, {128, 130}}};
  Head<float> head(ops.get(), &matrix);
  HeadValues<float> values;
  head.Forward(hidden.data(), rows, {.head_chunk_bytes = kHeadChunkBytes}, nullptr, &values);
  EXPECT_EQ(values.log_prob.size(), kRows);
  EXPECT_LE(head.size_bytes(), size_t{64} << 20);
}

}  // namespace
}  // namespace winnow::model
