#pragma once

#include "device/cpu/attention_gradient_kernels.h"
#include "device/cpu/attention_kernels.h"
#include "device/cpu/gemm_kernels.h"
#include "device/cpu/head_kernels.h"
#include "device/cpu/kernels.h"
#include "device/cpu/pack_kernels.h"
#include "device/cpu/rowwise_kernels.h"

namespace winnow::device {

template <class Order, class L, int R, int V>
static constexpr GemmKernel<typename L::Real> FmaKernel(const char* name) {
  return {.name = name,
          .run = &GemmPanel<Order, L, R, V>,
          .run_blocks = &GemmPanelBlocks<Order, L, R, V>};
}

// The table of kernels over lanes L, without the GEMMs of bf16 arithmetics.
template <class L>
static constexpr Kernels<typename L::Real> MakeTable(const char* name, const char* gemm_name) {
  Kernels<typename L::Real> t = {};
  t.name = name;
  t.gemm_f32 = FmaKernel<PlainOrder<typename L::Real>, L, L::kRowsF32, L::kVectorsF32>(gemm_name);
  t.to_bf16 = &Rowwise<L>::ToBf16;
  t.round_bf16 = &Rowwise<L>::RoundBf16;
  t.pack_rows_bf16 = &Packing<L>::PackRowsBf16;
  t.pack_rows_real = &Packing<L>::PackRowsReal;
  t.pack_columns_bf16 = &Packing<L>::PackColumnsBf16;
  t.pack_columns_real = &Packing<L>::PackColumnsReal;
  t.transpose_bf16 = &Packing<L>::template Transpose<typename Packing<L>::AsBf16>;
  t.transpose_rounded = &Packing<L>::template Transpose<typename Packing<L>::AsRounded>;
  t.transpose_real = &Packing<L>::template Transpose<typename Packing<L>::AsReal>;
  t.rms_norm = &Rowwise<L>::RmsNorm;
  t.rms_norm_dx = &Rowwise<L>::RmsNormDx;
  t.rms_norm_dw = &Rowwise<L>::RmsNormDw;
  t.bias_gradient = &Rowwise<L>::BiasGradient;
  t.rope = &Rowwise<L>::Rope;
  t.silu_mul = &Rowwise<L>::SiluMul;
  t.silu_mul_gradient = &Rowwise<L>::SiluMulGradient;
  t.add = &Rowwise<L>::Add;
  t.scale = &Rowwise<L>::Scale;
  t.scale_max = &Head<L>::ScaleMax;
  t.scale_max_rows = &Head<L>::ScaleMaxRows;
  t.sum_masses = &Head<L>::SumMasses;
  t.sum_exp = &Head<L>::SumExp;
  t.exp_shifted = &Head<L>::ExpShifted;
  t.kl = &Head<L>::Kl;
  t.head_gradient = &Head<L>::Gradient;
  t.attention_bf16 = &AttentionKernels<L, true>::Forward;
  t.attention_real = &AttentionKernels<L, false>::Forward;
  t.attention_gradient_bf16 = &AttentionGradientKernels<L, true>::Run;
  t.attention_gradient_real = &AttentionGradientKernels<L, false>::Run;
  return t;
}

// The same with the FMA kernels of the bf16 arithmetics.
template <class L>
static constexpr Kernels<float> MakeFloatTable(const char* name, const char* gemm_name) {
  Kernels<float> t = MakeTable<L>(name, gemm_name);
  t.gemm_tile = FmaKernel<TileOrder, L, L::kRowsTile, L::kVectorsTile>(gemm_name);
  t.gemm_pair = FmaKernel<PairOrder, L, L::kRowsPair, L::kVectorsPair>(gemm_name);
  return t;
}

}  // namespace winnow::device
