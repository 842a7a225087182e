#include "model/training_pass.h"

#include <algorithm>

#include "base/check.h"

namespace winnow::model {
namespace {

constexpr size_t kBlockRows = 64;   // learner.md §7; part of a gradient's bits
constexpr size_t kPageTokens = 64;  // any value gives the same bits

// Blocks of [begin, end) from its start.
void AppendBlocks(size_t begin, size_t end, std::vector<device::RowBlock>* blocks) {
  for (; begin < end; begin += kBlockRows) {
    blocks->push_back({begin, std::min(end, begin + kBlockRows)});
  }
}

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
void TrainingPass<Real>::PlanRows(std::span<const TrainSequence> sequences) {
  tokens_.clear();
  blocks_.clear();
  wanted_rows_.clear();
  head_rows_.labels.clear();
  head_rows_.blocks.clear();
  pass_sequences_.clear();
  std::vector<size_t> first_pages;
  size_t num_pages = 0;
  for (const TrainSequence& sequence : sequences) {
    WINNOW_CHECK_EQ(sequence.tokens.size(), sequence.mask.size());
    size_t rows = 0;  // the last wanted token's position: its row is the one before
    const size_t row_begin = tokens_.size(), wanted_begin = wanted_rows_.size();
    for (size_t t = 0; t < sequence.mask.size(); ++t) {
      if (sequence.mask[t] == 0) continue;
      WINNOW_CHECK_GT(t, 0u);
      WINNOW_CHECK_LT(static_cast<size_t>(sequence.tokens[t]), config_.vocab_size);
      wanted_rows_.push_back(row_begin + t - 1);
      head_rows_.labels.push_back(sequence.tokens[t]);
      rows = t;
    }
    if (rows == 0) continue;
    tokens_.insert(tokens_.end(), sequence.tokens.begin(),
                   sequence.tokens.begin() + static_cast<ptrdiff_t>(rows));
    AppendBlocks(row_begin, row_begin + rows, &blocks_);
    AppendBlocks(wanted_begin, wanted_rows_.size(), &head_rows_.blocks);
    pass_sequences_.push_back({.row_begin = row_begin, .row_end = row_begin + rows});
    first_pages.push_back(num_pages);
    num_pages += (rows + kPageTokens - 1) / kPageTokens;
  }
  for (size_t page = page_ids_.size(); page < num_pages; ++page) {
    page_ids_.push_back(static_cast<int32_t>(page));
  }
  for (size_t i = 0; i < pass_sequences_.size(); ++i) {
    const size_t end = i + 1 < first_pages.size() ? first_pages[i + 1] : num_pages;
    pass_sequences_[i].pages = std::span(page_ids_).subspan(first_pages[i], end - first_pages[i]);
  }
  for (const int32_t token : tokens_) {
    WINNOW_CHECK_LT(static_cast<size_t>(token), config_.vocab_size);
  }
  rows_.Assign(pass_sequences_, tokens_.size(), kPageTokens);
  const bool keeps_kv = can_go_back_ && recompute_ != Recompute::kFull;
  (keeps_kv ? layered_kv_ : single_kv_).Reserve(num_pages);
}

template <typename Real>
LayerContext<Real> TrainingPass<Real>::Context() {
  return {.ops = *ops_,
          .shape = ShapeOfAttention(config_, kPageTokens),
          .rms_norm_eps = config_.rms_norm_eps,
          .cos_sin = rope_->ForPositions(static_cast<size_t>(rows_.max_position()) + 1),
          .rows = rows_,
          .scratch = scratch_};
}

template <typename Real>
void TrainingPass<Real>::PointAtLayer(size_t layer) {
  if (can_go_back_ && recompute_ != Recompute::kFull) {
    rows_.PointAt(&layered_kv_, layer);
  } else {
    rows_.PointAt(&single_kv_, 0);
  }
}

template <typename Real>
Real* TrainingPass<Real>::LayerInput(size_t layer) {
  const size_t index = can_go_back_ ? layer : 0;
  return layer_inputs_.data() + index * tokens_.size() * config_.hidden_size;
}

template <typename Real>
void TrainingPass<Real>::Forward(std::span<const TrainSequence> sequences, Recompute recompute,
                                 bool backward) {
  recompute_ = recompute;
  can_go_back_ = backward;
  PlanRows(sequences);
  const size_t num_layers = network_->layers.size();
  if (tokens_.empty()) return;
  activations_.Prepare(tokens_.size(), backward ? KeepFor(recompute) : Keep::kNothing);
  layer_inputs_.Reserve((backward ? num_layers + 1 : 1) * tokens_.size() * config_.hidden_size);
  ops_->Embed(network_->embedding, config_.hidden_size, tokens_, LayerInput(0));
  const LayerContext<Real> context = Context();
  for (size_t layer = 0; layer < num_layers; ++layer) {
    PointAtLayer(layer);
    LayerForward(context, network_->layers[layer], LayerInput(layer), activations_.OfLayer(layer),
                 LayerInput(layer + 1));
  }
  GatherAndNormalise(LayerInput(num_layers));
}

template <typename Real>
void TrainingPass<Real>::GatherAndNormalise(const Real* x) {
  const size_t hidden = config_.hidden_size, count = wanted_rows_.size();
  Real* gathered = gathered_.Reserve(count * hidden);
  for (size_t i = 0; i < count; ++i) {
    std::copy_n(x + wanted_rows_[i] * hidden, hidden, gathered + i * hidden);
  }
  ops_->RmsNorm(gathered, network_->final_norm.weight, count, hidden, config_.rms_norm_eps,
                normed_.Reserve(count * hidden), inv_rms_.Reserve(count));
}

template <typename Real>
LayerActivations<Real> TrainingPass<Real>::RestoreLayer(size_t layer) {
  const DecoderLayer<Real>& weights = network_->layers[layer];
  const LayerActivations<Real> act = activations_.OfLayer(layer);
  const size_t rows = tokens_.size(), hidden = config_.hidden_size;
  PointAtLayer(layer);
  switch (recompute_) {
    case Recompute::kNone:
      break;
    case Recompute::kSelective:
      ops_->RmsNorm(LayerInput(layer), weights.attention_norm.weight, rows, hidden,
                    config_.rms_norm_eps, act.normed, nullptr);
      ops_->RmsNorm(act.middle, weights.mlp_norm.weight, rows, hidden, config_.rms_norm_eps,
                    act.mlp_normed, nullptr);
      ops_->SiluMul(act.gate, act.up, rows * config_.intermediate_size, act.product);
      break;
    case Recompute::kFull: {
      const LayerContext<Real> context = Context();
      AttentionForward(context, weights, LayerInput(layer), act);
      MlpInnerForward(context, weights, act);
      break;
    }
  }
  return act;
}

// Returns d(last layer's output) [R, hidden]: zero but at the wanted rows.
template <typename Real>
Real* TrainingPass<Real>::FinalNormBackward(const Real* dhidden) {
  const size_t hidden = config_.hidden_size, count = wanted_rows_.size();
  const Norm<Real>& norm = network_->final_norm;
  Real* dgathered = dgathered_.Reserve(count * hidden);
  Real* gradient = norm.gradient != nullptr ? norm.gradient : frozen_norm_.Reserve(hidden);
  ops_->RmsNormGradient(dhidden, gathered_.data(), norm.weight, inv_rms_.data(), hidden, 1,
                        head_rows_.blocks, count, dgathered, gradient);
  Real* dx = dx_.Reserve(tokens_.size() * hidden);
  std::fill_n(dx, tokens_.size() * hidden, Real{0});
  for (size_t i = 0; i < count; ++i) {
    std::copy_n(dgathered + i * hidden, hidden, dx + wanted_rows_[i] * hidden);
  }
  return dx;
}

template <typename Real>
void TrainingPass<Real>::Backward(const Real* dhidden, EmbeddingGradient<Real>* embedding) {
  WINNOW_CHECK(can_go_back_);
  if (tokens_.empty()) return;
  Real* dx = FinalNormBackward(dhidden);
  const LayerContext<Real> context = Context();
  for (size_t layer = network_->layers.size(); layer-- > 0;) {
    const LayerActivations<Real> act = RestoreLayer(layer);
    LayerBackward(context, network_->layers[layer], LayerInput(layer), act, blocks_, dx);
  }
  if (embedding != nullptr) embedding->Add(tokens_, dx, &ops_->pool());
}

template <typename Real>
size_t TrainingPass<Real>::size_bytes() const {
  return activations_.size_bytes() + layer_inputs_.size_bytes();
}

template class TrainingPass<float>;
template class TrainingPass<double>;

}  // namespace winnow::model
