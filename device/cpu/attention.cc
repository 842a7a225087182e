#include "device/cpu/attention.h"

#include <algorithm>
#include <mutex>

#include "device/cpu/aligned_buffer.h"

namespace winnow::device {
namespace {

constexpr size_t kWorthThreads = 100'000;  // multiply-adds
// Keys of a span of the gradient: five [keys, head_dim] stay in the second-level cache.
constexpr size_t kSpanKeys = 256;

// Scratch memory of the calling thread, kept for the next call.
template <typename Real>
Real* Scratch(size_t elements) {
  static thread_local AlignedBuffer buffer;
  buffer.Grow(elements * sizeof(Real));
  return reinterpret_cast<Real*>(buffer.data());
}

// Whether two sequences may share keys whose gradients both add to.
bool SameTree(const AttentionSequence& a, const AttentionSequence& b) {
  return !a.keys.empty() && !b.keys.empty() && a.keys[0].gradient_row == b.keys[0].gradient_row;
}

}  // namespace

template <typename Real>
void CpuAttention<Real>::Forward(const AttentionShape& shape,
                                 std::span<const AttentionSequence> sequences, const Real* q,
                                 Real* out, Real* stats) {
  plan_.Make(shape, sequences, sizeof(Real), static_cast<size_t>(pool_->num_threads()));
  const auto run = bf16_ ? kernels_.attention_bf16 : kernels_.attention_real;
  const std::span<const AttentionPlan::Task> tasks = plan_.tasks();
  const size_t grain = plan_.multiply_adds() < kWorthThreads ? tasks.size() : 1;
  pool_->ParallelFor(tasks.size(), grain, [&](size_t at, size_t end) {
    Real* const scratch = Scratch<Real>(plan_.most_scratch());
    for (; at < end; ++at) {
      const AttentionPlan::Tile& tile = plan_.tiles()[tasks[at].tile];
      run({.shape = &shape,
           .rows = plan_.rows(tile),
           .num_rows = tile.num_rows,
           .segments = plan_.segments(tile),
           .num_segments = tile.num_segments,
           .num_keys = tile.num_keys,
           .kv_head = tasks[at].kv_head,
           .q = q,
           .out = out,
           .stats = stats,
           .scratch = scratch});
    }
  });
}

template <typename Real>
size_t CpuAttention<Real>::WorkOf(const Span& span, const AttentionSequence& sequence) {
  const size_t rows = sequence.row_end - sequence.row_begin;
  const size_t hidden = span.key_begin > span.before ? span.key_begin - span.before : 0;
  return (rows - hidden) * (span.key_end - span.key_begin);
}

template <typename Real>
void CpuAttention<Real>::PlanGradient(const AttentionShape& shape,
                                      std::span<const AttentionSequence> sequences) {
  slots_.clear();
  spans_.clear();
  chains_.clear();
  for (size_t i = 0; i < sequences.size(); ++i) {
    const AttentionSequence& sequence = sequences[i];
    const size_t first_span = spans_.size(), before = KeysBefore(shape, sequence);
    const size_t keys = before + sequence.row_end - sequence.row_begin;
    size_t work = 0;
    for (size_t key = 0; key < keys; key += kSpanKeys) {
      spans_.push_back({.sequence = i,
                        .key_begin = key,
                        .key_end = std::min(keys, key + kSpanKeys),
                        .first_slots = slots_.size(),
                        .before = before});
      AppendSlots(sequence.keys, key, spans_.back().key_end, &slots_);
      work += WorkOf(spans_.back(), sequence);
    }
    if (i == 0 || !SameTree(sequences[i - 1], sequence)) {
      for (size_t h = 0; h < shape.kv_heads; ++h)
        chains_.push_back({.next_span = first_span, .kv_head = h});
    }
    for (auto chain = chains_.end() - static_cast<ptrdiff_t>(shape.kv_heads);
         chain != chains_.end(); ++chain) {
      chain->end_span = spans_.size();
      chain->work_left += work;
    }
  }
}

template <typename Real>
auto CpuAttention<Real>::LongestIdleChain() -> Chain* {
  Chain* longest = nullptr;
  for (Chain& chain : chains_) {
    if (chain.busy || chain.next_span == chain.end_span) continue;
    if (longest == nullptr || chain.work_left > longest->work_left) longest = &chain;
  }
  return longest;
}

template <typename Real>
void CpuAttention<Real>::Backward(const AttentionShape& shape,
                                  std::span<const AttentionSequence> sequences,
                                  const GradientTensors& tensors) {
  PlanGradient(shape, sequences);
  const auto run = bf16_ ? kernels_.attention_gradient_bf16 : kernels_.attention_gradient_real;
  std::mutex mutex;  // Guards the chains.
  const auto run_spans = [&](size_t, size_t) {
    Real* const scratch = Scratch<Real>(AttentionGradientScratch(shape, kSpanKeys));
    std::unique_lock lock(mutex);
    while (Chain* const chain = LongestIdleChain()) {
      chain->busy = true;
      const Span& span = spans_[chain->next_span];
      const AttentionSequence& sequence = sequences[span.sequence];
      lock.unlock();
      run({.shape = &shape,
           .slots = slots_.data() + span.first_slots,
           .key_begin = span.key_begin,
           .key_end = span.key_end,
           .row_begin = sequence.row_begin,
           .num_rows = sequence.row_end - sequence.row_begin,
           .before = span.before,
           .kv_head = chain->kv_head,
           .q = tensors.q,
           .out = tensors.out,
           .stats = tensors.stats,
           .dout = tensors.dout,
           .dq = tensors.dq,
           .dk = tensors.dk,
           .dv = tensors.dv,
           .scratch = scratch});
      lock.lock();
      chain->work_left -= WorkOf(span, sequence);
      ++chain->next_span;
      chain->busy = false;
    }
  };
  pool_->ParallelFor(static_cast<size_t>(pool_->num_threads()), 1, run_spans);
}

template class CpuAttention<float>;
template class CpuAttention<double>;

}  // namespace winnow::device
