#include "model/training_pass.h"

#include <algorithm>
#include <cstdint>

#include "base/check.h"

namespace winnow::model {
namespace {

constexpr size_t kPageTokens = 64;     // any value gives the same bits
constexpr size_t kForwardRows = 1024;  // of a chunk without gradient; likewise
constexpr size_t kAllRows = SIZE_MAX;

}  // namespace

template <typename Real>
TrainingPass<Real>::TrainingPass(const ModelConfig& config, const Network<Real>* network,
                                 device::Ops<Real>* ops, RopeTable<Real>* rope)
    : config_(config),
      network_(network),
      ops_(ops),
      rope_(rope),
      layered_kv_(config, ops->kv_element_bytes(), config.num_layers, kPageTokens, 0),
      single_kv_(config, ops->kv_element_bytes(), 1, kPageTokens, 0),
      activations_(config) {}

template <typename Real>
LayerContext<Real> TrainingPass<Real>::Context(Chunk* chunk) {
  return {.ops = *ops_,
          .shape = ShapeOfAttention(config_, kPageTokens),
          .rms_norm_eps = config_.rms_norm_eps,
          .cos_sin = rope_->ForPositions(plan_.num_positions()),
          .rows = chunk->rows,
          .scratch = scratch_};
}

template <typename Real>
void TrainingPass<Real>::PointAtLayer(size_t layer, Chunk* chunk) {
  if (mode_.keeps_keys()) {
    chunk->rows.PointAt(&layered_kv_, layer);
  } else {
    chunk->rows.PointAt(&single_kv_, 0);
  }
}

template <typename Real>
Real* TrainingPass<Real>::LayerInput(size_t layer) {
  const size_t index = mode_.backward ? layer : 0;
  return layer_inputs_.data() + index * plan_.num_rows() * config_.hidden_size;
}

template <typename Real>
Real* TrainingPass<Real>::LayerInput(size_t layer, const Chunk& chunk) {
  return LayerInput(layer) + chunk.row_begin * config_.hidden_size;
}

template <typename Real>
void TrainingPass<Real>::Forward(std::span<const TrainSequence> sequences,
                                 const TrainOptions& options) {
  const bool streamed = options.stream_backward_chunk > 0;
  Run(sequences, {.backward = true, .streamed = streamed, .recompute = options.recompute},
      streamed ? options.stream_backward_chunk : kAllRows);
}

template <typename Real>
void TrainingPass<Real>::ForwardOnly(std::span<const TrainSequence> sequences) {
  Run(sequences, {}, kForwardRows);
}

template <typename Real>
void TrainingPass<Real>::Run(std::span<const TrainSequence> sequences, const Mode& mode,
                             size_t max_chunk_rows) {
  mode_ = mode;
  plan_.Assign(sequences, kPageTokens, max_chunk_rows);
  const std::span<const int32_t> tokens = plan_.tokens();
  if (tokens.empty()) return;
  const size_t num_layers = network_->layers.size(), hidden = config_.hidden_size;
  (mode.keeps_keys() ? layered_kv_ : single_kv_).Reserve(plan_.num_pages());
  activations_.Prepare(plan_.most_chunk_rows(),
                       mode.backward && !mode.streamed ? KeepFor(mode.recompute) : Keep::kNothing);
  layer_inputs_.Reserve((mode.backward ? num_layers + 1 : 1) * tokens.size() * hidden);
  for (const int32_t token : tokens) {
    WINNOW_CHECK_LT(static_cast<size_t>(token), config_.vocab_size);
  }
  ops_->Embed(network_->embedding, hidden, tokens, LayerInput(0));
  for (size_t layer = 0; layer < num_layers; ++layer) {
    for (Chunk& chunk : plan_.chunks()) {
      PointAtLayer(layer, &chunk);
      LayerForward(Context(&chunk), network_->layers[layer], LayerInput(layer, chunk),
                   activations_.OfLayer(layer), LayerInput(layer + 1, chunk));
    }
  }
  GatherAndNormalise(LayerInput(num_layers));
}

template <typename Real>
void TrainingPass<Real>::GatherAndNormalise(const Real* x) {
  const std::span<const size_t> wanted = plan_.wanted_rows();
  const size_t hidden = config_.hidden_size, count = wanted.size();
  Real* gathered = gathered_.Reserve(count * hidden);
  for (size_t i = 0; i < count; ++i) {
    std::copy_n(x + wanted[i] * hidden, hidden, gathered + i * hidden);
  }
  ops_->RmsNorm(gathered, network_->final_norm.weight, count, hidden, config_.rms_norm_eps,
                normed_.Reserve(count * hidden), inv_rms_.Reserve(count));
}

template <typename Real>
LayerActivations<Real> TrainingPass<Real>::RestoreLayer(size_t layer, Chunk* chunk, Keys keys) {
  const DecoderLayer<Real>& weights = network_->layers[layer];
  const LayerActivations<Real> act = activations_.OfLayer(layer);
  const size_t rows = chunk->num_rows(), hidden = config_.hidden_size;
  const Real* x = LayerInput(layer, *chunk);
  if (mode_.streamed || mode_.recompute == Recompute::kFull) {
    AttentionForward(Context(chunk), weights, x, act, keys);
    MlpInnerForward(Context(chunk), weights, act);
  } else if (mode_.recompute == Recompute::kSelective) {
    ops_->RmsNorm(x, weights.attention_norm.weight, rows, hidden, config_.rms_norm_eps, act.normed,
                  nullptr);
    ops_->RmsNorm(act.middle, weights.mlp_norm.weight, rows, hidden, config_.rms_norm_eps,
                  act.mlp_normed, nullptr);
    ops_->SiluMul(act.gate, act.up, rows * config_.intermediate_size, act.product);
  }
  return act;
}

// dx [R, hidden]: d(last layer's output), zero but at the wanted rows; a row that predicts several
// tokens gets the sum, in their order.
template <typename Real>
void TrainingPass<Real>::FinalNormBackward(const Real* dhidden, Real* dx) {
  const std::span<const size_t> wanted = plan_.wanted_rows();
  const size_t hidden = config_.hidden_size, count = wanted.size();
  const Norm<Real>& norm = network_->final_norm;
  Real* dgathered = dgathered_.Reserve(count * hidden);
  Real* gradient = norm.gradient != nullptr ? norm.gradient : frozen_norm_.Reserve(hidden);
  ops_->RmsNormGradient(dhidden, gathered_.data(), norm.weight, inv_rms_.data(), hidden, 1,
                        head_rows().blocks, count, dgathered, gradient);
  std::fill_n(dx, plan_.num_rows() * hidden, Real{0});
  for (size_t i = 0; i < count; ++i) {
    Real* const to = dx + wanted[i] * hidden;
    const Real* const from = dgathered + i * hidden;
    for (size_t c = 0; c < hidden; ++c) to[c] += from[c];
  }
}

template <typename Real>
void TrainingPass<Real>::LayerBackwardByChunks(size_t layer, Real* dx) {
  const DecoderLayer<Real>& weights = network_->layers[layer];
  const std::span<Chunk> chunks = plan_.chunks();
  for (Chunk& chunk : chunks) PointAtLayer(layer, &chunk);
  for (Chunk& chunk : chunks.first(chunks.size() - 1)) {
    WriteKeys(Context(&chunk), weights, LayerInput(layer, chunk), activations_.OfLayer(layer));
  }
  dkeys_.Clear(plan_.num_rows() * weights.k.n, &ops_->pool());
  for (size_t i = chunks.size(); i-- > 0;) {
    Chunk& chunk = chunks[i];
    const auto act =
        RestoreLayer(layer, &chunk, i + 1 < chunks.size() ? Keys::kWritten : Keys::kToWrite);
    LayerBackward(Context(&chunk), weights, LayerInput(layer, chunk), act, chunk.blocks,
                  dkeys_.Of(chunk.row_begin, weights.k.n),
                  dx + chunk.row_begin * config_.hidden_size);
  }
}

template <typename Real>
void TrainingPass<Real>::Backward(const Real* dhidden, EmbeddingGradient<Real>* embedding) {
  WINNOW_CHECK(mode_.backward);
  if (plan_.num_rows() == 0) return;
  Real* const dx = LayerInput(network_->layers.size());
  FinalNormBackward(dhidden, dx);
  for (size_t layer = network_->layers.size(); layer-- > 0;) LayerBackwardByChunks(layer, dx);
  if (embedding != nullptr) embedding->Add(plan_.tokens(), dx, &ops_->pool());
}

template <typename Real>
size_t TrainingPass<Real>::size_bytes() const {
  size_t bytes = activations_.size_bytes() + scratch_.size_bytes() + dkeys_.size_bytes() +
                 layered_kv_.size_bytes() + single_kv_.size_bytes();
  for (const Buffer<Real>* buffer :
       {&layer_inputs_, &gathered_, &normed_, &inv_rms_, &dgathered_, &frozen_norm_}) {
    bytes += buffer->size_bytes();
  }
  return bytes;
}

template class TrainingPass<float>;
template class TrainingPass<double>;

}  // namespace winnow::model
