#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace winnow::device {

// Instruction sets with kernels of their own, each including those before it.
enum class Isa : uint8_t { kPortable = 0, kAvx2, kAvx512, kAvx512Bf16, kAmx };

// The name that WINNOW_ISA knows.
std::string_view IsaName(Isa isa);

// True if CPU and operating system let this process use `isa`. The first question about AMX asks
// the kernel for the tile state (arch_prctl), once a process.
bool HasIsa(Isa isa);

// The best that this machine has.
Isa BestIsa();

// The set that WINNOW_ISA=`name` asks for, on a machine that has what `has` says. Errors:
// kInvalidArgument for an unknown name or a set that is not there.
Result<Isa> IsaNamed(std::string_view name, bool (*has)(Isa));

// WINNOW_ISA if set, else the best of this machine. Errors: those of IsaNamed.
Result<Isa> ChosenIsa();

// Flushes denormals, operands and results (FTZ and DAZ), in this thread while it lives: part of
// the definition of the bf16 arithmetics (cpu.md §1).
class ScopedFlushDenormals {
 public:
  explicit ScopedFlushDenormals(bool active);
  ~ScopedFlushDenormals();
  ScopedFlushDenormals(const ScopedFlushDenormals&) = delete;
  ScopedFlushDenormals& operator=(const ScopedFlushDenormals&) = delete;

 private:
  bool active_;
  uint32_t saved_ = 0;
};

}  // namespace winnow::device
