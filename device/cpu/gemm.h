#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "device/cpu/aligned_buffer.h"
#include "device/cpu/kernels.h"

namespace winnow::device {

// The kernels of one arithmetic: `small` for fewer than `large_from` rows, `large` from there on.
// Both give the same bits.
template <typename Real>
struct GemmChoice {
  Arithmetic arithmetic = Arithmetic::kF32;
  GemmKernel<Real> small;
  GemmKernel<Real> large;
  size_t large_from = 1;
};

// One matrix [inner, columns] in panels of 32 columns: bf16 [panels][padded inner / 2][32][2], or
// Real [panels][inner][32]. Columns and inner are padded with zeros.
class Panels {
 public:
  // An operand of `columns` outputs and `inner` summed indices, in memory of its own or in
  // `memory`, which grows as needed and must outlive it.
  Panels(Arithmetic arithmetic, size_t element_bytes, size_t inner, size_t columns);
  Panels(Arithmetic arithmetic, size_t element_bytes, size_t inner, size_t columns,
         AlignedBuffer* memory);

  size_t inner() const { return inner_; }
  size_t padded_inner() const { return padded_inner_; }
  size_t columns() const { return columns_; }
  size_t num_panels() const { return (columns_ + kPanelColumns - 1) / kPanelColumns; }
  size_t size_bytes() const { return num_panels() * panel_bytes_; }
  std::byte* panel(size_t p) { return data_ + p * panel_bytes_; }
  const std::byte* panel(size_t p) const { return data_ + p * panel_bytes_; }

 private:
  size_t inner_;
  size_t padded_inner_;
  size_t columns_;
  size_t panel_bytes_;
  AlignedBuffer own_;
  std::byte* data_ = nullptr;
};

// A packed weight and, if asked for, its transpose for the input gradient.
class CpuPackedMatrix : public PackedMatrix {
 public:
  CpuPackedMatrix(Arithmetic arithmetic, size_t element_bytes, size_t n, size_t k, PackFor use);

  size_t n() const override { return forward.columns(); }
  size_t k() const override { return forward.inner(); }
  size_t size_bytes() const override;

  Panels forward;                     // inner k, columns n
  std::unique_ptr<Panels> transpose;  // inner n, columns k; null if packed for forward only
};

// Linear layers and their gradients on a pool, in one arithmetic (cpu.md §1).
// Threads: one caller at a time; owns scratch memory that grows to the largest call.
template <typename Real>
class Gemm {
 public:
  Gemm(const Kernels<Real>& kernels, const GemmChoice<Real>& choice, ThreadPool* pool);

  std::unique_ptr<PackedMatrix> Pack(const Real* w, size_t n, size_t k, PackFor use);
  void Repack(const Real* w, CpuPackedMatrix* packed);
  // Called with rows [row, row + rows) of a panel of y when they are made, by the thread that did.
  using Finish = std::function<void(size_t row, size_t rows, size_t panel)>;
  // y [m, b->columns] = x [m, b->inner] · b
  struct Product {
    const Panels* b = nullptr;
    Real* y = nullptr;
    const Finish* finish = nullptr;  // may be null
  };
  // Products of the same rows. REQUIRES: equal inner sizes.
  void Multiply(const Real* x, size_t m, std::span<const Product> products, Write mode);
  // See Ops::LinearWeightGradient.
  void WeightGradient(const Real* x, size_t k, std::span<const RowBlock> blocks,
                      std::span<const WeightGradientOutput<Real>> outputs);

 private:
  bool bf16() const { return choice_.arithmetic != Arithmetic::kF32; }
  // Fills rows_ with x in the kernel's layout, rounded.
  void PrepareRows(const GemmKernel<Real>& kernel, const Real* x, size_t m, size_t k,
                   size_t padded);
  // Fills a panel per 32 columns of x, blocks padded to `starts`.
  void PackColumns(const Real* x, size_t k, std::span<const RowBlock> blocks, Panels* out);
  // Fills rows_ with dy transposed, blocks padded to `starts`.
  void PackTransposed(const GemmKernel<Real>& kernel, const Real* dy, size_t n,
                      std::span<const RowBlock> blocks);
  // dw += the blocks' products of rows_ and `columns`.
  void AddBlocks(const GemmKernel<Real>& kernel, const Panels& columns,
                 const WeightGradientOutput<Real>& output);

  const Kernels<Real>& kernels_;
  const GemmChoice<Real> choice_;
  ThreadPool* const pool_;
  AlignedBuffer rows_;          // prepared left operand
  AlignedBuffer block_memory_;  // packed right operand of a weight gradient
  std::vector<size_t> starts_;  // of each block in the padded order of its rows, and the end
};

}  // namespace winnow::device
