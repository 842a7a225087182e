#pragma once

#include <cstddef>
#include <type_traits>

#include "base/aligned_memory.h"

namespace winnow::model {

// Memory that is reused between calls: grows when asked, never shrinks, is not initialised, and
// starts at a cache line. Contents are lost when it grows. Movable; not thread-safe.
template <typename T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // At least `count` elements.
  T* Reserve(size_t count) {
    if (count > capacity_) {
      memory_.reset();
      memory_ = AllocateAligned(count * sizeof(T));
      capacity_ = count;
    }
    return data();
  }
  T* data() { return reinterpret_cast<T*>(memory_.get()); }
  const T* data() const { return reinterpret_cast<const T*>(memory_.get()); }
  size_t size_bytes() const { return capacity_ * sizeof(T); }
  void Release() {
    memory_.reset();
    capacity_ = 0;
  }

 private:
  AlignedMemory memory_;
  size_t capacity_ = 0;
};

}  // namespace winnow::model
