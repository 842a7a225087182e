#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "device/cpu/attention_plan.h"
#include "device/cpu/kernels.h"

namespace winnow::device {

// Attention and its gradient on a pool: cuts the rows of a pass into tasks for the kernels.
// Threads: one caller at a time; owns memory that grows to the largest call.
template <typename Real>
class CpuAttention {
 public:
  CpuAttention(const Kernels<Real>& kernels, bool bf16, ThreadPool* pool)
      : kernels_(kernels), bf16_(bf16), pool_(pool) {}

  // See Ops::Attention.
  void Forward(const AttentionShape& shape, std::span<const AttentionSequence> sequences,
               const Real* q, Real* out, Real* stats);

  // The tensors of Ops::AttentionGradient.
  struct GradientTensors {
    const Real* q = nullptr;
    const Real* out = nullptr;
    const Real* stats = nullptr;
    const Real* dout = nullptr;
    Real* dq = nullptr;
    Real* dk = nullptr;
    Real* dv = nullptr;
  };
  void Backward(const AttentionShape& shape, std::span<const AttentionSequence> sequences,
                const GradientTensors& tensors);

 private:
  // Keys of one sequence whose gradients are made at a time.
  struct Span {
    size_t sequence = 0;
    size_t key_begin = 0;
    size_t key_end = 0;
    size_t first_slots = 0;
    size_t before = 0;
  };
  // Spans of sequences that share keys, for one kv head: they add to the same rows of dk and dv and
  // carry dq, so one comes after the other. Chains are independent.
  struct Chain {
    size_t next_span = 0;
    size_t end_span = 0;
    size_t kv_head = 0;
    size_t work_left = 0;  // multiply-adds of a head, about
    bool busy = false;
  };
  void PlanGradient(const AttentionShape& shape, std::span<const AttentionSequence> sequences);
  static size_t WorkOf(const Span& span, const AttentionSequence& sequence);
  Chain* LongestIdleChain();

  const Kernels<Real>& kernels_;
  const bool bf16_;
  ThreadPool* const pool_;
  AttentionPlan plan_;
  std::vector<KeySlots> slots_;
  std::vector<Span> spans_;
  std::vector<Chain> chains_;
};

}  // namespace winnow::device
