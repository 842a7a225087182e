#pragma once

#include <cstddef>
#include <cstdint>

#include "device/ops.h"

namespace winnow::device {

// Columns of a panel of packed weights, the unit of work of a GEMM.
inline constexpr size_t kPanelColumns = 32;
// bf16 of a tile of a left operand, 16 rows x 32 inner indices.
inline constexpr size_t kTileElements = 16 * 32;
// Entries of a row over the vocabulary that are reduced from zero before their sums are added in
// double. Part of the definition of log-softmax: another length gives other bits.
inline constexpr size_t kReductionChunk = 4096;
// Most query rows of one attention task, and keys that it reads at a time.
inline constexpr size_t kQueryTile = 16;
inline constexpr size_t kKeyGroup = 16;

// c [rows, columns] (=, or += if `add`) a [rows, k] · b, where b is one packed panel of 32 columns.
// bf16 arithmetics: b [k/2][32][2] bf16, a holds bf16-valued Real or bf16, by the kernel.
// f32 and double: b [k][32].
template <typename Real>
struct GemmArgs {
  const void* a = nullptr;
  size_t a_stride = 0;  // elements between rows of a
  const void* b = nullptr;
  size_t k = 0;  // padded as the arithmetic asks
  Real* c = nullptr;
  size_t c_stride = 0;
  size_t rows = 0;
  size_t columns = 0;  // <= 32; the panel's others are not stored
  bool add = false;
};

// How a kernel wants its left operand.
enum class LeftLayout {
  kRealRows,   // [rows, k] Real, rounded to bf16 values in bf16 arithmetics
  kBf16Rows,   // [rows, k] bf16
  kBf16Tiles,  // [rows / 16][k / 32][16][32] bf16; a_stride is that of 16 rows
};

template <typename Real>
struct GemmKernel {
  const char* name = nullptr;
  void (*run)(const GemmArgs<Real>&) = nullptr;
  // c += Σ over blocks, in order, of the product over inner indices [starts[b], starts[b + 1]),
  // each made from zero. `a` and `b` begin at inner index 0; args.k and args.add are not read.
  void (*run_blocks)(const GemmArgs<Real>&, const size_t* starts, size_t num_blocks) = nullptr;
  // Called by a thread before and after its calls, if not null.
  void (*enter)() = nullptr;
  void (*leave)() = nullptr;
  LeftLayout left = LeftLayout::kRealRows;
};

// Keys of a view in consecutive slots: a KeyRun, or a part of one, in plain pointers.
struct KeySlots {
  const std::byte* const* pages = nullptr;
  size_t first = 0;  // slot of pages[0], or further on
  size_t count = 0;
  size_t gradient_row = 0;
};

// One row of a tile: it sees the first `visible` keys of its sequence.
struct TileRow {
  size_t row = 0;  // of the pass
  size_t visible = 0;
};

// Visible keys [begin, end) of the rows [row_begin, row_end) of a tile, which all read them from
// the same slots. Rows see the whole segment, or they are of one sequence, and rows after row_begin
// see one key more than the row before.
struct KeySegment {
  const KeySlots* slots = nullptr;  // as many as cover the keys
  size_t begin = 0;
  size_t end = 0;
  size_t row_begin = 0;
  size_t row_end = 0;
};

// One (tile of rows, kv head) of the attention. Segments are in order of `begin` for each row and
// cover the keys that it sees.
template <typename Real>
struct AttentionTask {
  const AttentionShape* shape = nullptr;
  const TileRow* rows = nullptr;
  size_t num_rows = 0;
  const KeySegment* segments = nullptr;
  size_t num_segments = 0;
  size_t num_keys = 0;  // most that a row sees
  size_t kv_head = 0;
  const Real* q = nullptr;
  Real* out = nullptr;
  Real* stats = nullptr;
  Real* scratch = nullptr;  // AttentionScratch elements, 64-byte aligned
};

// One (span of a sequence's keys, kv head) of the gradient. The first row sees `before` keys and
// its own, each next one more.
template <typename Real>
struct AttentionGradientTask {
  const AttentionShape* shape = nullptr;
  const KeySlots* slots = nullptr;  // of the span's keys
  size_t key_begin = 0;
  size_t key_end = 0;
  size_t row_begin = 0;
  size_t num_rows = 0;
  size_t before = 0;
  size_t kv_head = 0;
  const Real* q = nullptr;
  const Real* out = nullptr;
  const Real* stats = nullptr;
  const Real* dout = nullptr;
  Real* dq = nullptr;
  Real* dk = nullptr;
  Real* dv = nullptr;
  Real* scratch = nullptr;  // AttentionGradientScratch elements, 64-byte aligned
};

// Elements of Real that a task needs: of `rows` rows that see at most `keys` keys, or of a span.
size_t AttentionScratch(const AttentionShape& shape, size_t rows, size_t keys);
size_t AttentionGradientScratch(const AttentionShape& shape, size_t keys);

// One row range [begin, end) of the vocabulary in the gradient of the head.
template <typename Real>
struct HeadGradientArgs {
  Real* z = nullptr;                  // the row
  const Real* reference_z = nullptr;  // the row, or null
  size_t begin = 0;
  size_t end = 0;
  Real temperature = 1;
  LogSoftmaxStats<Real> stats;
  LogSoftmaxStats<Real> reference_stats;
  HeadRowGradient<Real> gradient;
  Real kl = 0;
  size_t label = 0;
};

// Everything that touches numbers, for one instruction set: plain functions over ranges, called by
// the threads of a pool. All tables give the same bits.
template <typename Real>
struct Kernels {
  const char* name;  // of the instruction set
  GemmKernel<Real> gemm_f32;
  GemmKernel<Real> gemm_tile;
  GemmKernel<Real> gemm_pair;

  // Operand preparation: `n` elements, the rest up to `padded` zero. Pieces of 32 elements lie
  // `piece_stride` elements apart (32: a row in one piece; kTileElements: tiles).
  void (*to_bf16)(const Real* x, size_t n, size_t padded, size_t piece_stride, uint16_t* out);
  void (*round_bf16)(const Real* x, size_t n, size_t padded, Real* out);

  // Panels of right operands and transposed left operands (pack_kernels.h).
  using PackKernel = void (*)(const Real* source, size_t stride, size_t columns, size_t inner,
                              size_t padded, void* out);
  PackKernel pack_rows_bf16;
  PackKernel pack_rows_real;
  PackKernel pack_columns_bf16;
  PackKernel pack_columns_real;
  using TransposeKernel = void (*)(const Real* x, size_t stride, size_t columns, size_t rows,
                                   size_t padded, size_t out_stride, size_t piece_stride,
                                   void* out);
  TransposeKernel transpose_bf16;
  TransposeKernel transpose_rounded;
  TransposeKernel transpose_real;

  void (*rms_norm)(const Real* x, const Real* w, size_t rows, size_t width, Real eps, Real* y,
                   Real* inv_rms);
  void (*rms_norm_dx)(const Real* dy, const Real* x, const Real* w, const Real* inv_rms,
                      size_t rows, size_t width, Real* dx);
  // Columns [begin, end) of dw.
  void (*rms_norm_dw)(const Real* dy, const Real* x, const Real* inv_rms, size_t width,
                      size_t rows_per_token, const RowBlock* blocks, size_t num_blocks,
                      size_t begin, size_t end, Real* dw);
  void (*bias_gradient)(const Real* dy, size_t n, const RowBlock* blocks, size_t num_blocks,
                        size_t begin, size_t end, Real* dbias);
  // One row [heads, head_dim]; cos and sin [head_dim / 2].
  void (*rope)(const Real* cos, const Real* sin, size_t heads, size_t head_dim, Real* x);
  void (*silu_mul)(const Real* gate, const Real* up, size_t n, Real* out);
  void (*silu_mul_gradient)(const Real* dout, const Real* gate, const Real* up, size_t n,
                            Real* dgate, Real* dup);
  void (*add)(const Real* y, size_t n, Real* x);
  void (*scale)(Real s, size_t n, Real* x);

  // z /= temperature (unless 1); returns the maximum.
  Real (*scale_max)(Real temperature, size_t n, Real* z);
  // The same over `rows` rows, `stride` apart; the maximum of row r goes to max[r · max_stride].
  void (*scale_max_rows)(Real temperature, size_t rows, size_t columns, size_t stride, Real* z,
                         size_t max_stride, Real* max);
  // Σ exp(z − max), and the mass of each block of kMassBlock entries (see Ops::SumMasses).
  Real (*sum_masses)(const Real* z, size_t n, Real max, uint64_t* masses);
  // Σ exp(z − max) and Σ (z − max) exp(z − max).
  void (*sum_exp)(const Real* z, size_t n, Real max, Real* sum, Real* weighted);
  void (*exp_shifted)(const Real* z, size_t n, Real max, Real* e);
  Real (*kl)(const Real* z, const Real* reference_z, size_t n, const LogSoftmaxStats<Real>& stats,
             const LogSoftmaxStats<Real>& reference_stats);
  void (*head_gradient)(const HeadGradientArgs<Real>& args);

  // KV elements are bf16 or Real.
  void (*attention_bf16)(const AttentionTask<Real>& task);
  void (*attention_real)(const AttentionTask<Real>& task);
  void (*attention_gradient_bf16)(const AttentionGradientTask<Real>& task);
  void (*attention_gradient_real)(const AttentionGradientTask<Real>& task);
};

// The tables. A file of its own each, compiled for its instruction set; only portable may be used
// unasked, the others where isa.h says so.
const Kernels<float>& PortableKernels();
const Kernels<float>& Avx2Kernels();
const Kernels<float>& Avx512Kernels();
const Kernels<double>& ReferenceKernels();

// The kernels over instructions of their own, and the same over the plain stand-in (stand_in.h).
const GemmKernel<float>& AmxTileKernel();
const GemmKernel<float>& VdpPairKernel();
const GemmKernel<float>& StandInTileKernel();
const GemmKernel<float>& StandInPairKernel();

}  // namespace winnow::device
