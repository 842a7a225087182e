#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "device/ops.h"
#include "model/config.h"
#include "model/parameters.h"
#include "model/policy.h"

namespace winnow::model {

// Names of the linear layers (without .weight) that `options` chooses: those whose last name is in
// target_modules, or all but the head for `all-linear`.
// Errors: kInvalidArgument for a suffix that fits no layer.
Result<std::vector<LinearName>> LoraTargets(const ModelConfig& config, const LoraOptions& options);

// s of y = Wx + s·B(Ax): alpha/rank, or alpha/sqrt(rank) with rslora (arXiv 2312.03732).
double LoraScale(const LoraOptions& options);

// PEFT's names of a layer's adapter, base_model.model.LAYER.lora_A.weight and …lora_B.weight.
std::string LoraNameA(const std::string& layer);
std::string LoraNameB(const std::string& layer);

// The adapters of a policy: A [rank, k] uniform ±1/sqrt(k), keyed by seed and name; B [n, rank] = 0
// (arXiv 2106.09685), or both as a PEFT folder has them.
template <typename Real>
class Adapters {
 public:
  static Result<std::unique_ptr<Adapters>> Make(const ModelConfig& config,
                                                const LoraOptions& options, device::PackFor use,
                                                device::Ops<Real>* ops);

  const LoraOptions& options() const { return options_; }
  double scale() const { return LoraScale(options_); }
  const ParameterLayout& layout() const { return layout_; }
  std::span<Real> values() { return values_; }
  std::span<const Real> values() const { return values_; }
  void Pack();

  struct Pair {
    const Parameter* a = nullptr;
    const Parameter* b = nullptr;
    std::unique_ptr<device::PackedMatrix> packed_a, packed_b;
  };
  // Null if the layer has no adapter.
  const Pair* Find(const std::string& layer) const;

 private:
  Adapters(const LoraOptions& options, const std::vector<LinearName>& targets, device::PackFor use,
           device::Ops<Real>* ops);
  Status Fill();

  const LoraOptions options_;
  const device::PackFor use_;
  device::Ops<Real>* const ops_;
  ParameterLayout layout_;
  std::vector<Real> values_;
  std::vector<std::pair<std::string, Pair>> pairs_;  // by layer name, sorted
};

// adapter_config.json in PEFT's layout, for `base` as the base model's path.
std::string AdapterConfigJson(const ModelConfig& config, const LoraOptions& options,
                              const std::string& base);

}  // namespace winnow::model
