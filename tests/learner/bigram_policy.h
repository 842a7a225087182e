#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/thread_pool.h"
#include "device/ops.h"
#include "model/policy.h"

namespace winnow::learner {

// A policy whose logits of a token are one row of a table: z = (W[previous] + b)/T. Small enough
// to be computed anew in float64 by a test; `corrupt_*` inject faults.
//   bigram.bias [V] (a bias), bigram.weight [V, V] (a matrix)
template <typename Real>
class BigramPolicy : public model::Policy<Real> {
 public:
  BigramPolicy(size_t vocabulary, device::Ops<Real>* ops)
      : ops_(ops),
        vocabulary_(vocabulary),
        layout_({{.name = "bigram.bias", .shape = {vocabulary}, .is_bias = true},
                 {.name = "bigram.weight", .shape = {vocabulary, vocabulary}}}),
        parameters_(layout_.size(), Real{0}),
        gradient_(layout_.size(), Real{0}) {
    config_.vocab_size = vocabulary;
    config_.hidden_size = 1;
  }

  std::function<void(model::HeadValues<Real>*)> corrupt_values;  // of TrainForward
  std::function<void(std::span<Real>)> corrupt_gradient;
  size_t num_log_prob_passes = 0;
  size_t num_forward_passes = 0;
  size_t num_weight_changes = 0;

  const model::ModelConfig& config() const override { return config_; }
  device::Ops<Real>& ops() const override { return *ops_; }
  const model::ParameterLayout& trainable_layout() const override { return layout_; }
  std::span<Real> trainable() override { return parameters_; }
  std::span<const Real> trainable() const override { return parameters_; }
  void WeightsChanged() override { ++num_weight_changes; }
  Digest WeightsDigest() const override {
    return DigestOf(parameters_.data(), parameters_.size() * sizeof(Real));
  }

  std::unique_ptr<model::KvStorage<Real>> MakeKvStorage(size_t, size_t) const override {
    return nullptr;
  }
  std::unique_ptr<model::Policy<Real>> WithoutAdapters() override { return nullptr; }
  size_t KvBytesPerToken() const override { return 0; }
  size_t TrainingBytes() const override { return 0; }
  void Forward(std::span<const int32_t>, std::span<const model::PassSequence>,
               model::KvStorage<Real>*, const model::LogitRows<Real>&) override {
    CheckFailed(__FILE__, __LINE__, "BigramPolicy does not generate", "");
  }

  void TrainForward(std::span<const model::TrainSequence> sequences,
                    const model::TrainOptions& options, model::Policy<Real>* reference,
                    model::HeadValues<Real>* values) override {
    ++num_forward_passes;
    temperature_ = options.temperature;
    rows_.clear();
    for (const model::TrainSequence& sequence : sequences) {
      for (size_t t = 1; t < sequence.tokens.size(); ++t) {
        if (sequence.mask[t]) rows_.push_back({sequence.tokens[t - 1], sequence.tokens[t]});
      }
    }
    Evaluate(rows_, temperature_, values);
    if (reference != nullptr) {
      AddKl(static_cast<BigramPolicy<Real>&>(*reference), values);
    }
    if (corrupt_values) corrupt_values(values);
  }

  void LogProbs(std::span<const model::TrainSequence> sequences, double temperature,
                model::HeadValues<Real>* values) override {
    ++num_log_prob_passes;
    std::vector<Row> rows;
    for (const model::TrainSequence& sequence : sequences) {
      for (size_t t = 1; t < sequence.tokens.size(); ++t) {
        if (sequence.mask[t]) rows.push_back({sequence.tokens[t - 1], sequence.tokens[t]});
      }
    }
    Evaluate(rows, temperature, values);
  }

  void TrainBackward(std::span<const device::HeadRowGradient<Real>> gradients) override {
    WINNOW_CHECK_EQ(gradients.size(), rows_.size());
    for (size_t i = 0; i < rows_.size(); ++i) {
      const std::vector<double> p = Probabilities(rows_[i].previous, temperature_);
      double entropy = 0;
      for (double q : p) entropy -= q * std::log(q);
      const double g_x = static_cast<double>(gradients[i].log_prob);
      const double g_h = static_cast<double>(gradients[i].entropy);
      const double g_k = static_cast<double>(gradients[i].kl);
      for (size_t v = 0; v < vocabulary_; ++v) {
        const double hit = v == static_cast<size_t>(rows_[i].token) ? 1 : 0;
        double dz = g_x * (hit - p[v]) - g_h * p[v] * (std::log(p[v]) + entropy);
        if (g_k != 0) dz += g_k * p[v] * (std::log(p[v] / reference_rows_[i][v]) - kl_[i]);
        dz /= temperature_;
        gradient_[v] += static_cast<Real>(dz);
        gradient_[WeightAt(rows_[i].previous, v)] += static_cast<Real>(dz);
      }
    }
  }
  void ClearGradient() override { std::fill(gradient_.begin(), gradient_.end(), Real{0}); }
  std::span<Real> Gradient() override {
    if (corrupt_gradient) corrupt_gradient(gradient_);
    return gradient_;
  }

  Status Export(const std::string&, const std::string&, model::ExportKind) const override {
    return Unimplemented("bigram export");
  }
  std::span<const Real> base_weights() const override { return parameters_; }
  const model::ParameterLayout& base_layout() const override { return layout_; }

  // Softmax over the vocabulary after `previous`.
  std::vector<double> Probabilities(int32_t previous, double temperature) const {
    std::vector<double> z(vocabulary_);
    double sum = 0;
    for (size_t v = 0; v < vocabulary_; ++v) {
      z[v] = std::exp((static_cast<double>(parameters_[WeightAt(previous, v)]) +
                       static_cast<double>(parameters_[v])) /
                      temperature);
      sum += z[v];
    }
    for (double& value : z) value /= sum;
    return z;
  }

 private:
  struct Row {
    int32_t previous;
    int32_t token;
  };
  size_t WeightAt(int32_t previous, size_t v) const {
    return vocabulary_ + static_cast<size_t>(previous) * vocabulary_ + v;
  }
  void Evaluate(const std::vector<Row>& rows, double temperature,
                model::HeadValues<Real>* values) const {
    *values = {};
    for (const Row& row : rows) {
      const std::vector<double> p = Probabilities(row.previous, temperature);
      double entropy = 0;
      for (double q : p) entropy -= q * std::log(q);
      values->log_prob.push_back(static_cast<Real>(std::log(p[static_cast<size_t>(row.token)])));
      values->entropy.push_back(static_cast<Real>(entropy));
    }
  }
  void AddKl(const BigramPolicy& reference, model::HeadValues<Real>* values) {
    reference_rows_.clear();
    kl_.clear();
    for (const Row& row : rows_) {
      const std::vector<double> p = Probabilities(row.previous, temperature_);
      reference_rows_.push_back(reference.Probabilities(row.previous, temperature_));
      double kl = 0;
      for (size_t v = 0; v < vocabulary_; ++v) {
        kl += p[v] * std::log(p[v] / reference_rows_.back()[v]);
      }
      kl_.push_back(kl);
      values->kl.push_back(static_cast<Real>(kl));
    }
  }

  device::Ops<Real>* const ops_;
  const size_t vocabulary_;
  const model::ParameterLayout layout_;
  model::ModelConfig config_;
  std::vector<Real> parameters_;
  std::vector<Real> gradient_;
  double temperature_ = 1;
  std::vector<Row> rows_;
  std::vector<std::vector<double>> reference_rows_;
  std::vector<double> kl_;
};

// Operations for tests: float32 kernels of this machine, or the double reference mode.
template <typename Real>
std::unique_ptr<device::Ops<Real>> MakeOps(ThreadPool* pool) {
  if constexpr (sizeof(Real) == sizeof(float)) {
    return device::MakeCpuOps(device::Arithmetic::kF32, pool).value();
  } else {
    return device::MakeReferenceOps(pool);
  }
}

}  // namespace winnow::learner
