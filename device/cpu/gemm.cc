#include "device/cpu/gemm.h"

#include <algorithm>

#include "base/check.h"
#include "device/cpu/isa.h"

namespace winnow::device {
namespace {

constexpr size_t kSerialMultiplyAdds = 200'000;  // below, a fork costs more than it saves
constexpr size_t kRowChunk = 256;                // rows of x that stay in the cache meanwhile
constexpr size_t kGradientRows = 64;             // rows of dw of one task
constexpr size_t kTileRows = 16;

size_t Ceil(size_t n, size_t multiple) { return (n + multiple - 1) / multiple; }
size_t RoundUp(size_t n, size_t multiple) { return Ceil(n, multiple) * multiple; }

// What the summed index is padded to, with zeros (cpu.md §1).
size_t InnerMultiple(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::kF32:
      return 1;
    case Arithmetic::kBf16Tile:
      return 32;
    case Arithmetic::kBf16Pair:
      return 2;
  }
  return 1;
}

// Ranges per thread: enough for balance, few enough that claiming them costs nothing.
size_t Grain(size_t tasks, int threads, size_t multiply_adds) {
  if (multiply_adds < kSerialMultiplyAdds) return tasks;
  return std::max<size_t>(1, tasks / (static_cast<size_t>(threads) * 8));
}

// A thread's calls of a kernel.
template <typename Real>
class KernelScope {
 public:
  KernelScope(const GemmKernel<Real>& kernel, bool bf16) : kernel_(kernel), flush_(bf16) {
    if (kernel_.enter != nullptr) kernel_.enter();
  }
  ~KernelScope() {
    if (kernel_.leave != nullptr) kernel_.leave();
  }
  KernelScope(const KernelScope&) = delete;
  KernelScope& operator=(const KernelScope&) = delete;

 private:
  const GemmKernel<Real>& kernel_;
  ScopedFlushDenormals flush_;
};

// Where rows of a left operand lie, in bytes.
struct LeftShape {
  size_t element = 0;  // bytes
  bool tiles = false;
  size_t padded = 0;  // inner indices

  template <typename Real>
  static LeftShape Of(const GemmKernel<Real>& kernel, size_t padded) {
    return {.element = kernel.left == LeftLayout::kRealRows ? sizeof(Real) : sizeof(uint16_t),
            .tiles = kernel.left == LeftLayout::kBf16Tiles,
            .padded = padded};
  }
  size_t Size(size_t rows) const { return RoundUp(rows, kTileRows) * padded * element; }
  // Of inner index `inner` of `row`.
  size_t Offset(size_t row, size_t inner) const {
    if (!tiles) return (row * padded + inner) * element;
    const size_t tile = row / kTileRows * (padded / 32) + inner / 32;
    return (tile * kTileElements + row % kTileRows * 32 + inner % 32) * element;
  }
  size_t stride() const { return tiles ? kTileRows * padded : padded; }
  size_t row_stride() const { return tiles ? 32 : padded; }
  size_t piece_stride() const { return tiles ? kTileElements : 32; }
};

}  // namespace

Panels::Panels(Arithmetic arithmetic, size_t element_bytes, size_t inner, size_t columns)
    : inner_(inner),
      padded_inner_(RoundUp(inner, InnerMultiple(arithmetic))),
      columns_(columns),
      panel_bytes_(padded_inner_ * kPanelColumns * element_bytes),
      buffer_(num_panels() * panel_bytes_) {}

CpuPackedMatrix::CpuPackedMatrix(Arithmetic arithmetic, size_t element_bytes, size_t n, size_t k,
                                 PackFor use)
    : forward(arithmetic, element_bytes, k, n) {
  if (use == PackFor::kForwardAndInputGradient)
    transpose = std::make_unique<Panels>(arithmetic, element_bytes, n, k);
}

size_t CpuPackedMatrix::size_bytes() const {
  return forward.size_bytes() + (transpose == nullptr ? 0 : transpose->size_bytes());
}

template <typename Real>
Gemm<Real>::Gemm(const Kernels<Real>& kernels, const GemmChoice<Real>& choice, ThreadPool* pool)
    : kernels_(kernels), choice_(choice), pool_(pool) {}

template <typename Real>
std::unique_ptr<PackedMatrix> Gemm<Real>::Pack(const Real* w, size_t n, size_t k, PackFor use) {
  auto packed = std::make_unique<CpuPackedMatrix>(
      choice_.arithmetic, bf16() ? sizeof(uint16_t) : sizeof(Real), n, k, use);
  Repack(w, packed.get());
  return packed;
}

template <typename Real>
void Gemm<Real>::Repack(const Real* w, CpuPackedMatrix* packed) {
  const size_t n = packed->n(), k = packed->k();
  Panels& forward = packed->forward;
  Panels* const transpose = packed->transpose.get();
  const auto pack_rows = bf16() ? kernels_.pack_rows_bf16 : kernels_.pack_rows_real;
  const auto pack_columns = bf16() ? kernels_.pack_columns_bf16 : kernels_.pack_columns_real;
  const size_t panels = forward.num_panels() + (transpose == nullptr ? 0 : transpose->num_panels());
  pool_->ParallelFor(panels, Grain(panels, pool_->num_threads(), n * k),
                     [&](size_t at, size_t end) {
                       for (; at < end; ++at) {
                         if (at < forward.num_panels()) {
                           const size_t column = at * kPanelColumns;
                           pack_rows(w + column * k, k, std::min(kPanelColumns, n - column), k,
                                     forward.padded_inner(), forward.panel(at));
                         } else {
                           const size_t p = at - forward.num_panels();
                           const size_t column = p * kPanelColumns;
                           pack_columns(w + column, k, std::min(kPanelColumns, k - column), n,
                                        transpose->padded_inner(), transpose->panel(p));
                         }
                       }
                     });
}

template <typename Real>
void Gemm<Real>::PrepareRows(const GemmKernel<Real>& kernel, const Real* x, size_t m, size_t k,
                             size_t padded) {
  const LeftShape shape = LeftShape::Of(kernel, padded);
  rows_.Grow(shape.Size(m));
  const size_t grain = std::max<size_t>(1, (size_t{1} << 15) / std::max<size_t>(k, 1));
  pool_->ParallelFor(m, grain, [&](size_t row, size_t end) {
    for (; row < end; ++row) {
      std::byte* to = rows_.data() + shape.Offset(row, 0);
      if (kernel.left == LeftLayout::kRealRows) {
        kernels_.round_bf16(x + row * k, k, padded, reinterpret_cast<Real*>(to));
      } else {
        kernels_.to_bf16(x + row * k, k, padded, shape.piece_stride(),
                         reinterpret_cast<uint16_t*>(to));
      }
    }
  });
}

template <typename Real>
void Gemm<Real>::Multiply(const Real* x, size_t m, const Panels& b, Real* y) {
  if (m == 0) return;
  const GemmKernel<Real>& kernel = m >= choice_.large_from ? choice_.large : choice_.small;
  const size_t k = b.inner(), padded = b.padded_inner(), columns = b.columns();
  const LeftShape shape = LeftShape::Of(kernel, padded);
  const std::byte* a = reinterpret_cast<const std::byte*>(x);
  if (bf16()) {
    PrepareRows(kernel, x, m, k, padded);
    a = rows_.data();
  }
  const size_t tasks = Ceil(m, kRowChunk) * b.num_panels();
  const auto body = [&](size_t task, size_t end) {
    const KernelScope<Real> scope(kernel, bf16());
    for (; task < end; ++task) {
      const size_t row = task / b.num_panels() * kRowChunk;
      const size_t p = task % b.num_panels();
      kernel.run({.a = a + shape.Offset(row, 0),
                  .a_stride = shape.stride(),
                  .b = b.panel(p),
                  .k = padded,
                  .c = y + row * columns + p * kPanelColumns,
                  .c_stride = columns,
                  .rows = std::min(kRowChunk, m - row),
                  .columns = std::min(kPanelColumns, columns - p * kPanelColumns)});
    }
  };
  pool_->ParallelFor(tasks, Grain(tasks, pool_->num_threads(), m * k * columns), body);
}

template <typename Real>
void Gemm<Real>::PackColumns(const Real* x, size_t k, std::span<const RowBlock> blocks,
                             const std::vector<size_t>& starts, Panels* out) {
  const size_t tasks = blocks.size() * out->num_panels();
  const size_t bytes = (bf16() ? sizeof(uint16_t) : sizeof(Real)) * kPanelColumns;
  const auto pack = bf16() ? kernels_.pack_columns_bf16 : kernels_.pack_columns_real;
  const auto body = [&](size_t task, size_t end) {
    for (; task < end; ++task) {
      const size_t b = task / out->num_panels(), p = task % out->num_panels();
      const size_t column = p * kPanelColumns;
      pack(x + blocks[b].begin * k + column, k, std::min(kPanelColumns, k - column),
           blocks[b].end - blocks[b].begin, starts[b + 1] - starts[b],
           out->panel(p) + starts[b] * bytes);
    }
  };
  pool_->ParallelFor(tasks, Grain(tasks, pool_->num_threads(), starts.back() * k), body);
}

template <typename Real>
void Gemm<Real>::PackTransposed(const GemmKernel<Real>& kernel, const Real* dy, size_t n,
                                std::span<const RowBlock> blocks,
                                const std::vector<size_t>& starts) {
  const LeftShape shape = LeftShape::Of(kernel, starts.back());
  rows_.Grow(shape.Size(n));
  const size_t strips = Ceil(n, kTileRows), tasks = blocks.size() * strips;
  const auto transpose = kernel.left != LeftLayout::kRealRows ? kernels_.transpose_bf16
                         : bf16()                             ? kernels_.transpose_rounded
                                                              : kernels_.transpose_real;
  const auto body = [&](size_t task, size_t end) {
    for (; task < end; ++task) {
      const size_t b = task / strips, column = task % strips * kTileRows;
      transpose(dy + blocks[b].begin * n + column, n, std::min(kTileRows, n - column),
                blocks[b].end - blocks[b].begin, starts[b + 1] - starts[b], shape.row_stride(),
                shape.piece_stride(), rows_.data() + shape.Offset(column, starts[b]));
    }
  };
  pool_->ParallelFor(tasks, Grain(tasks, pool_->num_threads(), starts.back() * n), body);
}

template <typename Real>
void Gemm<Real>::WeightGradient(const Real* dy, const Real* x, size_t n, size_t k,
                                std::span<const RowBlock> blocks, Real* dw) {
  std::vector<size_t> starts = {0};  // of each block in the padded token order, and the end
  for (const RowBlock& block : blocks) {
    WINNOW_CHECK_LE(block.end - block.begin, size_t{64});
    const size_t rows = block.end - block.begin;
    starts.push_back(starts.back() + RoundUp(rows, InnerMultiple(choice_.arithmetic)));
  }
  const size_t padded = starts.back();
  if (padded == 0) return;
  const GemmKernel<Real>& kernel = n >= choice_.large_from ? choice_.large : choice_.small;
  const LeftShape shape = LeftShape::Of(kernel, padded);
  if (blocks_ == nullptr || blocks_->padded_inner() != padded || blocks_->columns() != k) {
    blocks_ = std::make_unique<Panels>(choice_.arithmetic, bf16() ? sizeof(uint16_t) : sizeof(Real),
                                       padded, k);
  }
  PackColumns(x, k, blocks, starts, blocks_.get());
  PackTransposed(kernel, dy, n, blocks, starts);

  const size_t panels = blocks_->num_panels();
  const size_t tasks = panels * Ceil(n, kGradientRows);
  const auto body = [&](size_t task, size_t end) {
    const KernelScope<Real> scope(kernel, bf16());
    for (; task < end; ++task) {
      const size_t row = task / panels * kGradientRows, p = task % panels;
      kernel.run_blocks({.a = rows_.data() + shape.Offset(row, 0),
                         .a_stride = shape.stride(),
                         .b = blocks_->panel(p),
                         .c = dw + row * k + p * kPanelColumns,
                         .c_stride = k,
                         .rows = std::min(kGradientRows, n - row),
                         .columns = std::min(kPanelColumns, k - p * kPanelColumns)},
                        starts.data(), blocks.size());
    }
  };
  pool_->ParallelFor(tasks, Grain(tasks, pool_->num_threads(), padded * n * k), body);
}

template class Gemm<float>;
template class Gemm<double>;

}  // namespace winnow::device
