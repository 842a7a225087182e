#include "model/base_weights.h"

#include "base/check.h"

namespace winnow::model {

template <typename Real>
BaseWeights<Real>::BaseWeights(const ModelConfig& config, device::PackFor use,
                               device::Ops<Real>* ops)
    : config_(config), layout_(BaseLayout(config)), use_(use), ops_(ops) {
  values_.Reserve(layout_.size());
  for (size_t layer = 0; layer < config.num_layers; ++layer) {
    const std::vector<LinearName> names = LinearsOfLayer(config, layer);
    linears_per_layer_ = names.size();
    for (const LinearName& name : names) {
      linears_.push_back({.weight = layout_.Find(name.name + ".weight")});
    }
  }
  head_.weight =
      layout_.Find(config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight");
}

template <typename Real>
void BaseWeights<Real>::PackOne(Packed* matrix) {
  const Parameter& parameter = *matrix->weight;
  const Real* values = values_.data() + parameter.offset;
  if (matrix->packed == nullptr) {
    matrix->packed = ops_->Pack(values, parameter.shape[0], parameter.shape[1], use_);
  } else {
    ops_->Repack(values, matrix->packed.get());
  }
}

template <typename Real>
void BaseWeights<Real>::Pack() {
  for (Packed& matrix : linears_) PackOne(&matrix);
  PackOne(&head_);
}

template <typename Real>
const device::PackedMatrix& BaseWeights<Real>::Linear(size_t layer, size_t index) const {
  const Packed& matrix = linears_[layer * linears_per_layer_ + index];
  WINNOW_CHECK(matrix.packed != nullptr);
  return *matrix.packed;
}

template <typename Real>
void AddToDigest(const ParameterLayout& layout, std::span<const Real> values, ThreadPool* pool,
                 Digester* digester) {
  const std::vector<Parameter>& parameters = layout.parameters();
  std::vector<Digest> digests(parameters.size());
  pool->ParallelFor(parameters.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      digests[i] =
          DigestOf(values.data() + parameters[i].offset, parameters[i].size * sizeof(Real));
    }
  });
  for (size_t i = 0; i < parameters.size(); ++i) {
    std::string line = parameters[i].name + (sizeof(Real) == 4 ? " F32 [" : " F64 [");
    for (const size_t extent : parameters[i].shape) line += std::to_string(extent) + ",";
    digester->Add(line + "] " + ToHex(digests[i]) + "\n");
  }
}

template class BaseWeights<float>;
template class BaseWeights<double>;
template void AddToDigest<float>(const ParameterLayout&, std::span<const float>, ThreadPool*,
                                 Digester*);
template void AddToDigest<double>(const ParameterLayout&, std::span<const double>, ThreadPool*,
                                  Digester*);

}  // namespace winnow::model
