#include "device/cpu/isa.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>

#include <cstdlib>
#include <string>

#include "base/format.h"
#include "device/ops.h"

namespace winnow::device {
namespace {

constexpr Isa kAll[] = {Isa::kPortable, Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Bf16, Isa::kAmx};
constexpr uint32_t kFlush = 0x8040;  // MXCSR: FTZ | DAZ

struct Features {
  bool avx2 = false;
  bool avx512 = false;
  bool avx512_bf16 = false;
  bool amx = false;
};

// Register states that the operating system saves (XCR0).
uint64_t SavedStates() {
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

bool RequestTileState() {
  constexpr long kArchReqXcompPerm = 0x1023;
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kArchReqXcompPerm, kTileData) == 0;
}

bool Bit(uint32_t word, int bit) { return ((word >> bit) & 1) != 0; }

Features Detect() {
  Features f;
  uint32_t a, b, c, d;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return f;
  const bool xsave = Bit(c, 27), avx = Bit(c, 28), fma = Bit(c, 12), f16c = Bit(c, 29);
  if (!xsave || !avx) return f;
  const uint64_t states = SavedStates();
  uint32_t a7, b7, c7, d7;
  if (__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7) == 0) return f;
  f.avx2 = (states & 0x6) == 0x6 && fma && f16c && Bit(b7, 5);
  f.avx512 = f.avx2 && (states & 0xe6) == 0xe6 && Bit(b7, 16) && Bit(b7, 17) && Bit(b7, 30) &&
             Bit(b7, 31);  // F, DQ, BW, VL
  uint32_t a71 = 0, b71, c71, d71;
  if (a7 >= 1) __get_cpuid_count(7, 1, &a71, &b71, &c71, &d71);
  f.avx512_bf16 = f.avx512 && Bit(a71, 5);
  const bool tiles = Bit(d7, 24) && Bit(d7, 22) && (states & 0x60000) == 0x60000;
  f.amx = f.avx512_bf16 && tiles && RequestTileState();
  return f;
}

const Features& Machine() {
  static const Features features = Detect();
  return features;
}

}  // namespace

std::string_view IsaName(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return "portable";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx512Bf16:
      return "avx512_bf16";
    case Isa::kAmx:
      return "amx";
  }
  return "";
}

bool HasIsa(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return true;
    case Isa::kAvx2:
      return Machine().avx2;
    case Isa::kAvx512:
      return Machine().avx512;
    case Isa::kAvx512Bf16:
      return Machine().avx512_bf16;
    case Isa::kAmx:
      return Machine().amx;
  }
  return false;
}

std::vector<std::string_view> CpuIsaNames() {
  std::vector<std::string_view> names;
  for (const Isa isa : kAll) {
    if (HasIsa(isa)) names.push_back(IsaName(isa));
  }
  return names;
}

Isa BestIsa() {
  Isa best = Isa::kPortable;
  for (const Isa isa : kAll) {
    if (HasIsa(isa)) best = isa;
  }
  return best;
}

Result<Isa> IsaNamed(std::string_view name, bool (*has)(Isa)) {
  std::string known, here;
  bool exists = false;
  for (const Isa isa : kAll) {
    if (IsaName(isa) == name) {
      if (has(isa)) return isa;
      exists = true;
    }
    known += Format("{}{}", known.empty() ? "" : ", ", IsaName(isa));
    if (has(isa)) here += Format("{}{}", here.empty() ? "" : ", ", IsaName(isa));
  }
  if (exists)
    return InvalidArgument(Format("WINNOW_ISA must be one of {} on this machine: {}", here, name));
  return InvalidArgument(Format("WINNOW_ISA must be one of {}: {}", known, name));
}

Result<Isa> ChosenIsa() {
  const char* name = std::getenv("WINNOW_ISA");
  if (name == nullptr || *name == '\0') return BestIsa();
  return IsaNamed(name, &HasIsa);
}

ScopedFlushDenormals::ScopedFlushDenormals(bool active) : active_(active) {
  if (!active_) return;
  saved_ = _mm_getcsr();
  _mm_setcsr(saved_ | kFlush);
}

ScopedFlushDenormals::~ScopedFlushDenormals() {
  if (active_) _mm_setcsr(saved_);
}

}  // namespace winnow::device
