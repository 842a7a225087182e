#include "model/head.h"

#include <algorithm>

#include "base/check.h"

namespace winnow::model {

size_t HeadChunkTokens(const TrainOptions& options, size_t vocab_size) {
  const size_t rows = options.head_chunk_bytes / (vocab_size * sizeof(float));
  return std::max(options.head_chunk_tokens, rows / 64 * 64);
}

template <typename Real>
std::vector<typename Head<Real>::Chunk> Head<Real>::ChunksOf(const HeadRows& rows,
                                                             size_t max_rows) {
  std::vector<Chunk> chunks;
  for (const device::RowBlock& block : rows.blocks) {
    if (chunks.empty() || block.end - chunks.back().begin > max_rows) {
      chunks.push_back({.begin = block.begin, .end = block.begin});
    }
    Chunk& chunk = chunks.back();
    WINNOW_CHECK_EQ(chunk.end, block.begin);
    chunk.end = block.end;
    chunk.blocks.push_back({block.begin - chunk.begin, block.end - chunk.begin});
  }
  return chunks;
}

template <typename Real>
void Head<Real>::ComputeLogits(const Real* hidden, const Chunk& chunk, double temperature,
                               const HeadReference<Real>* reference) {
  const size_t count = chunk.end - chunk.begin, width = matrix_->k, vocab = matrix_->n;
  Real* logits = logits_.Reserve(count * vocab);
  stats_.resize(count);
  LinearForward(*ops_, *matrix_, hidden + chunk.begin * width, count, &scratch_, logits);
  ops_->LogSoftmaxRows(logits, count, vocab, temperature, stats_.data());
  if (reference == nullptr) return;
  WINNOW_CHECK_EQ(reference->matrix->n, vocab);
  Real* other = reference_logits_.Reserve(count * vocab);
  reference_stats_.resize(count);
  kl_.resize(count);
  LinearForward(*ops_, *reference->matrix, reference->hidden + chunk.begin * reference->matrix->k,
                count, &scratch_, other);
  ops_->LogSoftmaxRows(other, count, vocab, temperature, reference_stats_.data());
  ops_->KlRows(logits, stats_.data(), other, reference_stats_.data(), count, vocab, kl_.data());
}

template <typename Real>
void Head<Real>::Forward(const Real* hidden, const HeadRows& rows, const TrainOptions& options,
                         const HeadReference<Real>* reference, HeadValues<Real>* values) {
  values->log_prob.resize(rows.size());
  values->entropy.resize(rows.size());
  values->kl.resize(reference != nullptr ? rows.size() : 0);
  for (const Chunk& chunk : ChunksOf(rows, HeadChunkTokens(options, matrix_->n))) {
    ComputeLogits(hidden, chunk, options.temperature, reference);
    for (size_t row = chunk.begin; row < chunk.end; ++row) {
      const size_t i = row - chunk.begin;
      const device::LogSoftmaxStats<Real>& stats = stats_[i];
      const Real z = logits_.data()[i * matrix_->n + static_cast<size_t>(rows.labels[row])];
      values->log_prob[row] = (z - stats.max) - stats.log_sum;
      values->entropy[row] = stats.entropy;
      if (reference != nullptr) values->kl[row] = kl_[i];
    }
  }
}

template <typename Real>
void Head<Real>::Backward(const Real* hidden, const HeadRows& rows, const TrainOptions& options,
                          const HeadReference<Real>* reference,
                          std::span<const device::HeadRowGradient<Real>> gradients, Real* dhidden) {
  const size_t width = matrix_->k, vocab = matrix_->n;
  for (const Chunk& chunk : ChunksOf(rows, HeadChunkTokens(options, matrix_->n))) {
    const size_t count = chunk.end - chunk.begin;
    const auto part = gradients.subspan(chunk.begin, count);
    const bool with_kl =
        reference != nullptr && std::any_of(part.begin(), part.end(),
                                            [](const auto& gradient) { return gradient.kl != 0; });
    ComputeLogits(hidden, chunk, options.temperature, with_kl ? reference : nullptr);
    ops_->LogSoftmaxGradient(logits_.data(), count, vocab, options.temperature, stats_.data(),
                             std::span(rows.labels).subspan(chunk.begin, count), part,
                             with_kl ? reference_logits_.data() : nullptr,
                             with_kl ? reference_stats_.data() : nullptr,
                             with_kl ? kl_.data() : nullptr);
    LinearBackward<Real>(*ops_, {{matrix_, logits_.data()}}, hidden + chunk.begin * width, count,
                         chunk.blocks, &scratch_, dhidden + chunk.begin * width);
  }
}

template class Head<float>;
template class Head<double>;

}  // namespace winnow::model
