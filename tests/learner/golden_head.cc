// Golden families of folders that the learner rests on: head (device operations, float32 and
// double) and overlong (a verifier).
#include <memory>

#include "base/thread_pool.h"
#include "device/ops.h"
#include "reward/registry.h"
#include "tests/learner/golden_case.h"

namespace winnow::learner {
namespace {

template <typename Real>
std::vector<Real> Reals(const Json& json) {
  std::vector<Real> out;
  for (double value : Floats(json)) out.push_back(static_cast<Real>(value));
  return out;
}

// float32 is held to 2e-5 of the largest value, float64 to the tolerance of all families.
template <typename Real>
GoldenTolerance HeadTolerance() {
  if (sizeof(Real) == sizeof(double)) return {};
  return {.relative = 0, .absolute = 2e-5};
}

template <typename Real>
void CheckHeadWith(device::Ops<Real>* ops, const Json& inputs, double temperature,
                   const Json& expect) {
  SCOPED_TRACE(ops->kernels());
  const size_t rows = inputs.at("hidden").size(), width = inputs.at("hidden").at(0).size();
  const size_t vocabulary = inputs.at("weight").size();
  const std::vector<Real> hidden = Reals<Real>(inputs.at("hidden"));
  const std::vector<Real> weight = Reals<Real>(inputs.at("weight"));
  const std::vector<Real> reference_weight = Reals<Real>(inputs.at("ref_weight"));
  std::vector<int32_t> labels;
  for (const Json& label : inputs.at("labels")) labels.push_back(label.get<int32_t>());
  const std::vector<double> coef_log_prob = Floats(inputs.at("coef_log_prob"));
  const std::vector<double> coef_entropy = Floats(inputs.at("coef_entropy"));
  const std::vector<double> coef_kl = Floats(inputs.at("coef_kl"));

  const auto packed =
      ops->Pack(weight.data(), vocabulary, width, device::PackFor::kForwardAndInputGradient);
  const auto reference =
      ops->Pack(reference_weight.data(), vocabulary, width, device::PackFor::kForward);
  std::vector<Real> z(rows * vocabulary), reference_z(rows * vocabulary), kl(rows);
  std::vector<device::LogSoftmaxStats<Real>> stats(rows), reference_stats(rows);
  ops->Linear(hidden.data(), rows, *packed, z.data());
  ops->LogSoftmaxRows(z.data(), rows, vocabulary, temperature, stats.data());
  ops->Linear(hidden.data(), rows, *reference, reference_z.data());
  ops->LogSoftmaxRows(reference_z.data(), rows, vocabulary, temperature, reference_stats.data());
  ops->KlRows(z.data(), stats.data(), reference_z.data(), reference_stats.data(), rows, vocabulary,
              kl.data());

  std::vector<double> log_prob, entropy, sum_prob_squared;
  std::vector<device::HeadRowGradient<Real>> gradients;
  double objective = 0;
  for (size_t r = 0; r < rows; ++r) {
    const double lse = static_cast<double>(stats[r].max) + static_cast<double>(stats[r].log_sum);
    log_prob.push_back(static_cast<double>(z[r * vocabulary + static_cast<size_t>(labels[r])]) -
                       lse);
    entropy.push_back(static_cast<double>(stats[r].entropy));
    double squares = 0;
    for (size_t v = 0; v < vocabulary; ++v) {
      squares += std::exp(2 * (static_cast<double>(z[r * vocabulary + v]) - lse));
    }
    sum_prob_squared.push_back(squares);
    objective += coef_log_prob[r] * log_prob[r] + coef_entropy[r] * entropy[r] +
                 coef_kl[r] * static_cast<double>(kl[r]);
    gradients.push_back({.log_prob = static_cast<Real>(coef_log_prob[r]),
                         .entropy = static_cast<Real>(coef_entropy[r]),
                         .kl = static_cast<Real>(coef_kl[r])});
  }
  const GoldenTolerance tolerance = HeadTolerance<Real>();
  ExpectAllNear("log_prob", log_prob, Doubles(expect.at("log_prob")), tolerance);
  ExpectAllNear("entropy", entropy, Doubles(expect.at("entropy")), tolerance);
  ExpectAllNear("kl_full", kl, Doubles(expect.at("kl_full")), tolerance);
  ExpectAllNear("sum_prob_squared", sum_prob_squared, Doubles(expect.at("sum_prob_squared")),
                tolerance);
  const double want = expect.at("objective").get<double>();
  ExpectNear("objective", objective, want, std::max(1.0, std::abs(want)), tolerance);

  ops->LogSoftmaxGradient(z.data(), rows, vocabulary, temperature, stats.data(), labels, gradients,
                          reference_z.data(), reference_stats.data(), kl.data());
  std::vector<Real> grad_hidden(hidden.size()), grad_weight(weight.size(), Real{0});
  ops->LinearInputGradient(z.data(), rows, *packed, grad_hidden.data());
  const std::vector<device::RowBlock> blocks = {{0, rows}};
  ops->LinearWeightGradient(z.data(), hidden.data(), vocabulary, width, blocks, grad_weight.data());
  ExpectAllNear("grad_hidden", grad_hidden, Doubles(expect.at("grad_hidden")), tolerance);
  ExpectAllNear("grad_weight", grad_weight, Doubles(expect.at("grad_weight")), tolerance);
}

}  // namespace

void CheckHead(const Json& inputs, GoldenParams& params, const Json& expect) {
  ThreadPool pool(2);
  const double temperature = params.Number("temperature");
  const auto fast = device::MakeCpuOps(device::Arithmetic::kF32, &pool);
  ASSERT_TRUE(fast.ok()) << fast.status().ToString();
  CheckHeadWith<float>(fast->get(), inputs, temperature, expect);
  CheckHeadWith<double>(device::MakeReferenceOps(&pool).get(), inputs, temperature, expect);
}

void CheckOverlong(const Json& inputs, GoldenParams& params, const Json& expect) {
  const double factor = params.Number("overlong_buffer.penalty_factor");
  const auto verifier = reward::MakeVerifier(
      "overlong", {{"max_response_length", params.At("max_response_length").dump()},
                   {"overlong_buffer.len", params.At("overlong_buffer.len").dump()},
                   {"overlong_buffer.penalty_factor", std::to_string(factor)}});
  ASSERT_TRUE(verifier.ok()) << verifier.status().ToString();
  const std::vector<size_t> lengths = Indices(inputs.at("response_length"));
  const std::vector<double> want = Doubles(expect.at("penalty"));
  ASSERT_EQ(lengths.size(), want.size());
  for (size_t i = 0; i < lengths.size(); ++i) {
    const reward::Sample sample = {.response_tokens = static_cast<uint32_t>(lengths[i])};
    reward::Verdict verdict;
    (*verifier)->Verify(std::span(&sample, 1), reward::Deadline::Never(), std::span(&verdict, 1));
    ASSERT_TRUE(verdict.is_scored()) << verdict.ToString();
    // The oracle computed the penalty in float32: 1e-6 of penalty_factor (the file's note).
    ExpectNear("penalty", static_cast<double>(verdict.reward()), want[i], factor,
               {.relative = 0, .absolute = 1e-6});
  }
}

}  // namespace winnow::learner
