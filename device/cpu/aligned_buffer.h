#pragma once

#include <cstddef>

#include "base/aligned_memory.h"

namespace winnow::device {

// Bytes on a 64-byte border, uninitialised. Move-only.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size) { Grow(size); }

  std::byte* data() const { return data_.get(); }
  size_t size() const { return size_; }
  // Makes room for `size` bytes; the content is lost if it grows.
  void Grow(size_t size) {
    if (size <= size_) return;
    data_.reset();
    data_ = AllocateAligned(size);
    size_ = size;
  }

 private:
  AlignedMemory data_;
  size_t size_ = 0;
};

}  // namespace winnow::device
