#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device/cpu/attention.h"
#include "device/cpu/gemm.h"
#include "device/cpu/isa.h"
#include "device/cpu/kernels.h"
#include "device/ops.h"

namespace winnow::device {

// The operations over a table of kernels: cuts tensors into ranges for the pool's threads and
// leaves the numbers to the kernels. Which table is a matter of speed alone.
template <typename Real>
class CpuOps final : public Ops<Real> {
 public:
  CpuOps(const Kernels<Real>& kernels, const GemmChoice<Real>& choice, ThreadPool* pool);

  Arithmetic arithmetic() const override { return choice_.arithmetic; }
  std::string kernels() const override;
  ThreadPool& pool() override { return *pool_; }

  std::unique_ptr<PackedMatrix> Pack(const Real* w, size_t n, size_t k, PackFor use) override;
  void Repack(const Real* w, PackedMatrix* packed) override;
  using Ops<Real>::Linear;
  using Ops<Real>::LinearInputGradient;
  using Ops<Real>::LinearWeightGradient;
  void Linear(const Real* x, size_t m, std::span<const LinearOutput<Real>> outputs) override;
  void LinearInputGradient(const Real* dy, size_t m, const PackedMatrix& w, Write mode,
                           Real* dx) override;
  void LinearWeightGradient(const Real* x, size_t k, std::span<const RowBlock> blocks,
                            std::span<const WeightGradientOutput<Real>> outputs) override;
  void AddBias(const Real* bias, size_t m, size_t n, Real* y) override;
  void BiasGradient(const Real* dy, size_t n, std::span<const RowBlock> blocks,
                    Real* dbias) override;

  void Embed(const Real* table, size_t width, std::span<const int32_t> ids, Real* out) override;
  void RmsNorm(const Real* x, const Real* w, size_t rows, size_t width, double eps, Real* y,
               Real* inv_rms) override;
  void RmsNormGradient(const Real* dy, const Real* x, const Real* w, const Real* inv_rms,
                       size_t width, size_t rows_per_token, std::span<const RowBlock> blocks,
                       size_t tokens, Real* dx, Real* dw) override;
  void Rope(std::span<const int32_t> positions, const Real* cos_sin, size_t heads, size_t head_dim,
            bool inverse, Real* x) override;
  void SiluMul(const Real* gate, const Real* up, size_t count, Real* out) override;
  void SiluMulGradient(const Real* dout, const Real* gate, const Real* up, size_t count,
                       Real* dgate, Real* dup) override;
  void Add(const Real* y, size_t count, Real* x) override;
  void Scale(Real s, size_t count, Real* x) override;

  size_t kv_element_bytes() const override;
  void WriteKv(const AttentionShape& shape, const Real* k, const Real* v,
               std::span<const KvSlot> slots) override;
  void Attention(const AttentionShape& shape, std::span<const AttentionSequence> sequences,
                 const Real* q, Real* out, Real* stats) override;
  void AttentionGradient(const AttentionShape& shape, std::span<const AttentionSequence> sequences,
                         const Real* q, const Real* out, const Real* stats, const Real* dout,
                         Real* dq, Real* dk, Real* dv) override;

  void ScaledLogits(const Real* x, size_t m, const PackedMatrix& w, double temperature, Real* z,
                    Real* max) override;
  void SumMasses(const Real* z, size_t rows, size_t v, const Real* max, Real* log_sum,
                 uint64_t* masses) override;
  void LogSoftmaxRows(Real* logits, size_t rows, size_t v, double temperature,
                      LogSoftmaxStats<Real>* stats) override;
  void ExpShifted(const Real* z, size_t v, Real max, Real* e) override;
  void LogSoftmaxGradient(Real* z, size_t rows, size_t v, double temperature,
                          const LogSoftmaxStats<Real>* stats, std::span<const int32_t> labels,
                          std::span<const HeadRowGradient<Real>> gradients, const Real* reference_z,
                          const LogSoftmaxStats<Real>* reference_stats, const Real* kl) override;
  void KlRows(const Real* z, const LogSoftmaxStats<Real>* stats, const Real* reference_z,
              const LogSoftmaxStats<Real>* reference_stats, size_t rows, size_t v,
              Real* kl) override;

 private:
  bool bf16() const { return choice_.arithmetic != Arithmetic::kF32; }
  // body(begin, end) over elements, in ranges that are worth a thread.
  void ForElements(size_t count, const std::function<void(size_t, size_t)>& body);
  // body(begin, end) over rows of `width`.
  void ForRows(size_t rows, size_t width, const std::function<void(size_t, size_t)>& body);
  // Scratch of `count` elements, until the next call.
  Real* Partials(size_t count);
  // body(row, chunk, begin, end) over reduction chunks of rows over the vocabulary.
  void ForChunks(size_t rows, size_t v,
                 const std::function<void(size_t, size_t, size_t, size_t)>& body);

  const Kernels<Real>& table_;
  const GemmChoice<Real> choice_;
  ThreadPool* const pool_;
  Gemm<Real> gemm_;
  std::vector<typename Gemm<Real>::Product> products_;  // of the call at work
  CpuAttention<Real> attention_;
  AlignedBuffer partials_;  // of reductions over the vocabulary
};

// The kernels for `arithmetic` on `isa`, which this machine must have. With `stand_in`, AMX and
// VDPBF16PS kernels run over the plain C++ stand-in of their instructions, on any machine.
GemmChoice<float> ChooseGemm(Arithmetic arithmetic, Isa isa, bool stand_in);
const Kernels<float>& ChooseKernels(Isa isa);

}  // namespace winnow::device
