#include "device/cpu/kernels.h"
#include "device/cpu/lanes_avx512.h"
#include "device/cpu/table.h"

namespace winnow::device {

const Kernels<float>& Avx512Kernels() {
  static constexpr Kernels<float> kTable = MakeFloatTable<Avx512Lanes>("avx512", "avx512 fma");
  return kTable;
}

}  // namespace winnow::device
