#include "device/cpu/kernels.h"
#include "device/cpu/lanes_avx2.h"
#include "device/cpu/table.h"

namespace winnow::device {

const Kernels<float>& Avx2Kernels() {
  static constexpr Kernels<float> kTable = MakeFloatTable<Avx2Lanes>("avx2", "avx2 fma");
  return kTable;
}

}  // namespace winnow::device
