#include "device/cpu/gemm.h"

#include <algorithm>

#include "base/check.h"
#include "device/cpu/isa.h"

namespace winnow::device {
namespace {

constexpr size_t kSerialMultiplyAdds = 200'000;  // below, a fork costs more than it saves
constexpr size_t kLeftBytes = 768 << 10;         // of the rows that stay in a core's cache
constexpr size_t kGradientBlocks = 32;           // blocks of a weight gradient at a time
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

// Rows of `row_bytes` that fit `bytes`: whole pairs of tiles, at least two.
size_t RowsInCache(size_t bytes, size_t row_bytes) {
  constexpr size_t kMultiple = 2 * kTileRows;
  return std::max(kMultiple, bytes / row_bytes / kMultiple * kMultiple);
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
    : Panels(arithmetic, element_bytes, inner, columns, &own_) {}

Panels::Panels(Arithmetic arithmetic, size_t element_bytes, size_t inner, size_t columns,
               AlignedBuffer* memory)
    : inner_(inner),
      padded_inner_(RoundUp(inner, InnerMultiple(arithmetic))),
      columns_(columns),
      panel_bytes_(padded_inner_ * kPanelColumns * element_bytes) {
  memory->Grow(size_bytes());
  data_ = memory->data();
}

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

// Strips of 32 rows of w: a panel of the forward operand, and 32 inner indices of each panel of the
// transposed one, so that w is read from memory once.
template <typename Real>
void Gemm<Real>::Repack(const Real* w, CpuPackedMatrix* packed) {
  const size_t n = packed->n(), k = packed->k();
  Panels& forward = packed->forward;
  Panels* const transpose = packed->transpose.get();
  const auto pack_rows = bf16() ? kernels_.pack_rows_bf16 : kernels_.pack_rows_real;
  const auto pack_columns = bf16() ? kernels_.pack_columns_bf16 : kernels_.pack_columns_real;
  const size_t inner_bytes = kPanelColumns * (bf16() ? sizeof(uint16_t) : sizeof(Real));
  const size_t strips = forward.num_panels();
  const auto body = [&](size_t strip, size_t end) {
    for (; strip < end; ++strip) {
      const size_t row = strip * kPanelColumns, rows = std::min(kPanelColumns, n - row);
      const Real* const from = w + row * k;
      pack_rows(from, k, rows, k, forward.padded_inner(), forward.panel(strip));
      if (transpose == nullptr) continue;
      const size_t padded = strip + 1 < strips ? kPanelColumns : transpose->padded_inner() - row;
      for (size_t p = 0; p < transpose->num_panels(); ++p) {
        const size_t column = p * kPanelColumns;
        pack_columns(from + column, k, std::min(kPanelColumns, k - column), rows, padded,
                     transpose->panel(p) + row * inner_bytes);
      }
    }
  };
  pool_->ParallelFor(strips, Grain(strips, pool_->num_threads(), n * k), body);
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
void Gemm<Real>::Multiply(const Real* x, size_t m, std::span<const Product> products, Write mode) {
  if (m == 0 || products.empty()) return;
  const GemmKernel<Real>& kernel = m >= choice_.large_from ? choice_.large : choice_.small;
  const size_t k = products[0].b->inner(), padded = products[0].b->padded_inner();
  size_t panels = 0;
  for (const Product& product : products) {
    WINNOW_CHECK_EQ(product.b->inner(), k);
    panels += product.b->num_panels();
  }
  const LeftShape shape = LeftShape::Of(kernel, padded);
  const std::byte* a = reinterpret_cast<const std::byte*>(x);
  if (bf16()) {
    PrepareRows(kernel, x, m, k, padded);
    a = rows_.data();
  }
  const size_t row_chunk = RowsInCache(kLeftBytes, shape.Size(kTileRows) / kTileRows);
  const size_t tasks = Ceil(m, row_chunk) * panels;
  const auto body = [&](size_t task, size_t end) {
    const KernelScope<Real> scope(kernel, bf16());
    for (; task < end; ++task) {
      const size_t row = task / panels * row_chunk;
      size_t p = task % panels;  // of all products, then of its own
      const Product* product = products.data();
      for (; p >= product->b->num_panels(); ++product) p -= product->b->num_panels();
      const size_t columns = product->b->columns();
      kernel.run({.a = a + shape.Offset(row, 0),
                  .a_stride = shape.stride(),
                  .b = product->b->panel(p),
                  .k = padded,
                  .c = product->y + row * columns + p * kPanelColumns,
                  .c_stride = columns,
                  .rows = std::min(row_chunk, m - row),
                  .columns = std::min(kPanelColumns, columns - p * kPanelColumns),
                  .add = mode == Write::kAdd});
      if (product->finish != nullptr) (*product->finish)(row, std::min(row_chunk, m - row), p);
    }
  };
  pool_->ParallelFor(tasks, Grain(tasks, pool_->num_threads(), m * k * panels * kPanelColumns),
                     body);
}

template <typename Real>
void Gemm<Real>::PackColumns(const Real* x, size_t k, std::span<const RowBlock> blocks,
                             Panels* out) {
  const size_t tasks = blocks.size() * out->num_panels();
  const size_t bytes = (bf16() ? sizeof(uint16_t) : sizeof(Real)) * kPanelColumns;
  const auto pack = bf16() ? kernels_.pack_columns_bf16 : kernels_.pack_columns_real;
  const auto body = [&](size_t task, size_t end) {
    for (; task < end; ++task) {
      const size_t b = task / out->num_panels(), p = task % out->num_panels();
      const size_t column = p * kPanelColumns;
      pack(x + blocks[b].begin * k + column, k, std::min(kPanelColumns, k - column),
           blocks[b].end - blocks[b].begin, starts_[b + 1] - starts_[b],
           out->panel(p) + starts_[b] * bytes);
    }
  };
  pool_->ParallelFor(tasks, Grain(tasks, pool_->num_threads(), starts_.back() * k), body);
}

template <typename Real>
void Gemm<Real>::PackTransposed(const GemmKernel<Real>& kernel, const Real* dy, size_t n,
                                std::span<const RowBlock> blocks) {
  const LeftShape shape = LeftShape::Of(kernel, starts_.back());
  rows_.Grow(shape.Size(n));
  const size_t strips = Ceil(n, kTileRows), tasks = blocks.size() * strips;
  const auto transpose = kernel.left != LeftLayout::kRealRows ? kernels_.transpose_bf16
                         : bf16()                             ? kernels_.transpose_rounded
                                                              : kernels_.transpose_real;
  const auto body = [&](size_t task, size_t end) {
    for (; task < end; ++task) {
      const size_t b = task / strips, column = task % strips * kTileRows;
      transpose(dy + blocks[b].begin * n + column, n, std::min(kTileRows, n - column),
                blocks[b].end - blocks[b].begin, starts_[b + 1] - starts_[b], shape.row_stride(),
                shape.piece_stride(), rows_.data() + shape.Offset(column, starts_[b]));
    }
  };
  pool_->ParallelFor(tasks, Grain(tasks, pool_->num_threads(), starts_.back() * n), body);
}

template <typename Real>
void Gemm<Real>::WeightGradient(const Real* x, size_t k, std::span<const RowBlock> blocks,
                                std::span<const WeightGradientOutput<Real>> outputs) {
  starts_ = {0};
  for (const RowBlock& block : blocks) {
    WINNOW_CHECK_LE(block.end - block.begin, size_t{64});
    const size_t rows = block.end - block.begin;
    starts_.push_back(starts_.back() + RoundUp(rows, InnerMultiple(choice_.arithmetic)));
  }
  if (starts_.back() == 0) return;
  Panels columns(choice_.arithmetic, bf16() ? sizeof(uint16_t) : sizeof(Real), starts_.back(), k,
                 &block_memory_);
  PackColumns(x, k, blocks, &columns);
  for (const WeightGradientOutput<Real>& output : outputs) {
    const GemmKernel<Real>& kernel = output.n >= choice_.large_from ? choice_.large : choice_.small;
    PackTransposed(kernel, output.dy, output.n, blocks);
    AddBlocks(kernel, columns, output);
  }
}

template <typename Real>
void Gemm<Real>::AddBlocks(const GemmKernel<Real>& kernel, const Panels& columns,
                           const WeightGradientOutput<Real>& output) {
  const size_t n = output.n, k = columns.columns(), panels = columns.num_panels();
  const LeftShape shape = LeftShape::Of(kernel, starts_.back());
  const size_t num_blocks = starts_.size() - 1;
  // Blocks at a time, so that their part of a task's rows stays in the cache for all panels.
  for (size_t first = 0; first < num_blocks; first += kGradientBlocks) {
    const size_t count = std::min(kGradientBlocks, num_blocks - first);
    const size_t row_chunk =
        RowsInCache(kLeftBytes, (starts_[first + count] - starts_[first]) * shape.element);
    const size_t tasks = panels * Ceil(n, row_chunk);
    const auto body = [&](size_t task, size_t end) {
      const KernelScope<Real> scope(kernel, bf16());
      for (; task < end; ++task) {
        const size_t row = task / panels * row_chunk, p = task % panels;
        kernel.run_blocks({.a = rows_.data() + shape.Offset(row, 0),
                           .a_stride = shape.stride(),
                           .b = columns.panel(p),
                           .c = output.dw + row * k + p * kPanelColumns,
                           .c_stride = k,
                           .rows = std::min(row_chunk, n - row),
                           .columns = std::min(kPanelColumns, k - p * kPanelColumns)},
                          starts_.data() + first, count);
      }
    };
    const size_t inner = starts_[first + count] - starts_[first];
    pool_->ParallelFor(tasks, Grain(tasks, pool_->num_threads(), inner * n * k), body);
  }
}

template class Gemm<float>;
template class Gemm<double>;

}  // namespace winnow::device
