#include "learner/optim/adamw.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace winnow::learner {
namespace {

constexpr size_t kGrain = 1 << 14;  // elements a thread takes at once

// The constants of one update, as the inner loop reads them.
struct StepConstants {
  double factor;  // of the gradient
  double decay;   // 1 − η·λ, or 1
  double beta1, beta2;
  double rate;         // η/(1 − β1^k)
  double correction2;  // 1 − β2^k
  double eps;
};

template <typename Real>
void UpdateRange(const StepConstants c, size_t count, const Real* __restrict g, Real* __restrict p,
                 Real* __restrict m1, Real* __restrict m2) {
  for (size_t i = 0; i < count; ++i) {
    const double gradient = static_cast<double>(g[i]) * c.factor;
    const double first = c.beta1 * static_cast<double>(m1[i]) + (1.0 - c.beta1) * gradient;
    const double second =
        c.beta2 * static_cast<double>(m2[i]) + (1.0 - c.beta2) * (gradient * gradient);
    const double decayed = static_cast<double>(p[i]) * c.decay;
    p[i] =
        static_cast<Real>(decayed - c.rate * first / (std::sqrt(second / c.correction2) + c.eps));
    m1[i] = static_cast<Real>(first);
    m2[i] = static_cast<Real>(second);
  }
}

template <typename Real>
class AdamW : public Optimizer<Real> {
 public:
  AdamW(const OptimizerOptions& options, std::vector<ParameterSegment> segments, ThreadPool* pool)
      : options_(options), segments_(std::move(segments)), pool_(pool) {
    size_t size = 0;
    for (const ParameterSegment& segment : segments_) size += segment.size;
    first_moment_.assign(size, Real{0});
    second_moment_.assign(size, Real{0});
  }

  void Update(double learning_rate, double gradient_factor, std::span<const Real> gradient,
              std::span<Real> parameters) override {
    WINNOW_CHECK_EQ(gradient.size(), first_moment_.size());
    WINNOW_CHECK_EQ(parameters.size(), first_moment_.size());
    ++num_updates_;
    const double k = static_cast<double>(num_updates_);
    StepConstants constants = {
        .factor = gradient_factor,
        .decay = 1.0,
        .beta1 = options_.beta1,
        .beta2 = options_.beta2,
        .rate = learning_rate / (1.0 - std::pow(options_.beta1, k)),
        .correction2 = 1.0 - std::pow(options_.beta2, k),
        .eps = options_.eps,
    };
    size_t offset = 0;
    for (const ParameterSegment& segment : segments_) {
      constants.decay = segment.decayed ? 1.0 - learning_rate * options_.weight_decay : 1.0;
      pool_->ParallelFor(segment.size, kGrain, [&, offset](size_t begin, size_t end) {
        const size_t at = offset + begin;
        UpdateRange(constants, end - begin, gradient.data() + at, parameters.data() + at,
                    first_moment_.data() + at, second_moment_.data() + at);
      });
      offset += segment.size;
    }
  }

  uint64_t num_updates() const override { return num_updates_; }
  void set_num_updates(uint64_t num_updates) override { num_updates_ = num_updates; }
  std::span<Real> first_moment() override { return first_moment_; }
  std::span<Real> second_moment() override { return second_moment_; }

 private:
  const OptimizerOptions options_;
  const std::vector<ParameterSegment> segments_;
  ThreadPool* const pool_;
  uint64_t num_updates_ = 0;
  std::vector<Real> first_moment_;
  std::vector<Real> second_moment_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Optimizer<Real>> MakeAdamW(const OptimizerOptions& options,
                                           std::vector<ParameterSegment> segments,
                                           ThreadPool* pool) {
  return std::make_unique<AdamW<Real>>(options, std::move(segments), pool);
}

template std::unique_ptr<Optimizer<float>> MakeAdamW(const OptimizerOptions&,
                                                     std::vector<ParameterSegment>, ThreadPool*);
template std::unique_ptr<Optimizer<double>> MakeAdamW(const OptimizerOptions&,
                                                      std::vector<ParameterSegment>, ThreadPool*);

}  // namespace winnow::learner
