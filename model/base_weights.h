#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/status.h"
#include "device/ops.h"
#include "model/buffer.h"
#include "model/config.h"
#include "model/parameters.h"

namespace winnow::model {

// Master values of the stored tensors, flat in name order, and the packed copies that kernels read.
// Without masters of the linear layers (`keep_masters` false) layout() and values() hold what is
// read unpacked: embedding, norms and biases.
// Shared by a policy with adapters and its view without them.
// Threads: one caller at a time; packing is spread over the pool of `ops`.
template <typename Real>
class BaseWeights {
 public:
  // Values are not initialised; fill values() and call Pack.
  BaseWeights(const ModelConfig& config, device::PackFor use, device::Ops<Real>* ops,
              bool keep_masters = true);

  const ModelConfig& config() const { return config_; }
  bool has_masters() const { return masters_; }
  const ParameterLayout& layout() const { return layout_; }
  std::span<Real> values() { return {values_.data(), layout_.size()}; }
  std::span<const Real> values() const { return {values_.data(), layout_.size()}; }

  // Makes the packed copies from values(), or refills them. REQUIRES: has_masters().
  void Pack();
  // Makes the packed copies without masters; read(parameter, out) fills the values of a linear
  // layer, once each. Errors: the first of `read`.
  using ReadMatrix = std::function<Status(const Parameter&, std::span<Real>)>;
  Status PackFrom(const ReadMatrix& read);
  // Packed matrix of linear `index` (order of LinearsOfLayer) of a layer.
  const device::PackedMatrix& Linear(size_t layer, size_t index) const;
  // The output head's: the embedding's own matrix if they are tied.
  const device::PackedMatrix& Head() const { return *head_.packed; }
  const Parameter& HeadParameter() const { return head_.weight; }

 private:
  struct Packed {
    Parameter weight;
    std::unique_ptr<device::PackedMatrix> packed;
  };
  void PackOne(const Real* values, Packed* matrix);

  const ModelConfig config_;
  const bool masters_;
  const ParameterLayout layout_;
  const device::PackFor use_;
  device::Ops<Real>* const ops_;
  Buffer<Real> values_;
  std::vector<Packed> linears_;  // [layer, index]
  size_t linears_per_layer_ = 0;
  Packed head_;
};

// Adds one line per tensor (name, dtype, shape, digest of the values) to `digester`: the canonical
// table of a version's digest (reliability.md §2).
template <typename Real>
void AddToDigest(const ParameterLayout& layout, std::span<const Real> values, ThreadPool* pool,
                 Digester* digester);

}  // namespace winnow::model
