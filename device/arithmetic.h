#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace winnow::device {

// How the linear layers of a run multiply and add (cpu.md §1). Part of a run's identity: a job
// keeps it across machines, and every machine computes all three with the same bits.
enum class Arithmetic : uint8_t {
  kF32 = 0,       // acc = fma(a_k, b_k, acc), k ascending
  kBf16Tile = 1,  // AMX order: blocks of 32 k, even and odd sums, operands bf16, FTZ and DAZ
  kBf16Pair = 2,  // VDPBF16PS order: pairs ascending, odd before even, operands bf16, FTZ and DAZ
};

// `f32`, `bf16_tile` or `bf16_pair`, as resolved configs and checkpoints spell it.
std::string_view ArithmeticName(Arithmetic arithmetic);

// Reads auto, f32, bf16, bf16_tile, bf16_pair; `auto` and `bf16` ask this machine (cpu.md §1):
// bf16 is tile order with AMX, else pair order; auto is bf16 with either instruction, else f32.
// Errors: kInvalidArgument naming what is allowed.
Result<Arithmetic> ResolveArithmetic(std::string_view name);

// True if this machine has the instruction that `arithmetic` is named after (f32: always).
bool IsNative(Arithmetic arithmetic);

}  // namespace winnow::device
