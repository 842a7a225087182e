#include "orchestrator/filter/uniform_stream.h"

#include <utility>

#include "base/format.h"

namespace winnow::orchestrator {

Mt19937Stream::Mt19937Stream(uint64_t seed)
    : seed_(static_cast<uint32_t>(seed)), generator_(seed_) {}

Result<double> Mt19937Stream::Next() {
  ++draws_;
  return static_cast<double>(generator_() & 0xFFFFFF) * 0x1p-24;
}

void Mt19937Stream::Seek(uint64_t draws) {
  generator_.seed(seed_);
  generator_.discard(draws);
  draws_ = draws;
}

ListStream::ListStream(std::vector<double> values) : values_(std::move(values)) {}

Result<double> ListStream::Next() {
  if (draws_ >= values_.size()) {
    return InvalidArgument(
        Format("uniforms must hold a number for every draw: {} given", values_.size()));
  }
  return values_[draws_++];
}

}  // namespace winnow::orchestrator
