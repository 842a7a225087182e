#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/thread_pool.h"
#include "device/arithmetic.h"

namespace winnow::device {

// A weight matrix W [n, k] (row-major, as torch's Linear stores it) laid out for the kernels of
// one arithmetic; opaque. Built by Ops::Pack, refilled in place by Ops::Repack.
class PackedMatrix {
 public:
  virtual ~PackedMatrix() = default;
  virtual size_t n() const = 0;
  virtual size_t k() const = 0;
  virtual size_t size_bytes() const = 0;
};

// What a packed matrix will be used for; packing for the gradient costs a second copy.
enum class PackFor { kForward, kForwardAndInputGradient };

// Rows [begin, end) of a tensor, at most 64: the unit in which weight gradients are summed.
struct RowBlock {
  size_t begin = 0;
  size_t end = 0;
};

struct AttentionShape {
  size_t heads = 0;
  size_t kv_heads = 0;  // divides heads
  size_t head_dim = 0;
  size_t page_tokens = 0;  // keys of a page
  double scale = 0;        // of the scores, 1/sqrt(head_dim) as a rule
};

// Consecutive keys of a view: `count` of them, from slot `first` of pages[0] on, over page borders.
// A page holds K [kv_heads][page_tokens][head_dim], then V of the same shape, in KV elements.
struct KeyRun {
  std::span<const std::byte* const> pages;
  size_t first = 0;
  size_t count = 0;
  size_t gradient_row = 0;  // AttentionGradient: row of dk and dv of the first key; others follow
};

// Consecutive rows of a pass that share a view, the visible keys: the runs of `keys` in order. The
// last row_end - row_begin of them are the rows' own; each row sees all up to and including its
// own. Intervals hidden from the rows are gaps between runs; a prefix that sequences have in common
// is the same runs in each.
struct AttentionSequence {
  std::span<const KeyRun> keys;
  size_t row_begin = 0;
  size_t row_end = 0;
};

// Where the key and value of one row go: slot `slot` of `page`.
struct KvSlot {
  std::byte* page = nullptr;
  size_t slot = 0;
};

// Per row of log-softmax over temperature-scaled logits z = logit / T (learner.md §6).
template <typename Real>
struct LogSoftmaxStats {
  Real max = 0;      // z_max
  Real log_sum = 0;  // log Σ_v exp(z_v − z_max)
  Real entropy = 0;  // z_max + log_sum − Σ_v p_v z_v, nats
};

// Sampling draws on whole numbers, so that no order of summation matters: token v of a row has the
// mass m_v = round_to_even(exp(z_v − z_max) · 2^40) (speculation.md §1.1).
inline constexpr double kMassOfOne = 0x1p40;
// Entries of a row whose masses are summed; a multiple of 16 that divides the reduction's chunks.
inline constexpr size_t kMassBlock = 512;
inline size_t NumMassBlocks(size_t v) { return (v + kMassBlock - 1) / kMassBlock; }

// Gradient of an objective with respect to one row's log-prob, entropy, and KL to a reference.
template <typename Real>
struct HeadRowGradient {
  Real log_prob = 0;
  Real entropy = 0;
  Real kl = 0;
};

// One of the linear layers that read the same rows.
template <typename Real>
struct LinearOutput {
  const PackedMatrix* w = nullptr;
  Real* y = nullptr;  // [m, w->n()]
};

// One of the weights whose layers read the same rows.
template <typename Real>
struct WeightGradientOutput {
  const Real* dy = nullptr;  // [rows, n]
  size_t n = 0;
  Real* dw = nullptr;  // [n, k], added to
};

// Whether a result replaces what is there or is added to it.
enum class Write { kOverwrite, kAdd };

// The operations of the forward and backward pass on one device in one arithmetic.
// Place:     implemented by device/cpu (and device/cuda); model/ asks for operations only.
// Bits:      each output row depends on its own row (and keys) and on the weights alone, never on
//            the number of rows, the threads, the pages or the instruction set (cpu.md §1).
// Real:      float for every run; double is the reference mode of learner.md §11, portable only.
// Threads:   one caller at a time; work is spread over the pool given at construction.
// Ownership: pointers are borrowed for the call; tensors are row-major and dense. Outputs never
//            alias inputs unless said.
template <typename Real>
class Ops {
 public:
  virtual ~Ops() = default;
  virtual Arithmetic arithmetic() const = 0;
  // The kernels chosen, e.g. "avx512 f32", for `winnow doctor` and test logs.
  virtual std::string kernels() const = 0;
  virtual ThreadPool& pool() = 0;

  // -- Linear layers ------------------------------------------------------------------------
  virtual std::unique_ptr<PackedMatrix> Pack(const Real* w, size_t n, size_t k, PackFor use) = 0;
  virtual void Repack(const Real* w, PackedMatrix* packed) = 0;
  // y [m, n] = x [m, k] · Wᵀ for each output; x is prepared once for all of them.
  virtual void Linear(const Real* x, size_t m, std::span<const LinearOutput<Real>> outputs) = 0;
  void Linear(const Real* x, size_t m, const PackedMatrix& w, Real* y) {
    const LinearOutput<Real> output{&w, y};
    Linear(x, m, {&output, 1});
  }
  // dx [m, k] = dy [m, n] · W, or dx += that; `w` was packed kForwardAndInputGradient.
  virtual void LinearInputGradient(const Real* dy, size_t m, const PackedMatrix& w, Write mode,
                                   Real* dx) = 0;
  void LinearInputGradient(const Real* dy, size_t m, const PackedMatrix& w, Real* dx) {
    LinearInputGradient(dy, m, w, Write::kOverwrite, dx);
  }
  // dw [n, k] += Σ over blocks, in their order, of (Σ over the block's rows t of dy[t, n] x[t, k])
  // for each output: each block's product is made from zero in the run's arithmetic, then added in
  // float32. x [rows, k] is prepared once for all of them.
  virtual void LinearWeightGradient(const Real* x, size_t k, std::span<const RowBlock> blocks,
                                    std::span<const WeightGradientOutput<Real>> outputs) = 0;
  void LinearWeightGradient(const Real* dy, const Real* x, size_t n, size_t k,
                            std::span<const RowBlock> blocks, Real* dw) {
    const WeightGradientOutput<Real> output{dy, n, dw};
    LinearWeightGradient(x, k, blocks, {&output, 1});
  }
  // y[r, :] += bias;  dbias[:] += Σ over blocks of (Σ over the block's rows, from zero) dy.
  virtual void AddBias(const Real* bias, size_t m, size_t n, Real* y) = 0;
  virtual void BiasGradient(const Real* dy, size_t n, std::span<const RowBlock> blocks,
                            Real* dbias) = 0;

  // -- Elementwise and norms ----------------------------------------------------------------
  // out[r, :] = table[ids[r], :];  ids are in range.
  virtual void Embed(const Real* table, size_t width, std::span<const int32_t> ids, Real* out) = 0;
  // y = x · inv_rms(x) · w, inv_rms = 1/sqrt(mean(x²) + eps) per row of `width`; inv_rms [rows] is
  // stored if not null.
  virtual void RmsNorm(const Real* x, const Real* w, size_t rows, size_t width, double eps, Real* y,
                       Real* inv_rms) = 0;
  // dx [rows, width] (overwritten) and dw [width] += per block from zero. `rows_per_token` is 1, or
  // the heads of a QK-norm: block rows count tokens, x has tokens · rows_per_token rows.
  virtual void RmsNormGradient(const Real* dy, const Real* x, const Real* w, const Real* inv_rms,
                               size_t width, size_t rows_per_token,
                               std::span<const RowBlock> blocks, size_t tokens, Real* dx,
                               Real* dw) = 0;
  // x [rows, heads, head_dim] in place: halves (x1, x2) -> (x1 c − x2 s, x2 c + x1 s) with
  // cos_sin [max position, head_dim / 2, 2] in Real; `inverse` rotates back (the gradient).
  virtual void Rope(std::span<const int32_t> positions, const Real* cos_sin, size_t heads,
                    size_t head_dim, bool inverse, Real* x) = 0;
  // out = silu(gate) · up;  gradients overwrite dgate, dup (may alias dout: no).
  virtual void SiluMul(const Real* gate, const Real* up, size_t count, Real* out) = 0;
  virtual void SiluMulGradient(const Real* dout, const Real* gate, const Real* up, size_t count,
                               Real* dgate, Real* dup) = 0;
  // x += y
  virtual void Add(const Real* y, size_t count, Real* x) = 0;
  // x = x · s
  virtual void Scale(Real s, size_t count, Real* x) = 0;

  // -- Keys, values, attention --------------------------------------------------------------
  virtual size_t kv_element_bytes() const = 0;  // bf16 runs 2, f32 4, double 8
  // k, v [rows, kv_heads · head_dim], rounded to the KV element.
  virtual void WriteKv(const AttentionShape& shape, const Real* k, const Real* v,
                       std::span<const KvSlot> slots) = 0;
  // out [R, heads · head_dim] = softmax(q·K·scale)·V per row and head, over visible keys. Order:
  // dot products over 16 lanes and a fixed tree; softmax lane = index of the visible key mod 16;
  // values added key by key. So hidden keys, runs and pages leave the bits alone. stats [R, heads,
  // 2] = (maximum, sum of exponentials), if not null.
  virtual void Attention(const AttentionShape& shape, std::span<const AttentionSequence> sequences,
                         const Real* q, Real* out, Real* stats) = 0;
  // dq [R, heads·head_dim] is overwritten; dk and dv [key rows, kv_heads·head_dim] are added to, at
  // row KeyRun::gradient_row + i for key i of a run. `out` and `stats` are those of the forward
  // pass. Probabilities are recomputed; no [T, T] buffer is held. Order: a key's sum over one
  // sequence is made from zero, head by head, rows ascending; sequences are added in list order. So
  // one call for several sequences equals a call for each.
  // REQUIRES: sequences that share keys are consecutive and have the same keys[0].gradient_row;
  // others differ in it.
  virtual void AttentionGradient(const AttentionShape& shape,
                                 std::span<const AttentionSequence> sequences, const Real* q,
                                 const Real* out, const Real* stats, const Real* dout, Real* dq,
                                 Real* dk, Real* dv) = 0;

  // -- Head -----------------------------------------------------------------------------------
  // z [m, V] = (x [m, k] · Wᵀ) / temperature; max [m] of each row. Bits of Linear and
  // LogSoftmaxRows; one pass over z, in the product's own.
  virtual void ScaledLogits(const Real* x, size_t m, const PackedMatrix& w, double temperature,
                            Real* z, Real* max) = 0;
  // What sampling needs of rows z [rows, v], in one pass: log_sum [rows], bits of LogSoftmaxRows,
  // and masses [rows, NumMassBlocks(v)], the sum over each block. log_sum is not finite if a logit
  // is NaN or +inf or all are −inf; masses are undefined then.
  virtual void SumMasses(const Real* z, size_t rows, size_t v, const Real* max, Real* log_sum,
                         uint64_t* masses) = 0;
  // logits [rows, v] are divided by `temperature` in place, then reduced per row in the one order
  // over v that sampler and learner share.
  virtual void LogSoftmaxRows(Real* logits, size_t rows, size_t v, double temperature,
                              LogSoftmaxStats<Real>* stats) = 0;
  // e [v] = exp(z_v − max): the numerators of a sampled row, same exp as LogSoftmaxRows.
  virtual void ExpShifted(const Real* z, size_t v, Real max, Real* e) = 0;
  // z [rows, v] (scaled logits, overwritten) becomes dObjective/dlogit (divided by temperature):
  //   g.log_prob(1[v = label] − p_v) − g.entropy p_v(log p_v + H) + g.kl p_v(log p_v − log q_v − K)
  // reference_z and reference_stats (scaled logits of the reference, [rows, v]) may be null if all
  // g.kl are 0; K [rows] is Σ p (log p − log q), computed by KlRows.
  virtual void LogSoftmaxGradient(Real* z, size_t rows, size_t v, double temperature,
                                  const LogSoftmaxStats<Real>* stats,
                                  std::span<const int32_t> labels,
                                  std::span<const HeadRowGradient<Real>> gradients,
                                  const Real* reference_z,
                                  const LogSoftmaxStats<Real>* reference_stats, const Real* kl) = 0;
  // kl [rows] = Σ_v p_v (log p_v − log q_v)
  virtual void KlRows(const Real* z, const LogSoftmaxStats<Real>* stats, const Real* reference_z,
                      const LogSoftmaxStats<Real>* reference_stats, size_t rows, size_t v,
                      Real* kl) = 0;
};

// The CPU implementation. WINNOW_ISA (portable, avx2, avx512, avx512_bf16, amx) narrows the kernels
// used; a name that this machine lacks is kInvalidArgument. `pool` must outlive the result.
Result<std::unique_ptr<Ops<float>>> MakeCpuOps(Arithmetic arithmetic, ThreadPool* pool);
// The same with the kernels of the set named `isa` (WINNOW_ISA's names) instead of the best ones.
Result<std::unique_ptr<Ops<float>>> MakeCpuOps(Arithmetic arithmetic, std::string_view isa,
                                               ThreadPool* pool);
// The instruction sets of this machine, by WINNOW_ISA's names, the plainest first.
std::vector<std::string_view> CpuIsaNames();
// Reference mode: portable kernels in double; arithmetic kF32's order.
std::unique_ptr<Ops<double>> MakeReferenceOps(ThreadPool* pool);

}  // namespace winnow::device
