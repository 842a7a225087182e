#include <immintrin.h>

#include "device/cpu/kernels.h"
#include "device/cpu/lanes_avx512.h"
#include "device/cpu/tile_kernels.h"

namespace winnow::device {
namespace {

// The AMX instructions. Enter and Leave bracket them in each thread.
struct AmxTiles {
  static void Enter() {
    struct alignas(64) Configuration {
      uint8_t palette = 1;
      uint8_t start_row = 0;
      uint8_t reserved[14] = {};
      uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };
    const Configuration configuration;
    // g++ 12 does not know that LDTILECFG reads memory, and drops the stores above without this.
    __asm__ volatile("" : : "r"(&configuration) : "memory");
    _tile_loadconfig(&configuration);
  }
  static void Leave() { _tile_release(); }

  // g++ 12's intrinsics paste their arguments into the mnemonic, so they take no template
  // parameter; these are the same instructions.
  template <int kTile>
  static inline void Zero() {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(kTile));
  }
  template <int kTile>
  static inline void Load(const void* from, size_t stride) {
    __asm__ volatile("tileloadd (%1,%2,1), %%tmm%c0"
                     :
                     : "i"(kTile), "r"(from), "r"(stride)
                     : "memory");
  }
  template <int kTile>
  static inline void Store(void* to, size_t stride) {
    __asm__ volatile("tilestored %%tmm%c0, (%1,%2,1)"
                     :
                     : "i"(kTile), "r"(to), "r"(stride)
                     : "memory");
  }
  template <int kC, int kA, int kB>
  static inline void Dot() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kC), "i"(kA), "i"(kB));
  }
};

}  // namespace

const GemmKernel<float>& AmxTileKernel() {
  using Tiles = TileKernels<AmxTiles, Avx512Lanes>;
  static constexpr GemmKernel<float> kKernel = {.name = "amx tiles",
                                                .run = &Tiles::Panel,
                                                .run_blocks = &Tiles::PanelBlocks,
                                                .enter = &AmxTiles::Enter,
                                                .leave = &AmxTiles::Leave,
                                                .left = LeftLayout::kBf16Tiles};
  return kKernel;
}

}  // namespace winnow::device
