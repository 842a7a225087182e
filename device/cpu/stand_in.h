#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "device/bf16.h"
#include "device/cpu/lanes_generic.h"

namespace winnow::device {

// Plain C++ in place of the instructions that a machine may lack, by their documented semantics.
// Tests run the AMX and VDPBF16PS kernels over it everywhere, and compare it with the hardware
// where that is present. The caller sets FTZ and DAZ, which the instructions imply.

// Eight tile registers of 16 rows x 64 bytes: TILEZERO, TILELOADD, TDPBF16PS, TILESTORED.
class PlainTiles {
 public:
  static void Enter() {}
  static void Leave() {}

  template <int kTile>
  static void Zero() {
    std::memset(Register(kTile), 0, sizeof(Tile));
  }
  template <int kTile>
  static void Load(const void* from, size_t stride) {
    for (size_t r = 0; r < 16; ++r)
      std::memcpy(Register(kTile)->rows[r], static_cast<const char*>(from) + r * stride, 64);
  }
  template <int kTile>
  static void Store(void* to, size_t stride) {
    for (size_t r = 0; r < 16; ++r)
      std::memcpy(static_cast<char*>(to) + r * stride, Register(kTile)->rows[r], 64);
  }
  // c[m, n] += Σ over even k, plus Σ over odd k, of a[m, k] b[k / 2, 2 n + k % 2], each from zero.
  template <int kC, int kA, int kB>
  static void Dot() {
    for (size_t m = 0; m < 16; ++m) {
      uint16_t a[32];
      float c[16];
      std::memcpy(a, Register(kA)->rows[m], 64);
      std::memcpy(c, Register(kC)->rows[m], 64);
      for (size_t n = 0; n < 16; ++n) {
        float even = 0, odd = 0;
        for (size_t p = 0; p < 16; ++p) {
          uint16_t b[2];
          std::memcpy(b, Register(kB)->rows[p] + 4 * n, 4);
          even = __builtin_fmaf(FloatFromBf16(a[2 * p]), FloatFromBf16(b[0]), even);
          odd = __builtin_fmaf(FloatFromBf16(a[2 * p + 1]), FloatFromBf16(b[1]), odd);
        }
        c[n] = c[n] + (even + odd);
      }
      std::memcpy(Register(kC)->rows[m], c, 64);
    }
  }

 private:
  struct Tile {
    unsigned char rows[16][64];
  };
  static Tile* Register(int t) {
    static thread_local Tile tiles[8];
    return &tiles[t];
  }
};

// VDPBF16PS: for each lane the odd product is added first, then the even one.
template <class L>
struct PlainPairDot {
  struct Pairs {
    uint16_t v[32];
  };
  static Pairs Load(const uint16_t* p) {
    Pairs r;
    std::memcpy(r.v, p, sizeof(r.v));
    return r;
  }
  static Pairs Broadcast(const uint16_t* p) {
    Pairs r;
    for (size_t l = 0; l < 16; ++l) std::memcpy(r.v + 2 * l, p, 4);
    return r;
  }
  static L Add(const L& acc, const Pairs& a, const Pairs& b) {
    return L::Make([&](size_t l) {
      const float first =
          __builtin_fmaf(FloatFromBf16(a.v[2 * l + 1]), FloatFromBf16(b.v[2 * l + 1]), acc.v[l]);
      return __builtin_fmaf(FloatFromBf16(a.v[2 * l]), FloatFromBf16(b.v[2 * l]), first);
    });
  }
};

}  // namespace winnow::device
