#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "device/ops.h"
#include "model/buffer.h"
#include "model/linear.h"
#include "model/policy.h"

namespace winnow::model {

// The rows that enter the head: those that predict a wanted token, gathered in (sequence,
// position) order.
struct HeadRows {
  std::vector<int32_t> labels;           // [N]
  std::vector<device::RowBlock> blocks;  // per sequence, of at most 64 rows each
  size_t size() const { return labels.size(); }
};

// Another policy's view of the same rows, for KL(policy || reference).
template <typename Real>
struct HeadReference {
  const Linear<Real>* matrix = nullptr;
  const Real* hidden = nullptr;  // [N, hidden], after its final norm
};

// Rows of a chunk of logits.
size_t HeadChunkTokens(const TrainOptions& options, size_t vocab_size);

// The language-model head: log-prob, entropy and KL per row, and their gradients, without ever
// holding the logits of more than a chunk of rows (learner.md §6). With z = hidden·Wᵀ / T:
//   log_prob = (z_label − max) − log Σ_v e^(z_v − max)
//   dz_v = g_x(1[v = label] − p_v) − g_H p_v(log p_v + H) + g_K p_v(log(p_v/q_v) − K), over T
// A chunk is as many whole blocks as fit, so that no block of the weight gradient is ever cut: the
// chunk's length leaves all bits alone.
// Ownership: one reused buffer [chunk, V], two with a reference.
template <typename Real>
class Head {
 public:
  Head(device::Ops<Real>* ops, const Linear<Real>* matrix) : ops_(ops), matrix_(matrix) {}

  // `hidden` [N, hidden] after the final norm. values->kl stays empty without a reference.
  void Forward(const Real* hidden, const HeadRows& rows, const TrainOptions& options,
               const HeadReference<Real>* reference, HeadValues<Real>* values);
  // Recomputes the logits; overwrites dhidden [N, hidden] and adds to the matrix' gradient.
  void Backward(const Real* hidden, const HeadRows& rows, const TrainOptions& options,
                const HeadReference<Real>* reference,
                std::span<const device::HeadRowGradient<Real>> gradients, Real* dhidden);
  size_t size_bytes() const {
    return logits_.size_bytes() + reference_logits_.size_bytes() + scratch_.size_bytes();
  }

 private:
  struct Chunk {
    size_t begin = 0, end = 0;             // rows
    std::vector<device::RowBlock> blocks;  // relative to begin
  };
  static std::vector<Chunk> ChunksOf(const HeadRows& rows, size_t max_rows);
  // Scaled logits of a chunk, with their stats and, given a reference, those of the reference.
  void ComputeLogits(const Real* hidden, const Chunk& chunk, double temperature,
                     const HeadReference<Real>* reference);

  device::Ops<Real>* const ops_;
  const Linear<Real>* const matrix_;
  LinearScratch<Real> scratch_;
  Buffer<Real> logits_, reference_logits_;  // [chunk, V]
  std::vector<device::LogSoftmaxStats<Real>> stats_, reference_stats_;
  std::vector<Real> kl_;
};

}  // namespace winnow::model
