#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "base/check.h"

namespace winnow::device {

// Bytes on a 64-byte border, uninitialised. Move-only.
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size) { Grow(size); }

  std::byte* data() const { return data_.get(); }
  size_t size() const { return size_; }
  // Makes room for `size` bytes; the content is lost if it grows.
  void Grow(size_t size) {
    if (size <= size_) return;
    const size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
    data_.reset();
    data_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded)));
    WINNOW_CHECK(data_ != nullptr);
    size_ = rounded;
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t size_ = 0;
};

}  // namespace winnow::device
