#include <immintrin.h>

#include "device/cpu/kernels.h"
#include "device/cpu/lanes_avx512.h"
#include "device/cpu/pair_kernels.h"

namespace winnow::device {
namespace {

// VDPBF16PS. It ignores MXCSR and flushes denormals always.
struct VdpDot {
  using Pairs = __m512i;
  static Pairs Load(const uint16_t* p) { return _mm512_loadu_si512(p); }
  static Pairs Broadcast(const uint16_t* p) {
    int32_t pair;
    std::memcpy(&pair, p, sizeof(pair));
    return _mm512_set1_epi32(pair);
  }
  static Avx512Lanes Add(Avx512Lanes acc, Pairs a, Pairs b) {
    return {_mm512_dpbf16_ps(acc.v, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b))};
  }
};

}  // namespace

const GemmKernel<float>& VdpPairKernel() {
  using Order = PairInstructionOrder<VdpDot>;
  static constexpr GemmKernel<float> kKernel = {
      .name = "avx512 vdpbf16ps",
      .run = &GemmPanel<Order, Avx512Lanes, 12, 2>,
      .run_blocks = &GemmPanelBlocks<Order, Avx512Lanes, 12, 2>,
      .left = LeftLayout::kBf16Rows};
  return kKernel;
}

}  // namespace winnow::device
