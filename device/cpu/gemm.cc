#include "device/cpu/gemm.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "device/bf16.h"
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

// Writes bf16 pairs: out[c] = (even row[c], odd row[c]); null rows and columns from `count` on are
// zero. Source columns are `stride` apart.
template <typename Real>
void PackPair(const Real* even, const Real* odd, size_t stride, size_t count, uint16_t* out) {
  for (size_t c = 0; c < count; ++c) {
    out[2 * c] = even == nullptr ? 0 : Bf16FromFloat(static_cast<float>(even[c * stride]));
    out[2 * c + 1] = odd == nullptr ? 0 : Bf16FromFloat(static_cast<float>(odd[c * stride]));
  }
  std::fill(out + 2 * count, out + 2 * kPanelColumns, uint16_t{0});
}

template <typename Real>
void PackSingle(const Real* row, size_t stride, size_t count, Real* out) {
  for (size_t c = 0; c < count; ++c) out[c] = row[c * stride];
  std::fill(out + count, out + kPanelColumns, Real{0});
}

// Packs summed indices [0, inner), padded to `padded`, of one panel. Element (i, c) is
// source[i · inner_stride + c · column_stride].
template <typename Real>
void PackPanel(bool bf16, const Real* source, size_t inner_stride, size_t column_stride,
               size_t inner, size_t padded, size_t columns, std::byte* out) {
  if (!bf16) {
    Real* to = reinterpret_cast<Real*>(out);
    for (size_t i = 0; i < inner; ++i)
      PackSingle(source + i * inner_stride, column_stride, columns, to + i * kPanelColumns);
    std::fill(to + inner * kPanelColumns, to + padded * kPanelColumns, Real{0});
    return;
  }
  uint16_t* to = reinterpret_cast<uint16_t*>(out);
  for (size_t i = 0; i < padded; i += 2, to += 2 * kPanelColumns) {
    PackPair(i < inner ? source + i * inner_stride : nullptr,
             i + 1 < inner ? source + (i + 1) * inner_stride : nullptr, column_stride, columns, to);
  }
}

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
size_t Gemm<Real>::ElementBytes(const GemmKernel<Real>& kernel) const {
  return kernel.a_is_bf16 ? sizeof(uint16_t) : sizeof(Real);
}

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
  const size_t panels = forward.num_panels() + (transpose == nullptr ? 0 : transpose->num_panels());
  pool_->ParallelFor(panels, Grain(panels, pool_->num_threads(), n * k),
                     [&](size_t at, size_t end) {
                       for (; at < end; ++at) {
                         if (at < forward.num_panels()) {
                           const size_t column = at * kPanelColumns;
                           PackPanel(bf16(), w + column * k, 1, k, k, forward.padded_inner(),
                                     std::min(kPanelColumns, n - column), forward.panel(at));
                         } else {
                           const size_t p = at - forward.num_panels();
                           const size_t column = p * kPanelColumns;
                           PackPanel(bf16(), w + column, k, 1, n, transpose->padded_inner(),
                                     std::min(kPanelColumns, k - column), transpose->panel(p));
                         }
                       }
                     });
}

template <typename Real>
void Gemm<Real>::PrepareRows(const GemmKernel<Real>& kernel, const Real* x, size_t m, size_t k,
                             size_t padded, std::byte* out) {
  const size_t row_bytes = padded * ElementBytes(kernel);
  const size_t grain = std::max<size_t>(1, (size_t{1} << 15) / std::max<size_t>(k, 1));
  pool_->ParallelFor(m, grain, [&](size_t row, size_t end) {
    for (; row < end; ++row) {
      std::byte* to = out + row * row_bytes;
      if (kernel.a_is_bf16) {
        kernels_.to_bf16(x + row * k, k, padded, reinterpret_cast<uint16_t*>(to));
      } else {
        kernels_.round_bf16(x + row * k, k, padded, reinterpret_cast<Real*>(to));
      }
    }
  });
}

template <typename Real>
void Gemm<Real>::Multiply(const Real* x, size_t m, const Panels& b, Real* y) {
  if (m == 0) return;
  const GemmKernel<Real>& kernel = m >= choice_.large_from ? choice_.large : choice_.small;
  const size_t k = b.inner(), padded = b.padded_inner(), columns = b.columns();
  const std::byte* a = reinterpret_cast<const std::byte*>(x);
  if (bf16()) {
    const size_t rows = kernel.whole_tiles ? RoundUp(m, kTileRows) : m;
    const size_t row_bytes = padded * ElementBytes(kernel);
    rows_.Grow(rows * row_bytes);
    PrepareRows(kernel, x, m, k, padded, rows_.data());
    std::memset(rows_.data() + m * row_bytes, 0, (rows - m) * row_bytes);
    a = rows_.data();
  }
  const size_t chunks = Ceil(m, kRowChunk);
  const size_t tasks = chunks * b.num_panels();
  const size_t a_row_bytes = padded * ElementBytes(kernel);
  const auto body = [&](size_t task, size_t end) {
    const ScopedFlushDenormals flush(bf16());
    for (; task < end; ++task) {
      const size_t row = task / b.num_panels() * kRowChunk;
      const size_t p = task % b.num_panels();
      kernel.run({.a = a + row * a_row_bytes,
                  .a_stride = padded,
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
  pool_->ParallelFor(
      tasks, Grain(tasks, pool_->num_threads(), starts.back() * k), [&](size_t task, size_t end) {
        for (; task < end; ++task) {
          const size_t b = task / out->num_panels(), p = task % out->num_panels();
          const size_t column = p * kPanelColumns;
          PackPanel(bf16(), x + blocks[b].begin * k + column, k, 1, blocks[b].end - blocks[b].begin,
                    starts[b + 1] - starts[b], std::min(kPanelColumns, k - column),
                    out->panel(p) + starts[b] * bytes);
        }
      });
}

template <typename Real>
void Gemm<Real>::PackTransposed(const GemmKernel<Real>& kernel, const Real* dy, size_t n,
                                std::span<const RowBlock> blocks, const std::vector<size_t>& starts,
                                size_t padded, std::byte* out) {
  constexpr size_t kStrip = 16;
  const size_t strips = Ceil(n, kStrip);
  const size_t tasks = blocks.size() * strips;
  pool_->ParallelFor(
      tasks, Grain(tasks, pool_->num_threads(), padded * n), [&](size_t task, size_t end) {
        for (; task < end; ++task) {
          const size_t b = task / strips, first = task % strips * kStrip;
          const size_t last = std::min(n, first + kStrip);
          const size_t rows = blocks[b].end - blocks[b].begin, length = starts[b + 1] - starts[b];
          Real column[64];
          for (size_t i = first; i < last; ++i) {
            const Real* from = dy + blocks[b].begin * n + i;
            for (size_t t = 0; t < rows; ++t) column[t] = from[t * n];
            std::byte* to = out + (i * padded + starts[b]) * ElementBytes(kernel);
            if (kernel.a_is_bf16) {
              kernels_.to_bf16(column, rows, length, reinterpret_cast<uint16_t*>(to));
            } else if (bf16()) {
              kernels_.round_bf16(column, rows, length, reinterpret_cast<Real*>(to));
            } else {
              std::copy(column, column + rows, reinterpret_cast<Real*>(to));
            }
          }
        }
      });
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
  const size_t element = bf16() ? sizeof(uint16_t) : sizeof(Real);
  if (blocks_ == nullptr || blocks_->padded_inner() != padded || blocks_->columns() != k)
    blocks_ = std::make_unique<Panels>(choice_.arithmetic, element, padded, k);
  const size_t a_rows = RoundUp(n, kTileRows), a_row_bytes = padded * ElementBytes(kernel);
  rows_.Grow(a_rows * a_row_bytes);
  std::memset(rows_.data() + n * a_row_bytes, 0, (a_rows - n) * a_row_bytes);
  PackColumns(x, k, blocks, starts, blocks_.get());
  PackTransposed(kernel, dy, n, blocks, starts, padded, rows_.data());

  const size_t panels = blocks_->num_panels();
  const size_t tasks = panels * Ceil(n, kGradientRows);
  const auto body = [&](size_t task, size_t end) {
    const ScopedFlushDenormals flush(bf16());
    for (; task < end; ++task) {
      const size_t row = task / panels * kGradientRows, p = task % panels;
      for (size_t b = 0; b < blocks.size(); ++b) {
        kernel.run({.a = rows_.data() + row * a_row_bytes + starts[b] * ElementBytes(kernel),
                    .a_stride = padded,
                    .b = blocks_->panel(p) + starts[b] * kPanelColumns * element,
                    .k = starts[b + 1] - starts[b],
                    .c = dw + row * k + p * kPanelColumns,
                    .c_stride = k,
                    .rows = std::min(kGradientRows, n - row),
                    .columns = std::min(kPanelColumns, k - p * kPanelColumns),
                    .add = true});
      }
    }
  };
  pool_->ParallelFor(tasks, Grain(tasks, pool_->num_threads(), padded * n * k), body);
}

template class Gemm<float>;
template class Gemm<double>;

}  // namespace winnow::device
