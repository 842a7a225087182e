#include "device/arithmetic.h"

#include <string>

#include "base/format.h"
#include "device/cpu/isa.h"

namespace winnow::device {

std::string_view ArithmeticName(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::kF32:
      return "f32";
    case Arithmetic::kBf16Tile:
      return "bf16_tile";
    case Arithmetic::kBf16Pair:
      return "bf16_pair";
  }
  return "";
}

Result<Arithmetic> ResolveArithmetic(std::string_view name) {
  for (const Arithmetic a : {Arithmetic::kF32, Arithmetic::kBf16Tile, Arithmetic::kBf16Pair}) {
    if (name == ArithmeticName(a)) return a;
  }
  const bool tile = IsNative(Arithmetic::kBf16Tile);
  const bool pair = IsNative(Arithmetic::kBf16Pair);
  if (name == "bf16") return tile ? Arithmetic::kBf16Tile : Arithmetic::kBf16Pair;
  if (name == "auto") {
    if (tile) return Arithmetic::kBf16Tile;
    return pair ? Arithmetic::kBf16Pair : Arithmetic::kF32;
  }
  return InvalidArgument(
      Format("arithmetic must be auto, f32, bf16, bf16_tile or bf16_pair: {}", name));
}

bool IsNative(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::kF32:
      return true;
    case Arithmetic::kBf16Tile:
      return HasIsa(Isa::kAmx);
    case Arithmetic::kBf16Pair:
      return HasIsa(Isa::kAvx512Bf16);
  }
  return false;
}

}  // namespace winnow::device
