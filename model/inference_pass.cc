#include "model/inference_pass.h"

#include <algorithm>

#include "base/check.h"

namespace winnow::model {

template <typename Real>
InferencePass<Real>::InferencePass(const ModelConfig& config, const Network<Real>* network,
                                   device::Ops<Real>* ops, RopeTable<Real>* rope)
    : config_(config), network_(network), ops_(ops), rope_(rope), activations_(config) {}

template <typename Real>
void InferencePass<Real>::Run(std::span<const int32_t> tokens,
                              std::span<const PassSequence> sequences, KvPages<Real>* kv,
                              const LogitRows<Real>& wanted) {
  if (tokens.empty()) return;
  rows_.Assign(sequences, tokens.size(), kv->page_tokens());
  activations_.Prepare(tokens.size(), Keep::kNothing);
  const LayerContext<Real> context{
      .ops = *ops_,
      .shape = ShapeOfAttention(config_, kv->page_tokens()),
      .rms_norm_eps = config_.rms_norm_eps,
      .cos_sin = rope_->ForPositions(static_cast<size_t>(rows_.max_position()) + 1),
      .rows = rows_,
      .scratch = scratch_};
  Real* x = x_.Reserve(tokens.size() * config_.hidden_size);
  ops_->Embed(network_->embedding, config_.hidden_size, tokens, x);
  for (size_t layer = 0; layer < network_->layers.size(); ++layer) {
    rows_.PointAt(kv, layer);
    LayerActivations<Real> act = activations_.OfLayer(layer);
    act.stats = nullptr;
    act.inv_rms = act.mlp_inv_rms = act.q_inv_rms = act.k_inv_rms = nullptr;
    LayerForward(context, network_->layers[layer], x, act, x);
  }
  RunHead(x, wanted);
}

template <typename Real>
void InferencePass<Real>::RunHead(const Real* x, const LogitRows<Real>& wanted) {
  const size_t count = wanted.rows.size(), hidden = config_.hidden_size;
  if (count == 0) return;
  Real* gathered = gathered_.Reserve(count * hidden);
  for (size_t i = 0; i < count; ++i) {
    WINNOW_CHECK_LT(wanted.rows[i], rows_.num_rows());
    std::copy_n(x + wanted.rows[i] * hidden, hidden, gathered + i * hidden);
  }
  Real* normed = normed_.Reserve(count * hidden);
  ops_->RmsNorm(gathered, network_->final_norm.weight, count, hidden, config_.rms_norm_eps, normed,
                nullptr);
  const Linear<Real>& head = network_->head;
  WINNOW_CHECK(head.rank == 0 && head.bias == nullptr);  // no family has them
  Real* max = wanted.max != nullptr ? wanted.max : max_.Reserve(count);
  ops_->ScaledLogits(normed, count, *head.weight, wanted.temperature, wanted.z, max);
}

template class InferencePass<float>;
template class InferencePass<double>;

}  // namespace winnow::model
