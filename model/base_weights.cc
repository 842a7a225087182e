#include "model/base_weights.h"

#include "base/check.h"

namespace winnow::model {

namespace {

constexpr const char* kEmbedding = "model.embed_tokens.weight";

// What is read unpacked: all but the matrices of linear layers.
ParameterLayout UnpackedLayout(const ParameterLayout& all) {
  std::vector<Parameter> kept;
  for (const Parameter& parameter : all.parameters()) {
    if (parameter.shape.size() == 1 || parameter.name == kEmbedding) kept.push_back(parameter);
  }
  return ParameterLayout(std::move(kept));
}

}  // namespace

template <typename Real>
BaseWeights<Real>::BaseWeights(const ModelConfig& config, device::PackFor use,
                               device::Ops<Real>* ops, bool keep_masters)
    : config_(config),
      masters_(keep_masters),
      layout_(keep_masters ? BaseLayout(config) : UnpackedLayout(BaseLayout(config))),
      use_(use),
      ops_(ops) {
  values_.Reserve(layout_.size());
  const ParameterLayout all = BaseLayout(config);
  for (size_t layer = 0; layer < config.num_layers; ++layer) {
    const std::vector<LinearName> names = LinearsOfLayer(config, layer);
    linears_per_layer_ = names.size();
    for (const LinearName& name : names) {
      linears_.push_back({.weight = *all.Find(name.name + ".weight")});
    }
  }
  head_.weight = *all.Find(config.tie_word_embeddings ? kEmbedding : "lm_head.weight");
}

template <typename Real>
void BaseWeights<Real>::PackOne(const Real* values, Packed* matrix) {
  if (matrix->packed == nullptr) {
    const std::vector<size_t>& shape = matrix->weight.shape;
    matrix->packed = ops_->Pack(values, shape[0], shape[1], use_);
  } else {
    ops_->Repack(values, matrix->packed.get());
  }
}

template <typename Real>
void BaseWeights<Real>::Pack() {
  WINNOW_CHECK(masters_);
  for (Packed& matrix : linears_) PackOne(values_.data() + matrix.weight.offset, &matrix);
  PackOne(values_.data() + head_.weight.offset, &head_);
}

template <typename Real>
Status BaseWeights<Real>::PackFrom(const ReadMatrix& read) {
  Buffer<Real> values;
  const auto pack = [&](Packed* matrix) {
    const size_t size = matrix->weight.size;
    WINNOW_RETURN_IF_ERROR(read(matrix->weight, {values.Reserve(size), size}));
    PackOne(values.data(), matrix);
    return OkStatus();
  };
  for (Packed& matrix : linears_) WINNOW_RETURN_IF_ERROR(pack(&matrix));
  if (!config_.tie_word_embeddings) return pack(&head_);
  PackOne(values_.data() + layout_.Find(kEmbedding)->offset, &head_);
  return OkStatus();
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
