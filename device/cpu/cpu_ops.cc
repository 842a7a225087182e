#include "device/cpu/cpu_ops.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/format.h"
#include "device/bf16.h"

namespace winnow::device {
namespace {

constexpr size_t kElementGrain = 16 * 1024;  // elements of cheap work that are worth a thread
constexpr size_t kColumnGrain = 64;          // columns of a sum over rows
constexpr size_t kTilesFromRows = 5;         // fewer are bound by memory, and FMA streams better

}  // namespace

template <typename Real>
CpuOps<Real>::CpuOps(const Kernels<Real>& kernels, const GemmChoice<Real>& choice, ThreadPool* pool)
    : table_(kernels),
      choice_(choice),
      pool_(pool),
      gemm_(kernels, choice, pool),
      attention_(kernels, bf16(), pool) {}

template <typename Real>
std::string CpuOps<Real>::kernels() const {
  const std::string arithmetic(ArithmeticName(choice_.arithmetic));
  if (choice_.small.run == choice_.large.run)
    return Format("{}, {}: {}", table_.name, arithmetic, choice_.large.name);
  return Format("{}, {}: {}, below {} rows {}", table_.name, arithmetic, choice_.large.name,
                choice_.large_from, choice_.small.name);
}

template <typename Real>
void CpuOps<Real>::ForElements(size_t count, const std::function<void(size_t, size_t)>& body) {
  pool_->ParallelFor(count, kElementGrain, body);
}

template <typename Real>
void CpuOps<Real>::ForRows(size_t rows, size_t width,
                           const std::function<void(size_t, size_t)>& body) {
  pool_->ParallelFor(rows, std::max<size_t>(1, kElementGrain / std::max<size_t>(1, width)), body);
}

// -- Linear layers ----------------------------------------------------------------------------

template <typename Real>
std::unique_ptr<PackedMatrix> CpuOps<Real>::Pack(const Real* w, size_t n, size_t k, PackFor use) {
  return gemm_.Pack(w, n, k, use);
}

template <typename Real>
void CpuOps<Real>::Repack(const Real* w, PackedMatrix* packed) {
  gemm_.Repack(w, static_cast<CpuPackedMatrix*>(packed));
}

template <typename Real>
void CpuOps<Real>::Linear(const Real* x, size_t m, std::span<const LinearOutput<Real>> outputs) {
  products_.clear();
  for (const LinearOutput<Real>& output : outputs) {
    products_.push_back({&static_cast<const CpuPackedMatrix&>(*output.w).forward, output.y});
  }
  gemm_.Multiply(x, m, products_, Write::kOverwrite);
}

template <typename Real>
void CpuOps<Real>::LinearInputGradient(const Real* dy, size_t m, const PackedMatrix& w, Write mode,
                                       Real* dx) {
  const auto& packed = static_cast<const CpuPackedMatrix&>(w);
  WINNOW_CHECK(packed.transpose != nullptr);
  const typename Gemm<Real>::Product product{packed.transpose.get(), dx};
  gemm_.Multiply(dy, m, {&product, 1}, mode);
}

template <typename Real>
void CpuOps<Real>::LinearWeightGradient(const Real* x, size_t k, std::span<const RowBlock> blocks,
                                        std::span<const WeightGradientOutput<Real>> outputs) {
  gemm_.WeightGradient(x, k, blocks, outputs);
}

template <typename Real>
void CpuOps<Real>::AddBias(const Real* bias, size_t m, size_t n, Real* y) {
  ForRows(m, n, [&](size_t row, size_t end) {
    for (; row < end; ++row) table_.add(bias, n, y + row * n);
  });
}

template <typename Real>
void CpuOps<Real>::BiasGradient(const Real* dy, size_t n, std::span<const RowBlock> blocks,
                                Real* dbias) {
  pool_->ParallelFor(n, kColumnGrain, [&](size_t begin, size_t end) {
    table_.bias_gradient(dy, n, blocks.data(), blocks.size(), begin, end, dbias);
  });
}

// -- Elementwise and norms --------------------------------------------------------------------

template <typename Real>
void CpuOps<Real>::Embed(const Real* table, size_t width, std::span<const int32_t> ids, Real* out) {
  ForRows(ids.size(), width, [&](size_t row, size_t end) {
    for (; row < end; ++row)
      std::memcpy(out + row * width, table + static_cast<size_t>(ids[row]) * width,
                  width * sizeof(Real));
  });
}

template <typename Real>
void CpuOps<Real>::RmsNorm(const Real* x, const Real* w, size_t rows, size_t width, double eps,
                           Real* y, Real* inv_rms) {
  ForRows(rows, width, [&](size_t row, size_t end) {
    table_.rms_norm(x + row * width, w, end - row, width, static_cast<Real>(eps), y + row * width,
                    inv_rms == nullptr ? nullptr : inv_rms + row);
  });
}

template <typename Real>
void CpuOps<Real>::RmsNormGradient(const Real* dy, const Real* x, const Real* w,
                                   const Real* inv_rms, size_t width, size_t rows_per_token,
                                   std::span<const RowBlock> blocks, size_t tokens, Real* dx,
                                   Real* dw) {
  ForRows(tokens * rows_per_token, width, [&](size_t row, size_t end) {
    table_.rms_norm_dx(dy + row * width, x + row * width, w, inv_rms + row, end - row, width,
                       dx + row * width);
  });
  pool_->ParallelFor(width, kColumnGrain, [&](size_t begin, size_t end) {
    table_.rms_norm_dw(dy, x, inv_rms, width, rows_per_token, blocks.data(), blocks.size(), begin,
                       end, dw);
  });
}

template <typename Real>
void CpuOps<Real>::Rope(std::span<const int32_t> positions, const Real* cos_sin, size_t heads,
                        size_t head_dim, bool inverse, Real* x) {
  const size_t half = head_dim / 2, width = heads * head_dim;
  ForRows(positions.size(), width, [&](size_t row, size_t end) {
    std::vector<Real> angles(head_dim);
    for (; row < end; ++row) {
      const Real* from = cos_sin + static_cast<size_t>(positions[row]) * head_dim;
      for (size_t i = 0; i < half; ++i) {
        angles[i] = from[2 * i];
        angles[half + i] = inverse ? -from[2 * i + 1] : from[2 * i + 1];
      }
      table_.rope(angles.data(), angles.data() + half, heads, head_dim, x + row * width);
    }
  });
}

template <typename Real>
void CpuOps<Real>::SiluMul(const Real* gate, const Real* up, size_t count, Real* out) {
  ForElements(count, [&](size_t begin, size_t end) {
    table_.silu_mul(gate + begin, up + begin, end - begin, out + begin);
  });
}

template <typename Real>
void CpuOps<Real>::SiluMulGradient(const Real* dout, const Real* gate, const Real* up, size_t count,
                                   Real* dgate, Real* dup) {
  ForElements(count, [&](size_t begin, size_t end) {
    table_.silu_mul_gradient(dout + begin, gate + begin, up + begin, end - begin, dgate + begin,
                             dup + begin);
  });
}

template <typename Real>
void CpuOps<Real>::Add(const Real* y, size_t count, Real* x) {
  ForElements(count,
              [&](size_t begin, size_t end) { table_.add(y + begin, end - begin, x + begin); });
}

template <typename Real>
void CpuOps<Real>::Scale(Real s, size_t count, Real* x) {
  ForElements(count, [&](size_t begin, size_t end) { table_.scale(s, end - begin, x + begin); });
}

// -- Keys, values, attention ------------------------------------------------------------------

template <typename Real>
size_t CpuOps<Real>::kv_element_bytes() const {
  return bf16() ? sizeof(uint16_t) : sizeof(Real);
}

template <typename Real>
void CpuOps<Real>::WriteKv(const AttentionShape& shape, const Real* k, const Real* v,
                           std::span<const KvSlot> slots) {
  const size_t width = shape.kv_heads * shape.head_dim;
  const size_t element = kv_element_bytes();
  const auto write = [&](const Real* from, size_t head, const KvSlot& slot) {
    std::byte* to = slot.page + (head * shape.page_tokens + slot.slot) * shape.head_dim * element;
    if (bf16()) {
      table_.to_bf16(from, shape.head_dim, shape.head_dim, /*piece_stride=*/32,
                     reinterpret_cast<uint16_t*>(to));
    } else {
      std::memcpy(to, from, shape.head_dim * element);
    }
  };
  ForRows(slots.size(), 2 * width, [&](size_t row, size_t end) {
    for (; row < end; ++row) {
      for (size_t h = 0; h < shape.kv_heads; ++h) {
        write(k + row * width + h * shape.head_dim, h, slots[row]);
        write(v + row * width + h * shape.head_dim, shape.kv_heads + h, slots[row]);
      }
    }
  });
}

template <typename Real>
void CpuOps<Real>::Attention(const AttentionShape& shape,
                             std::span<const AttentionSequence> sequences, const Real* q, Real* out,
                             Real* stats) {
  attention_.Forward(shape, sequences, q, out, stats);
}

template <typename Real>
void CpuOps<Real>::AttentionGradient(const AttentionShape& shape,
                                     std::span<const AttentionSequence> sequences, const Real* q,
                                     const Real* out, const Real* stats, const Real* dout, Real* dq,
                                     Real* dk, Real* dv) {
  attention_.Backward(
      shape, sequences,
      {.q = q, .out = out, .stats = stats, .dout = dout, .dq = dq, .dk = dk, .dv = dv});
}

template class CpuOps<float>;
template class CpuOps<double>;

// -- Construction -----------------------------------------------------------------------------

const Kernels<float>& ChooseKernels(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return PortableKernels();
    case Isa::kAvx2:
      return Avx2Kernels();
    case Isa::kAvx512:
    case Isa::kAvx512Bf16:
    case Isa::kAmx:
      return Avx512Kernels();
  }
  return PortableKernels();
}

GemmChoice<float> ChooseGemm(Arithmetic arithmetic, Isa isa, bool stand_in) {
  const Kernels<float>& table = ChooseKernels(isa);
  GemmChoice<float> choice = {.arithmetic = arithmetic};
  switch (arithmetic) {
    case Arithmetic::kF32:
      choice.small = choice.large = table.gemm_f32;
      break;
    case Arithmetic::kBf16Tile:
      choice.small = choice.large = table.gemm_tile;
      if (isa == Isa::kAmx || stand_in) {
        choice.large = stand_in ? StandInTileKernel() : AmxTileKernel();
        choice.large_from = kTilesFromRows;
      }
      break;
    case Arithmetic::kBf16Pair:
      choice.small = choice.large = table.gemm_pair;
      // Machines with AMX run VDPBF16PS at half the rate of FMA (cpu.md §2).
      if (isa == Isa::kAvx512Bf16 || stand_in)
        choice.small = choice.large = stand_in ? StandInPairKernel() : VdpPairKernel();
      break;
  }
  return choice;
}

namespace {

std::unique_ptr<Ops<float>> MakeOps(Arithmetic arithmetic, Isa isa, ThreadPool* pool) {
  return std::make_unique<CpuOps<float>>(ChooseKernels(isa),
                                         ChooseGemm(arithmetic, isa, /*stand_in=*/false), pool);
}

}  // namespace

Result<std::unique_ptr<Ops<float>>> MakeCpuOps(Arithmetic arithmetic, ThreadPool* pool) {
  WINNOW_ASSIGN_OR_RETURN(const Isa isa, ChosenIsa());
  return MakeOps(arithmetic, isa, pool);
}

Result<std::unique_ptr<Ops<float>>> MakeCpuOps(Arithmetic arithmetic, std::string_view isa,
                                               ThreadPool* pool) {
  WINNOW_ASSIGN_OR_RETURN(const Isa named, IsaNamed(isa, HasIsa));
  return MakeOps(arithmetic, named, pool);
}

std::unique_ptr<Ops<double>> MakeReferenceOps(ThreadPool* pool) {
  const Kernels<double>& table = ReferenceKernels();
  return std::make_unique<CpuOps<double>>(
      table,
      GemmChoice<double>{
          .arithmetic = Arithmetic::kF32, .small = table.gemm_f32, .large = table.gemm_f32},
      pool);
}

}  // namespace winnow::device
