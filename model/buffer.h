#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "base/check.h"

namespace winnow::model {

// Memory that is reused between calls: grows when asked, never shrinks, is not initialised, and
// starts at a cache line. Contents are lost when it grows. Movable; not thread-safe.
template <typename T>
class Buffer {
 public:
  // At least `count` elements.
  T* Reserve(size_t count) {
    if (count <= capacity_) return data_.get();
    const size_t bytes = (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    data_.reset();
    data_.reset(static_cast<T*>(std::aligned_alloc(kAlignment, bytes)));
    WINNOW_CHECK(data_ != nullptr);
    capacity_ = count;
    return data_.get();
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size_bytes() const { return capacity_ * sizeof(T); }
  void Release() {
    data_.reset();
    capacity_ = 0;
  }

 private:
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(T* data) const { std::free(data); }
  };
  std::unique_ptr<T[], Free> data_;
  size_t capacity_ = 0;
};

}  // namespace winnow::model
